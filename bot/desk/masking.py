"""Names, dates of birth, phones and addresses at the desk: hidden until somebody gives a reason, which is noted."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import now
from bot.desk.rendering import texts
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


def may_see(session: Session, account: Account, opened: cases.Opened) -> bool:
    """Tell whether an account sees the hidden values of a case that it sees.

    Args:
        session: any transaction.
        account: who looks.
        opened: the case.

    Returns:
        True for the officer who has it, for the case manager whom it names, and for a while for whoever gave a reason.
    """
    if account.role == MANAGER or (opened.case.state == "claimed" and opened.case.owner_id == account.id):
        return True
    given = select(AuditEntry.id).where(
        AuditEntry.subject == opened.case.id, AuditEntry.actor == account.name,
        AuditEntry.action.in_([f"{_ACTION}{reason}" for reason in texts()["reveal"]]),
        AuditEntry.at > now() - SHOWN_FOR,
    )
    return session.execute(given.limit(1)).first() is not None
