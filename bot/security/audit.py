"""The audit trail: who did what on which record, without any content; `chain.py` seals it."""
from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import now, reading, writing
from bot.security import chain
from bot.security.tables import AuditEntry

COMMAND_LINE = "command line"
"""Actor of what is done by a command."""
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
    chain.append(session, now(), actor, action, subject)


def look(actor: str, action: str, subject: str | None = None) -> None:
    """Note, in a transaction of its own, that somebody looks; where it was noted within `SAME_LOOK`, once is enough.

    Args:
        actor: who looks.
        action: at what, such as `case.opened`.
        subject: id of the record; None for a list.

    Raises:
        SQLAlchemyError: it could not be noted; then nothing may be shown.
    """
    with reading() as session:
        noted = noted_of_late(session, actor, action, subject)
    if not noted:
        with writing() as session:
            note(session, actor, action, subject)


def noted_of_late(session: Session, actor: str, action: str, subject: str | None = None) -> bool:
    """Tell whether there is such an entry within `SAME_LOOK`.

    Args:
        session: any transaction.
        actor: who.
        action: what.
        subject: on which record.
    """
    query = select(AuditEntry.id).where(
        AuditEntry.subject == subject, AuditEntry.action == action, AuditEntry.actor == actor,
        AuditEntry.at > now() - SAME_LOOK,
    )
    return session.execute(query.limit(1)).first() is not None


def trail(session: Session, subjects: Collection[str]) -> list[AuditEntry]:
    """Give the entries of some subjects, oldest first."""
    query = select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.id)
    return list(session.execute(query).scalars())
