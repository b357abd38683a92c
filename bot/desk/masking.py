"""Names, dates of birth, phones and addresses at the desk: hidden until somebody gives a reason, which is noted."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import now
from bot.desk.rendering import texts
from bot.protocol.parts import Part
from bot.referrals import cases
from bot.security import audit
from bot.security.accounts import MANAGER
from bot.security.tables import Account, AuditEntry

SHOWN_FOR = timedelta(minutes=10)
"""How long what was revealed stays in sight of whoever asked."""
_ACTION = "names."


def reveal(session: Session, case_id: str, account: Account, reason: str) -> None:
    """Let an officer see the hidden values of a case for a while; who, when and why is noted, and no more.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: who asks.
        reason: id of one of the reasons in `data/texts.yml`.

    Raises:
        NoSuchCase: there is none.
        NotAllowed: the account sees no cases.
        NotSaid: no reason was given.
        CaseErased: there is nothing left to see.
    """
    cases.must_be_officer(account)
    opened = cases.find(session, case_id)
    if opened.report.erased:
        raise cases.CaseErased(case_id)
    if reason not in texts()["reveal"]:
        raise cases.NotSaid("why")
    audit.note(session, account.name, f"{_ACTION}{reason}", case_id)


def unmasked(session: Session, account: Account, opened: cases.Opened, part: Part) -> Callable[[str | None], bool]:
    """Tell whose hidden values an account sees in a case that it sees.

    Args:
        session: any transaction.
        account: who looks.
        opened: the case.
        part: the part of its report that is looked at.

    Returns:
        What takes the id of a person, or None for what is said of the whole report, and tells whether its hidden values
        are shown: all to the officer who has the case, and for a while to whoever gave a reason; to a case manager
        those of the persons whom they look after, and the report's where these are all.
    """
    if account.role == MANAGER:
        return lambda person: part.whole or person in part.persons
    clear = _may_see_all(session, account, opened)
    return lambda person: clear


def _may_see_all(session: Session, account: Account, opened: cases.Opened) -> bool:
    if opened.case.state == "claimed" and opened.case.owner_id == account.id:
        return True
    given = select(AuditEntry.id).where(
        AuditEntry.subject == opened.case.id, AuditEntry.actor == account.name,
        AuditEntry.action.in_([f"{_ACTION}{reason}" for reason in texts()["reveal"]]),
        AuditEntry.at > now() - SHOWN_FOR,
    )
    return session.execute(given.limit(1)).first() is not None
