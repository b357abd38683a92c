"""What people outside hear once a day (UTC): the supervisors head and counts, everybody that the trail is not whole."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.database import now, writing
from bot.locks import alone
from bot.notices.outbox import addresses, announce, announced_since
from bot.notices.tables import Notice
from bot.referrals.tables import Case
from bot.security import heads
from bot.security.chain import BEGINNING, Head


def attend() -> None:
    """Note what this day's notices still lack.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    if not addresses("daily") + addresses("chain"):
        return
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    head = _head_of(today)
    with writing() as session:
        if not alone(session, "daily notices"):
            return
        if (head is None or not _whole()) and not announced_since(session, "chain", today):
            announce(session, "chain", "urgent")
        if not announced_since(session, "daily", today):
            announce(session, "daily", "normal", figures=_figures(session, today, head or BEGINNING))


def _head_of(today: datetime) -> Head | None:
    """Give the last head that was kept; None where none can be read."""
    try:
        found = heads.last_of_day_before(today.date() + timedelta(days=1))
    except (heads.BrokenHeads, OSError):
        return None
    return found[1] if found else None


def _whole() -> bool:
    """Tell whether the chain was checked of late, and found whole."""
    last = heads.last_check()
    return last is not None and last.checked.fault is None and now() - last.at <= heads.LATE


def _figures(session: Session, today: datetime, head: Head) -> dict[str, Any]:
    yesterday = today - timedelta(days=1)

    def count(*conditions: Any) -> int:
        return int(session.execute(select(func.count()).where(*conditions)).scalar_one())

    opened = (Case.opened_at >= yesterday, Case.opened_at < today)
    return {
        "number": head.number, "head": head.hash or "-", "day": yesterday.date().isoformat(),
        "contacts": count(*opened, Case.kind == "contact"), "referrals": count(*opened, Case.kind == "referral"),
        "given_up": count(Notice.state == "failed", Notice.finished_at >= yesterday, Notice.finished_at < today),
        "unclaimed": count(Case.state == "open"),
    }
