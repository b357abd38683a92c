"""The audit trail: who did what on which record, without any content."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import now
from bot.security.tables import AuditEntry

SAME_LOOK = timedelta(minutes=10)
"""Looks at one record by one person within this time are one entry: a live page asks again at every change."""


def note(session: Session, actor: str, action: str, subject: str | None = None) -> None:
    """Write one entry.

    Args:
        session: the writing transaction of the act itself, so that there is never one without the other.
        actor: name of the account, token or program.
        action: what was done, such as `case.claimed`.
        subject: id of the record.
    """
    session.add(AuditEntry(actor=actor, action=action, subject=subject))


def seen_lately(session: Session, actor: str, action: str, subject: str) -> bool:
    """Tell whether the same look was noted within `SAME_LOOK`."""
    query = select(AuditEntry.id).where(
        AuditEntry.subject == subject, AuditEntry.action == action, AuditEntry.actor == actor,
        AuditEntry.at > now() - SAME_LOOK,
    )
    return session.execute(query.limit(1)).first() is not None


def trail(session: Session, subject: str) -> list[AuditEntry]:
    """Give the entries of one record, oldest first."""
    return list(session.execute(select(AuditEntry).filter_by(subject=subject).order_by(AuditEntry.id)).scalars())
