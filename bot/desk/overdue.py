"""What supervisor and data protection officer read where something could not be erased when its time was over."""
from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.desk.rendering import texts
from bot.referrals.holds import HOLDERS
from bot.referrals.tables import NotErased
from bot.security.tables import Account


def overdue_for(session: Session, account: Account) -> str | None:
    """Give the alarm; None where there is none, or to whoever need not hear it.

    Args:
        session: any transaction.
        account: who looks.
    """
    if account.role not in HOLDERS:
        return None
    count, since = session.execute(select(func.count(), func.min(NotErased.since))).one()
    return str(texts()["retention"]["overdue"]).format(count=count, since=f"{since:%d %B %H:%M} UTC") if count else None
