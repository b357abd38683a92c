"""Makes the index anew: after a rotation, a restored copy or a lost key file; it may be cut off and started again."""
from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from bot.conversations.messages import hold
from bot.database import reading, writing
from bot.protocol.report import new_report
from bot.referrals.index import IndexKey, index
from bot.referrals.reports import here_for
from bot.referrals.tables import Report
from bot.security.keys import index_key, index_keys
from bot.security.sealed import ERASED
from bot.security.sealing import Unreadable

AT_ONCE = 100
"""Reports that are indexed in one transaction."""


def reindex() -> Iterator[int]:
    """Index every report that is not indexed with the newest key, while everything runs.

    Yields:
        How many were indexed, after each transaction.

    Raises:
        KeyMissing: there is no key file.
    """
    while _some_wait():
        with writing() as session:
            key = index_key(session.connection())
            query = select(Report.conversation_id).where(_stale(key[0])).order_by(Report.id).limit(AT_ONCE)
            conversations = set(session.execute(query).scalars())
            hold(session, *conversations)
            done = index_all(session, key, conversations)
        yield done


def index_all(session: Session, key: IndexKey, conversations: Collection[str] | None = None) -> int:
    """Index the reports of some conversations, which the transaction holds, or of all where nobody else writes.

    Args:
        session: a writing transaction.
        key: the newest key.
        conversations: ids; None for all.

    Returns:
        How many were indexed; those that were with this key already are left.
    """
    # Column by column, so that a migration may use it whatever other columns come later.
    query = select(Report.id, Report.data_sealed).where(_stale(key[0]))
    if conversations is not None:
        query = query.where(Report.conversation_id.in_(conversations))
    rows = session.execute(query).all()
    for row in rows:
        content = Report.data.open(session, row.id, row.data_sealed)
        # What is erased or cannot be read is found by nothing.
        content = new_report() if content is ERASED or isinstance(content, Unreadable) else content
        index(session, row.id, content, here_for(content), key)
        session.execute(update(Report).where(Report.id == row.id).values(index_key=key[0])
                        .execution_options(synchronize_session=False))
    return len(rows)


def indexed_with(session: Session) -> dict[str | None, int]:
    """Count the reports by the key that they are indexed with; None stands for those that nobody can find yet."""
    query = select(Report.index_key, func.count()).group_by(Report.index_key)
    return {key_id: count for key_id, count in session.execute(query)}


def _some_wait() -> bool:
    newest = next(iter(index_keys()))
    with reading() as session:
        return session.execute(select(Report.id).where(_stale(newest)).limit(1)).first() is not None


def _stale(key_id: str) -> ColumnElement[bool]:
    # Two ranges and not "other than": they are read from the table's index, every two seconds.
    return or_(Report.index_key.is_(None), Report.index_key < key_id, Report.index_key > key_id)
