"""The one way to the database: engine, short read and write transactions, and the base of all tables."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, declarative_base, sessionmaker
from sqlalchemy.pool import NullPool
from sqlalchemy.types import DateTime, TypeDecorator

from bot.settings import settings

Base: Any = declarative_base()

BUSY_SECONDS = 5
"""How long a write waits for another one before it gives up."""
CONNECT_SECONDS = 5
"""How long PostgreSQL may take to answer at all."""
STUCK_SECONDS = 60
"""After how long PostgreSQL undoes the transaction of a process that hangs in it, so that others can go on."""

SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""Reads of one transaction see one moment, as they do on SQLite by themselves."""


class UtcTime(TypeDecorator):
    """A point in time, always with the UTC zone, also on databases that keep no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.astimezone(timezone.utc) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None or value.tzinfo is None:
            return value and value.replace(tzinfo=timezone.utc)
        return value.astimezone(timezone.utc)


def now() -> datetime:
    """Give the present time in UTC."""
    return datetime.now(timezone.utc)


def make_engine(url: str) -> Engine:
    """Make an engine with the promises that the rest of the code relies on.

    Args:
        url: SQLAlchemy address of the database.

    Returns:
        The engine. SQLite gets a write-ahead log, full synchronisation, and write transactions that take their lock
        at the start, so that a read never turns into a write that cannot be granted. On PostgreSQL no wait for
        another one is longer than `BUSY_SECONDS`; who writes takes the row of the conversation first (`hold`).
    """
    return _sqlite(url) if url.startswith("sqlite") else _postgresql(url, BUSY_SECONDS)


def lock_engine(patience: float) -> Engine:
    """Make an engine for locks that outlast transactions; only on PostgreSQL.

    Args:
        patience: seconds to wait for a lock.

    Returns:
        The engine. Its connections are not kept: whatever happens to a task, closing ends the lock.
    """
    return _postgresql(settings().database_url, patience, poolclass=NullPool, isolation_level="AUTOCOMMIT")


def _postgresql(url: str, patience: float, **more: Any) -> Engine:
    limits = {"lock_timeout": patience, "idle_in_transaction_session_timeout": STUCK_SECONDS}
    options = " ".join(f"-c {name}={int(seconds * 1000)}" for name, seconds in limits.items())
    # A server that is gone without a word is noticed within half a minute.
    reach = {"connect_timeout": CONNECT_SECONDS, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    return create_engine(url, future=True, hide_parameters=True, pool_pre_ping=True,
                         connect_args={**reach, "options": f"-c timezone=UTC {options}"}, **more)


def _sqlite(url: str) -> Engine:
    if ":///" in url:
        Path(url.split(":///", 1)[1]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(url, future=True, hide_parameters=True,
                           connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@lru_cache(maxsize=1)
def _sessions() -> sessionmaker:
    return sessionmaker(make_engine(settings().database_url), future=True, expire_on_commit=False)


def engine() -> Engine:
    """Give this process's engine."""
    return _sessions().kw["bind"]


def shared() -> bool:
    """Tell whether several processes of a kind may work on this database at once, as on PostgreSQL."""
    return bool(engine().dialect.name == "postgresql")


def empty_log() -> bool:
    """Bring SQLite's write-ahead log into the database and empty it, so that it keeps nothing that was erased.

    Returns:
        False where somebody was reading meanwhile, so that old pages may stay in the log for a while.
    """
    if engine().dialect.name != "sqlite":
        return True
    connection = engine().raw_connection()
    try:
        return connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    finally:
        connection.close()


@contextmanager
def reading() -> Iterator[Session]:
    """Open a short transaction that only reads."""
    with _sessions()() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.connection(execution_options=SNAPSHOT)
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """Open a short transaction that writes: committed at the end, undone on any error."""
    with _sessions()() as session:
        session.connection(execution_options={"write": True})
        yield session
        session.commit()
