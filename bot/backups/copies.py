"""Copies every table into sealed files, and a copy back into an empty database, on any engine."""
from __future__ import annotations

import base64
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table, func, select, update
from sqlalchemy.engine import Connection

import bot.notices.tables
import bot.referrals.tables
import bot.security.invitation_tables
import bot.security.tables  # noqa: F401 (every table must be known)
from bot.backups.sealed_file import read, write
from bot.conversations.tables import Change
from bot.database import Base, engine, now, writing
from bot.referrals.erasure import erase_again
from bot.referrals.reindexing import reindex
from bot.referrals.tables import Report
from bot.security import audit
from bot.security.keys import SEARCH, check_file, check_opens
from bot.settings import settings
from bot.setup import migrations

ROWS = 500
"""Rows of one part."""
KEYS = frozenset({"data_keys", "erasures", "holds"})
"""Tables that no copy of the records holds, but `keys.latest` as they are now: what was erased stays erased in old
copies, with its certificate, and what is held stays held."""
KEYS_FILE = "keys.latest"
MADE_ANEW = frozenset({"search_tokens"})
"""Tables that no copy holds at all: they are made from the records, and would tell of what was erased since."""


class NotEmpty(RuntimeError):
    """The database holds records already, and nothing is ever written over them."""


class KeyUnsafe(ValueError):
    """The key of the backups is missing, malformed or readable by others; the message says what to do."""


def backup_key(path: Path) -> bytes:
    """Read the key of the backups; a new one is drawn where there is none.

    Args:
        path: its file, of mode 0400 and never inside a backup.

    Raises:
        KeyUnsafe: others may read it, or it is no key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(os.urandom(32)) + b"\n")
    if path.stat().st_mode & 0o077:
        raise KeyUnsafe(f"{path}: others may read it; chmod 0400 {path}")
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except ValueError as error:
        raise KeyUnsafe(f"{path} holds no key") from error
    if len(key) != 32:
        raise KeyUnsafe(f"{path} holds no key")
    return key


def back_up(folder: Path) -> tuple[Path, Counter[str]]:
    """Copy the database as it is at this moment.

    Args:
        folder: where to.

    Returns:
        The new file with the records, and how many rows of each table it holds. Beside it `keys.latest` is replaced.

    Raises:
        KeyUnsafe: the key of the backups is unsafe.
    """
    key = backup_key(settings().backup_key)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    at = now()
    target = folder / _name(at)
    # First, for no transaction undoes a file: what cannot be noted is not copied.
    with writing() as session:
        audit.note(session, audit.COMMAND_LINE, "backup.made", target.name)
    counts: Counter[str] = Counter()
    connection = engine().connect()
    if connection.dialect.name != "sqlite":
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    # One transaction sees one moment, however long the copying takes.
    with connection, connection.begin():
        write(target, key, _parts(connection, at, counts, KEYS, without=True))
        fresh = folder / f"{KEYS_FILE}.new"
        fresh.unlink(missing_ok=True)
        write(fresh, key, _parts(connection, at, Counter(), KEYS, without=False))
        fresh.replace(folder / KEYS_FILE)
    return target, counts


def restore(source: Path) -> Counter[str]:
    """Bring a copy back into an empty database.

    Args:
        source: the file with the records; `keys.latest` must lie beside it.

    Returns:
        How many rows each table has got.

    Raises:
        NotEmpty: there is something in the database.
        Damaged: a file was changed, cut off or belongs to another key; nothing was restored.
        KeyUnsafe: the key of the backups is unsafe.
        UnsafeSetting: the key file is missing, readable by others, or not the one of these records.
    """
    key = backup_key(settings().backup_key)
    check_file()
    about = json.loads(next(read(source, key)))
    config = migrations(settings().database_url)
    command.upgrade(config, about["revision"])
    counts: Counter[str] = Counter()
    newer: list[dict[str, Any]] = []
    with engine().connect().execution_options(write=True) as connection, connection.begin():
        tables = MetaData()
        tables.reflect(connection)
        _must_be_empty(connection, tables)
        # The new database's own key, which has sealed nothing yet.
        connection.execute(tables.tables["data_keys"].delete())
        for file in (source, source.with_name(KEYS_FILE)):
            parts = read(file, key)
            next(parts)
            for part in parts:
                entry = json.loads(zlib.decompress(part))
                if entry["table"] in tables.tables:
                    _put_back(connection, tables, entry)
                else:
                    # `keys.latest` has tables that an old copy does not know yet.
                    newer.append(entry)
                counts[entry["table"]] += len(entry["rows"])
        check_opens(connection)
    command.upgrade(config, "head")
    with writing() as session:
        tables = MetaData()
        tables.reflect(session.connection())
        for entry in newer:
            _put_back(session.connection(), tables, entry)
        _go_on_counting(session.connection())
        erase_again(session)
        session.execute(update(Report).values(index_key=None).execution_options(synchronize_session=False))
        audit.note(session, audit.COMMAND_LINE, "backup.restored", _name(datetime.fromisoformat(about["at"])))
    for _ in reindex():
        pass
    return counts


def _put_back(connection: Connection, tables: MetaData, entry: dict[str, Any]) -> None:
    table = tables.tables[entry["table"]]
    rows = [{name: _revived(value) for name, value in row.items()} for row in entry["rows"]]
    connection.execute(table.insert(), rows)


def _go_on_counting(connection: Connection) -> None:
    """Have the numbers of live changes go on after the last one; PostgreSQL counts apart from the rows."""
    if connection.dialect.name == "postgresql":
        last = select(func.coalesce(func.max(Change.id), 1)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(Change.__tablename__, "id"), last)))


def _must_be_empty(connection: Connection, tables: MetaData) -> None:
    for name, table in tables.tables.items():
        query = select(func.count()).select_from(table)
        if name == "data_keys":
            query = query.where(table.c.subject != SEARCH)
        if name != "alembic_version" and connection.execute(query).scalar_one():
            raise NotEmpty(f"the database is not empty (table {name}); restore into a new one")


def _name(at: datetime) -> str:
    """Name a copy by its time, which stands in it: the audit trail knows it by this, whatever its file is called."""
    return f"firstline-{at:%Y%m%dT%H%M%S.%f}.backup"


def _parts(connection: Connection, at: datetime, counts: Counter[str], keys: frozenset[str],
           without: bool) -> Iterator[bytes]:
    revision = MigrationContext.configure(connection).get_current_revision()
    yield json.dumps({"revision": revision, "at": at.isoformat()}).encode()
    for table in Base.metadata.sorted_tables:
        if (table.name in keys) == without or table.name in MADE_ANEW:
            continue
        plain = _as_stored(table)
        ordered = select(plain).order_by(*plain.primary_key.columns)
        result = connection.execution_options(stream_results=True).execute(ordered)
        while rows := result.fetchmany(ROWS):
            counts[table.name] += len(rows)
            kept = [{name: _kept(value) for name, value in row._mapping.items()} for row in rows]
            yield zlib.compress(json.dumps({"table": table.name, "rows": kept}).encode())


def _as_stored(table: Table) -> Table:
    """Give a table as the database holds it, so that nothing is opened on its way into a copy."""
    stored = MetaData()
    stored.reflect(engine(), only=[table.name])
    return stored.tables[table.name]


def _kept(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, bytes | memoryview):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    return {"json": value} if isinstance(value, dict | list) else value


def _revived(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kind, kept = next(iter(value.items()))
    if kind == "json":
        return kept
    return datetime.fromisoformat(kept) if kind == "time" else base64.b64decode(kept)
