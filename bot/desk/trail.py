"""What a supervisor reads about the audit trail: yesterday's head, to be noted elsewhere, and whether it holds."""
from __future__ import annotations

from dataclasses import dataclass

from bot.database import now
from bot.desk.rendering import texts
from bot.security import heads
from bot.security.accounts import SUPERVISOR
from bot.security.tables import Account

SHOWN = 12
"""Characters of a head: short enough to copy by hand, too many to hit by chance."""


@dataclass(frozen=True)
class Notice:
    """The line of the day, and an alarm where the chain does not hold or nobody looked."""

    line: str
    alarm: str | None


def notice_for(account: Account) -> Notice | None:
    """Give the notice of this day; None to whoever is no supervisor.

    Args:
        account: who opens the desk.
    """
    if account.role != SUPERVISOR:
        return None
    said = texts()["trail"]
    try:
        ended = heads.last_of_day_before(now().date())
    except (heads.BrokenHeads, OSError):
        return Notice(said["no_head"], said["broken"])
    line = said["no_head"]
    if ended:
        day, head = ended
        line = said["head"].format(day=f"{day:%d %B %Y}", number=head.number, head=head.hash[:SHOWN])
    last = heads.last_check()
    if last is None:
        return Notice(line, said["never"])
    at, fault = f"{last.at:%d %B %H:%M} UTC", last.checked.fault
    if fault:
        what = said[fault.what].format(number=fault.number)
        return Notice(line, said["fault"].format(what=what, at=at))
    if now() - last.at > heads.LATE:
        return Notice(line, said["late"].format(at=at))
    return Notice(f"{line} {said['whole'].format(at=at, number=last.checked.head.number)}", None)
