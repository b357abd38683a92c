"""Who has received a route: this desk by acknowledging, another receiver when somebody there confirmed it."""
from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.referrals import reports
from bot.referrals.cases import NoSuchCase, done, find_own, required, say
from bot.referrals.tables import Receipt
from bot.security.tables import Account

LONGEST_NAME = 80


def receipts_of(session: Session, report_id: str) -> list[Receipt]:
    """Give the receipts of a report."""
    return list(session.execute(select(Receipt).filter_by(report_id=report_id).order_by(Receipt.route)).scalars())


def confirm_here(session: Session, report_id: str, name: str) -> None:
    """Confirm every route whose receiver is this desk.

    Args:
        session: the writing transaction of the acknowledgement.
        report_id: the report.
        name: the officer's name as responders read it.
    """
    reports.confirm(session, name, Receipt.report_id == report_id, Receipt.on_this_desk.is_(True))


def confirm_receipt(session: Session, case_id: str, account: Account, route: str, by: str) -> Receipt:
    """Note, as the officer who has the case, that a route's receiver has it.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer.
        route: the route.
        by: who at the receiver confirmed it.

    Returns:
        The receipt; unchanged, and nobody told, where it was confirmed before.

    Raises:
        NoSuchCase: there is no such case or route.
        NotSaid: no name was given.
        WrongState: the officer does not have the case.
    """
    opened = find_own(session, case_id, account)
    by = required("by", by, LONGEST_NAME)
    first = reports.confirm_receipt(session, opened.report.id, route, by)
    receipt = session.execute(select(Receipt).filter_by(report_id=opened.report.id, route=route)).scalar_one_or_none()
    if receipt is None:
        raise NoSuchCase(route)
    if first:
        say(session, opened, "receipt", receiver=receipt.receiver, by=by)
        done(session, opened, account, "receipt.confirmed")
    return receipt
