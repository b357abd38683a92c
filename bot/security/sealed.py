"""Sealed columns: open in memory, sealed in the database under the key of the record that the row belongs to."""
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Column, LargeBinary, String, event, inspect
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, deferred, object_session

from bot.security.keys import reading_key, search_hash, writing_key
from bot.security.sealing import Unreadable, key_id_of, open_, seal

log = structlog.get_logger()

ERASED = b""
"""Stands in the column where a value was."""
_PENDING = object()
"""Stands in a row until it is stored; no database takes it, so nothing can be stored unsealed."""


class Sealed:
    """One sealed column, to be declared in a table that is a `SealedRow`.

    What is assigned is sealed when the row is stored; a row that is loaded has it open. In queries it cannot be
    compared: `lookup` gives the hash column for that.

    Args:
        nullable: whether there may be none.
        as_json: the value is JSON-able data; else it is a text.
        hashed: kind of its search hash, kept in a column of its own; None where nobody looks for it.
        unique: no two rows ever have the same value. Its hash then outlives an erasure, as it finds what was erased.
            Else its hash goes with the value, and the table says which index finds it.
        rarely_read: it is loaded and opened where somebody reads it, not with its row. Read it before the row's
            session ends.
        erased: gives what is read where the record was erased.
        damaged: gives what is read where the value cannot be opened; without it, reading it raises `Unreadable`.
    """

    def __init__(self, *, nullable: bool = False, as_json: bool = False, hashed: str | None = None,
                 unique: bool = True, rarely_read: bool = False, erased: Callable[[], Any] = lambda: None,
                 damaged: Callable[[], Any] | None = None) -> None:
        self.nullable, self.as_json, self.hashed, self.unique = nullable, as_json, hashed, unique
        self.rarely_read, self.erased, self.damaged = rarely_read, erased, damaged

    def __set_name__(self, owner: Any, name: str) -> None:
        self.name, self.column, self.key = name, f"{owner.__tablename__}.{name}", f"{name}_sealed"
        column = Column(name, LargeBinary, nullable=self.nullable)
        setattr(owner, self.key, deferred(column) if self.rarely_read else column)
        if self.hashed:
            setattr(owner, f"{name}_hash", Column(String(64), unique=self.unique, nullable=True))
        owner.sealed_columns = (*owner.__dict__.get("sealed_columns", ()), self)

    def __get__(self, row: Any, owner: Any = None) -> Any:
        if row is None:
            return self
        # Loads what was put away at a rollback, or was not loaded yet; the event then opens it.
        getattr(row, self.key)
        value = row.__dict__.get("_opened", {}).get(self.name)
        if not isinstance(value, Unreadable):
            return value
        if self.damaged is None:
            raise value
        return self.damaged()

    def __set__(self, row: Any, value: Any) -> None:
        row.__dict__.setdefault("_opened", {})[self.name] = value
        setattr(row, self.key, None if value is None else _PENDING)

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"{self.column} is sealed: compare its hash, or rows that were loaded")

    __hash__ = object.__hash__

    def lookup(self, session: Session, value: str) -> dict[str, str]:
        """Give what `filter_by` needs to find a value of this column."""
        return {f"{self.name}_hash": search_hash(session.connection(), str(self.hashed), value)}

    def values(self, session: Session, record: str, subject: str, value: Any) -> dict[str, bytes]:
        """Give what `update(...).values` needs to store a value without a loaded row.

        Args:
            session: the writing transaction.
            record: id of the row.
            subject: id of the report or conversation whose key seals it.
            value: the new value.
        """
        return {self.key: self.close(*writing_key(session.connection(), subject), record, value)}

    def close(self, key_id: str, key: bytes, record: str, value: Any) -> bytes:
        """Seal a value for the database."""
        plain = json.dumps(value, ensure_ascii=False) if self.as_json else value
        return seal(key, key_id, self.column, record, plain.encode("utf-8", "surrogatepass"))

    def open(self, session: Session, record: str, blob: bytes) -> Any:
        """Open a value from the database; `ERASED` where it was erased, the error where it cannot be opened.

        The error is raised where the value is read: one damaged row must not hide the rows that are loaded with it.
        """
        try:
            key_id = key_id_of(blob) if blob != ERASED else ""
            key = reading_key(session, key_id) if key_id else None
            if key is None:
                return ERASED
            plain = open_(key, key_id, self.column, record, blob).decode("utf-8", "surrogatepass")
        except Unreadable as error:
            log.error("unreadable", column=self.column, record=record, error=type(error).__name__)
            return error
        return json.loads(plain) if self.as_json else plain


