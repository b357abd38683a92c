"""The data keys: two for each report, one for each conversation, organisation and invitation; kept wrapped."""
from __future__ import annotations

import hmac
import threading
from collections import OrderedDict
from contextlib import suppress
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import bindparam, func, insert, inspect, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from bot.database import now, reading
from bot.security import key_file
from bot.security.sealing import KEY_BYTES, KeyErased, KeyMissing, new_key, open_, seal
from bot.security.secret_file import check_mode
from bot.security.tables import DataKey
from bot.settings import UnsafeSetting, settings

SEARCH = "search"
"""Subject of the key of the hashes by which sealed values are found."""
KEPT = 1024
"""Data keys that a process keeps open."""
_COLUMN = "data_keys.wrapped"
_table: Any = DataKey.__table__
# Built once: they are asked several times a turn.
_KEY = select(_table.c.id, _table.c.wrapped, _table.c.kek_id)
_BY_SUBJECT = _KEY.where(_table.c.subject == bindparam("subject"))
_BY_ID = _KEY.where(_table.c.id == bindparam("id"))


def transcript_of(report_id: str) -> str:
    """Give the subject of the key that seals a report's messages: they go before the record does, so it has its own."""
    return f"t:{report_id.replace('-', '')}"


class _OpenKeys:
    """The data keys that were read last; a key never changes under its id, so none goes stale."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key_id: str) -> bytes | None:
        with self._lock:
            if key_id in self._keys:
                self._keys.move_to_end(key_id)
            return self._keys.get(key_id)

    def keep(self, key_id: str, key: bytes) -> None:
        with self._lock:
            self._keys[key_id] = key
            if len(self._keys) > KEPT:
                self._keys.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._keys.clear()


open_keys = _OpenKeys()


def writing_key(connection: Connection, subject: str) -> tuple[str, bytes]:
    """Give the key to seal with; the first time, one is made.

    The table is asked each time: a key made before may have been undone or erased since.

    Args:
        connection: of the writing transaction that stores what is sealed.
        subject: whose key it is, as `DataKey` says.

    Returns:
        The key's id and the key.

    Raises:
        KeyErased: the record was erased.
        KeyMissing: the key file does not open its key.
    """
    row = connection.execute(_BY_SUBJECT, {"subject": subject}).first()
    if row is None:
        try:
            with connection.begin_nested():
                return _make(connection, subject)
        except IntegrityError:
            # Another process made it in between.
            row = connection.execute(_BY_SUBJECT, {"subject": subject}).one()
    if row.wrapped is None:
        raise KeyErased(subject)
    return row.id, _opened(row)


def _make(connection: Connection, subject: str) -> tuple[str, bytes]:
    key_id, key = new_key()
    _lock(connection, "ROW EXCLUSIVE")
    kek_id, wrapped = _wrap(key_id, key)
    connection.execute(insert(_table).values(id=key_id, subject=subject, wrapped=wrapped, kek_id=kek_id,
                                             created_at=now()))
    return key_id, key


def let_nobody_wrap(connection: Connection) -> None:
    """Wait for whoever wraps a key or changes the key file, and keep others from both until the transaction ends.

    What was wrapped with an earlier key-encryption key is then seen by `in_use`.

    Args:
        connection: of a writing transaction; on SQLite that is enough.
    """
    _lock(connection, "SHARE ROW EXCLUSIVE")


def _lock(connection: Connection, mode: str) -> None:
    if connection.dialect.name == "postgresql":
        # Before the key file is read: what it says then holds until the transaction ends.
        connection.execute(text(f"LOCK TABLE {_table.name} IN {mode} MODE"))


def reading_key(connection: Connection | Session, key_id: str) -> bytes | None:
    """Give the key to open a value with.

    Args:
        connection: any transaction; it is only asked for a key that this process does not have open.
        key_id: the key that the value names.

    Returns:
        The key; None where it was erased.

    Raises:
        KeyMissing: the table or the key file does not have it.
    """
    known = open_keys.get(key_id)
    if known:
        return known
    row = connection.execute(_BY_ID, {"id": key_id}).first()
    if row is None:
        raise KeyMissing(f"data key {key_id}")
    if row.wrapped is None:
        return None
    return _opened(row)


def search_hash(connection: Connection, kind: str, value: str) -> str:
    """Hash a sealed value so that it can be found, with a key of its own: it outlives `FIRSTLINE_SECRET`.

    Args:
        connection: of any transaction.
        kind: what the value is; hashes of different kinds never match each other.
        value: the value in its one usual form.

    Returns:
        64 hexadecimal characters.
    """
    _, key = writing_key(connection, SEARCH)
    return hmac.new(key, f"{kind}:{value}".encode(), sha256).hexdigest()


def index_key(connection: Connection) -> tuple[str, bytes]:
    """Give the key to write the index with by which records are found; made from the newest key of the key file.

    So no database and no backup has it, and whoever holds the records alone cannot try names out.

    Args:
        connection: of the writing transaction that writes the index.

    Returns:
        Id of the key of the file, and the key made from it.

    Raises:
        KeyMissing: there is no key file.
    """
    _lock(connection, "ROW EXCLUSIVE")
    return next(iter(index_keys().items()))


def index_keys() -> dict[str, bytes]:
    """Give all keys that the index may be written with, by id, the newest first.

    Raises:
        KeyMissing: there is no key file.
    """
    return {key_id: HKDF(SHA256(), KEY_BYTES, salt=None, info=b"firstline index").derive(key)
            for key_id, key in _file().items()}


def index_hash(key: bytes, kind: str, value: str) -> str:
    """Hash a value for the index.

    Args:
        key: one of `index_keys`.
        kind: what the value is; hashes of different kinds never match each other.
        value: the value in its one usual form.

    Returns:
        64 hexadecimal characters.
    """
    return hmac.new(key, f"{kind}:{value}".encode(), sha256).hexdigest()


def rewrap_some(connection: Connection, kek_id: str, limit: int) -> tuple[int, bool]:
    """Wrap data keys that are wrapped with an earlier key-encryption key anew.

    Args:
        connection: of a writing transaction.
        kek_id: id of the newest key-encryption key.
        limit: how many at most.

    Returns:
        How many were wrapped anew, and whether others are left.

    Raises:
        KeyMissing: the key file does not open one of them.
    """
    _lock(connection, "ROW EXCLUSIVE")
    query = _KEY.where(_table.c.kek_id != kek_id, _table.c.wrapped.is_not(None))
    rows = connection.execute(query.limit(limit + 1).with_for_update()).all()
    for row in rows[:limit]:
        new_kek, wrapped = _wrap(row.id, _unwrap(row))
        connection.execute(update(_table).where(_table.c.id == row.id).values(wrapped=wrapped, kek_id=new_kek))
    return len(rows[:limit]), len(rows) > limit


def erase_key(connection: Connection, subject: str, by: str, reason: str) -> str | None:
    """Erase a data key for good; what it sealed is unreadable from then on, in old copies too.

    Args:
        connection: of a writing transaction.
        subject: whose key it is, as `DataKey` says.
        by: who erases.
        reason: why; it stays, so it must name nobody.

    Returns:
        Id of the erased key; None where there was none, or it was erased before.
    """
    row = connection.execute(select(_table.c.id).where(_table.c.subject == subject,
                                                       _table.c.wrapped.is_not(None))).first()
    if row is None:
        return None
    connection.execute(update(_table).where(_table.c.id == row.id)
                       .values(wrapped=None, erased_at=now(), erased_by=by, erased_reason=reason))
    return str(row.id)


def in_use(connection: Connection) -> dict[str, int]:
    """Count the data keys by the key-encryption key that wraps them; empty before there is a table of them."""
    if not inspect(connection).has_table(_table.name):
        return {}
    query = select(_table.c.kek_id, func.count()).where(_table.c.wrapped.is_not(None)).group_by(_table.c.kek_id)
    return {kek_id: count for kek_id, count in connection.execute(query)}


def check() -> None:
    """Check at a start that the key file is safe and opens what is stored.

    Raises:
        UnsafeSetting: it is readable by others, missing, or not the one that the records were sealed under.
    """
    check_file()
    # Where the database is away, the door still has to come up and tell people whom to call.
    with suppress(OperationalError), reading() as session:
        check_opens(session.connection())


def check_file() -> None:
    """Check that the key file is there and safe.

    Raises:
        UnsafeSetting: it is readable by others, missing, or no key file.
    """
    check_mode(settings().key_file, "FIRSTLINE_KEY_FILE")
    key_file.read_keys(settings().key_file)


def check_opens(connection: Connection) -> None:
    """Check that the key file has every key that data keys are wrapped with.

    Args:
        connection: of any transaction.

    Raises:
        UnsafeSetting: it lacks one.
    """
    path = settings().key_file
    keys = key_file.read_keys(path)
    strange = {kek_id: count for kek_id, count in in_use(connection).items() if kek_id not in keys}
    if strange:
        raise UnsafeSetting(f"FIRSTLINE_KEY_FILE: {path} lacks the key of {sum(strange.values())} stored data keys; "
                            "put the right key file back")


def make_ready() -> None:
    """Make the key file at the first start; later ones only check it.

    Raises:
        UnsafeSetting: it is readable by others, missing although records need it, or not theirs.
    """
    path = settings().key_file
    if not path.exists():
        with reading() as session:
            if not in_use(session.connection()):
                key_file.make_keys(path)
    check()


def _wrap(key_id: str, key: bytes) -> tuple[str, bytes]:
    kek_id, kek = next(iter(_file().items()))
    return kek_id, seal(kek, kek_id, _COLUMN, key_id, key)


def _opened(row: Any) -> bytes:
    key = open_keys.get(row.id)
    if key is None:
        key = _unwrap(row)
        open_keys.keep(row.id, key)
    return key


def _unwrap(row: Any) -> bytes:
    kek = _file().get(row.kek_id)
    if kek is None:
        raise KeyMissing(f"key-encryption key {row.kek_id}")
    return open_(kek, row.kek_id, _COLUMN, row.id, row.wrapped)


def _file() -> dict[str, bytes]:
    try:
        return key_file.read_keys(settings().key_file)
    except UnsafeSetting as error:
        raise KeyMissing("the key file") from error
