"""Who is the case manager of whom: named for routes of a case, and so for the persons who are on them."""
from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from bot.referrals.tables import Appointment, Case
from bot.security.tables import Account


def appointments_of(session: Session, case_id: str) -> list[Appointment]:
    """Give the appointments of a case, by route; not those that were erased."""
    query = select(Appointment).filter_by(case_id=case_id).order_by(Appointment.route)
    return [one for one in session.execute(query).scalars() if not one.erased]


def appointed(session: Session, account: Account) -> ColumnElement[bool]:
    """Give the condition on the appointments that name an account; `carried` tells the same of some cases."""
    return Appointment.manager_hash == Appointment.manager.lookup(session, account.display_name)["manager_hash"]


def carried(session: Session, account: Account, cases: Collection[str]) -> dict[str, frozenset[str]]:
    """Give the routes for which an account is named as case manager, by case.

    Args:
        session: any transaction.
        account: whose name is looked for; exactly its display name counts.
        cases: ids of the cases; those that do not name it are left out.
    """
    query = select(Appointment).join(Case, Case.id == Appointment.case_id).where(
        Case.id.in_(cases), Case.kind == "referral", Case.decision == "accept", appointed(session, account))
    found: dict[str, frozenset[str]] = {}
    for one in session.execute(query).scalars():
        # The name as it is sealed in this row: a hash could have been copied from another one.
        if one.manager == account.display_name:
            found[one.case_id] = found.get(one.case_id, frozenset()) | {one.route}
    return found
