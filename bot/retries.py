"""How often, and when, something that must leave is tried again; the same for messages to channels and for notices."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

RETRIES = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=15),
           *(timedelta(hours=1),) * 24)
"""How long to wait after each attempt that failed; after the last one it is given up."""
LEASE = timedelta(seconds=60)
"""How long one sender has something for itself; where it dies meanwhile, the next one sends it, under the same id."""


def is_due(kind: Any, at: datetime) -> ColumnElement[bool]:
    """Give the condition on the rows that wait and are due.

    Args:
        kind: the table; it has `state`, `attempts`, `due_at` and `error`, which is empty while somebody is sending.
        at: the present time.
    """
    # None is ever put off further than the longest wait, unless the clock was set back.
    due = or_(kind.attempts == 0, kind.due_at <= at, kind.due_at > at + max(RETRIES))
    return (kind.state == "waiting") & due


def take(session: Session, row: Any, at: datetime) -> bool:
    """Take a row, so that nobody else sends it for `LEASE`.

    Args:
        session: a writing transaction.
        row: what is due.
        at: the present time.

    Returns:
        Whether this process has it; False where another one was faster.
    """
    kind = type(row)
    mine = session.execute(
        update(kind).where(kind.id == row.id, kind.state == "waiting", kind.attempts == row.attempts)
        .values(due_at=at + LEASE, attempts=row.attempts + 1, error=None).execution_options(synchronize_session=False)
    )
    return bool(mine.rowcount)


def again(row: Any, error: str, at: datetime) -> bool:
    """Put a row off to its next attempt.

    Args:
        row: what did not leave, as the database has it now.
        error: kind of the failure, without content.
        at: the present time.

    Returns:
        Whether there is a next one; False where it must be given up.
    """
    if row.attempts > len(RETRIES):
        return False
    row.due_at, row.error = at + RETRIES[row.attempts - 1], error
    return True
