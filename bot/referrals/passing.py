"""Rows that belong to no record: finished deliveries and notices, sessions, live changes, invitations and devices."""
from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, exists, func, inspect, or_, select
from sqlalchemy.orm import Session

from bot.conversations.tables import Change, Delivery
from bot.database import now
from bot.notices.tables import Notice
from bot.security import browsers, enrolment, sessions
from bot.security.invitation_tables import Device, Invitation
from bot.security.keys import erase_key
from bot.security.sealed import SealedRow
from bot.security.tables import DeskSession, Enrolment, KnownBrowser

AT_ONCE = 500
"""Rows of one transaction."""


def passing(kind: str, cut: datetime) -> list[tuple[Any, Any]]:
    """Give the tables of a class, each with the condition on the rows that ended before a time.

    Args:
        kind: one of `protocol.retention.ROWS`.
        cut: what ended after this stays.
    """
    if kind == "deliveries":
        return [(table, and_(table.state != "waiting", table.finished_at <= cut)) for table in (Delivery, Notice)]
    if kind == "sessions":
        return [
            (DeskSession, or_(DeskSession.created_at <= cut - sessions.LONGEST,
                              DeskSession.last_seen_at <= cut - sessions.IDLE)),
            (Enrolment, Enrolment.created_at <= cut - enrolment.LONGEST),
            (KnownBrowser, KnownBrowser.used_at <= cut - browsers.LONGEST),
        ]
    if kind == "changes":
        # The last one stays: numbers that began anew would be none that an open page waits for.
        return [(Change, and_(Change.at <= cut, Change.id < select(func.max(Change.id)).scalar_subquery()))]
    # A revoked device would come back by a link that still works, if its row were gone.
    over = exists().where(Invitation.id == Device.invitation_id,
                          or_(Invitation.revoked_at.is_not(None), Invitation.expires_at <= now()))
    ended = or_(Invitation.revoked_at <= cut, Invitation.expires_at <= cut)
    return [(Device, and_(Device.revoked_at <= cut, over)),
            (Invitation, and_(ended, ~exists().where(Device.invitation_id == Invitation.id)))]


def delete_some(session: Session, kind: str, cut: datetime, by: str, why: str) -> tuple[Counter[str], list[str]]:
    """Delete some rows of a class that ended before a time, with the data keys of those that are sealed.

    Args:
        session: a writing transaction.
        kind: the class.
        cut: the time.
        by: who deletes.
        why: it is kept beside each erased key.

    Returns:
        How many of each table, empty where there are none; and the ids of the erased keys.
    """
    gone: Counter[str] = Counter()
    keys: list[str | None] = []
    for table, which in passing(kind, cut):
        [key] = inspect(table).primary_key
        some = session.execute(select(key).where(which).limit(AT_ONCE)).scalars().all()
        if some:
            done = delete(table).where(key.in_(some), which).execution_options(synchronize_session=False)
            gone[table.__tablename__] += session.execute(done).rowcount
        if issubclass(table, SealedRow):
            left = set(session.execute(select(key).where(key.in_(some))).scalars())
            keys += [erase_key(session.connection(), one, by, why) for one in some if one not in left]
    return +gone, [*filter(None, keys)]
