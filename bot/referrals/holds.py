"""Legal hold: while one stands on a case, nothing of its record, its transcript and their keys is erased."""
from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import now
from bot.referrals.cases import CaseErased, NotAllowed, NotHeld, OnHold, Opened, done, find_held, required
from bot.referrals.tables import Hold
from bot.security.accounts import DPO, SUPERVISOR
from bot.security.tables import Account

HOLDERS = (SUPERVISOR, DPO)
LONGEST_REASON = 1000


def set_hold(session: Session, case_id: str, account: Account, reason: str) -> None:
    """Set a legal hold, in whatever state the case is.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: a supervisor or data protection officer.
        reason: why; it is sealed with the record.

    Raises:
        NoSuchCase: there is none.
        NotAllowed: the account may not.
        NotSaid: no reason was given.
        OnHold: one stands already.
        CaseErased: there is nothing left to hold.
    """
    opened = _opened(session, case_id, account)
    if opened.report.erased:
        raise CaseErased(case_id)
    if _standing(session, case_id) is not None:
        raise OnHold(case_id)
    session.add(Hold(id=str(uuid.uuid4()), case_id=case_id, report_id=opened.report.id, set_by=account.display_name,
                     set_at=now(), reason=required("reason", reason, LONGEST_REASON)))
    done(session, opened, account, "hold.set")


def lift_hold(session: Session, case_id: str, account: Account, reason: str) -> None:
    """Lift a legal hold; what is due then goes at the next round.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: a supervisor or data protection officer, whoever set it.
        reason: why; it is sealed with the record.

    Raises:
        NoSuchCase: there is none.
        NotAllowed: the account may not.
        NotSaid: no reason was given.
        NotHeld: none stands.
    """
    opened = _opened(session, case_id, account)
    hold = _standing(session, case_id)
    if hold is None:
        raise NotHeld(case_id)
    hold.lifted_reason = required("reason", reason, LONGEST_REASON)
    hold.lifted_by, hold.lifted_at = account.display_name, now()
    done(session, opened, account, "hold.lifted")


def _opened(session: Session, case_id: str, account: Account) -> Opened:
    if account.role not in HOLDERS:
        raise NotAllowed(account.role)
    return find_held(session, case_id)


def _standing(session: Session, case_id: str) -> Hold | None:
    query = select(Hold).filter_by(case_id=case_id, lifted_at=None)
    return session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def holds_of(session: Session, case_ids: Collection[str]) -> list[Hold]:
    """Give the holds of some cases, lifted ones too, the newest first."""
    query = select(Hold).where(Hold.case_id.in_(case_ids)).order_by(Hold.set_at.desc())
    return list(session.execute(query).scalars())