class SealedRow:
    """A row with sealed columns.

    `sealed_under` names the columns that decide whose key seals it, as `sealed_subject` says; where one changes the row
    is sealed anew.
    """

    sealed_columns: tuple[Sealed, ...] = ()
    sealed_under: tuple[str, ...] = ()

    def sealed_subject(self) -> str:
        """Give the subject of the key that seals this row: the first that is set."""
        return next(filter(None, (getattr(self, name) for name in self.sealed_under)))

    @property
    def erased(self) -> bool:
        """Whether this row's content was erased."""
        for sealed in self.sealed_columns:
            # What is rarely read may not be loaded yet.
            getattr(self, sealed.key)
        return bool(self.__dict__.get("_erased"))

    @property
    def blank(self) -> bool:
        """Whether nothing sealed is left in this row."""
        return all(getattr(self, sealed.key) in (None, ERASED) for sealed in self.sealed_columns)

    def erase(self) -> None:
        """Take the content out of this row: some process may still have its key open."""
        for sealed in self.sealed_columns:
            if getattr(self, sealed.key) is not None:
                setattr(self, sealed.key, ERASED)
            if sealed.hashed and not sealed.unique:
                setattr(self, f"{sealed.name}_hash", None)
        self.__dict__.update(_erased=True, _opened={sealed.name: sealed.erased() for sealed in self.sealed_columns})


def _record_of(row: Any) -> str:
    mapper = inspect(row).mapper
    return str(mapper.primary_key_from_instance(row)[0])


@event.listens_for(SealedRow, "load", propagate=True)
@event.listens_for(SealedRow, "refresh", propagate=True)
def _loaded(row: Any, _context: Any, _names: Any = None) -> None:
    opened, session, record = row.__dict__.setdefault("_opened", {}), object_session(row), _record_of(row)
    for sealed in row.sealed_columns:
        blob = row.__dict__.get(sealed.key)
        if blob is _PENDING:
            continue
        value = None if blob is None else sealed.open(session, record, blob)
        row.__dict__["_erased"] = row.__dict__.get("_erased") or value is ERASED
        opened[sealed.name] = sealed.erased() if value is ERASED else value


@event.listens_for(SealedRow, "before_insert", propagate=True)
@event.listens_for(SealedRow, "before_update", propagate=True)
def _to_be_stored(_mapper: Any, connection: Connection, row: Any) -> None:
    state = inspect(row)
    moved = state.persistent and any(state.attrs[name].history.has_changes() for name in row.sealed_under)
    key: tuple[str, bytes] | None = None
    for sealed in row.sealed_columns:
        blob = getattr(row, sealed.key) if moved else row.__dict__.get(sealed.key)
        value = row.__dict__.get("_opened", {}).get(sealed.name)
        if isinstance(value, Unreadable) or (blob is not _PENDING and (not moved or blob in (None, ERASED))):
            continue
        key = key or writing_key(connection, row.sealed_subject())
        setattr(row, sealed.key, sealed.close(*key, _record_of(row), value))
        if sealed.hashed and blob is _PENDING:
            found_by = None if value is None else search_hash(connection, sealed.hashed, value)
            setattr(row, f"{sealed.name}_hash", found_by)
