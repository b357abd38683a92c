"""The chain of the audit trail: each entry is sealed together with the one before it, so that no change goes unseen."""
from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any

from sqlalchemy import String, func, select, type_coerce
from sqlalchemy.orm import Session

from bot.security.hashes import keyed_hash
from bot.security.tables import AuditEntry

BATCH = 1000
LOCK = 7_240_001
"""Number of PostgreSQL's advisory lock, held by whoever appends until the end of the transaction."""

_AUDIT = AuditEntry.__table__
_ORDER = (_AUDIT.c.id, type_coerce(_AUDIT.c.at, String).label("at"), _AUDIT.c.actor, _AUDIT.c.action, _AUDIT.c.subject,
          _AUDIT.c.hash)


@dataclass(frozen=True)
class Head:
    """An entry of the chain, by its number and its seal; `BEGINNING` stands before the first."""

    number: int
    hash: str


BEGINNING = Head(0, "")


@dataclass(frozen=True)
class Fault:
    """The first bad entry, and what is wrong with it.

    Args:
        number: its number.
        what: altered, missing, out_of_order, cut_off (from this number on), replaced: the chain holds, yet this
            is not the entry whose seal was kept outside the database; or certificate: the entry is sound, and the
            certificate that it names is gone or was changed.
    """

    number: int
    what: str


@dataclass(frozen=True)
class Checked:
    """What a check came to: how far the chain holds, and what is wrong after that, if anything."""

    head: Head
    fault: Fault | None


def seal(before: str, number: int, at: datetime, actor: str, action: str, subject: str | None) -> str:
    """Seal an entry.

    Args:
        before: the seal of the entry before it, "" for the first.
        number: its number; the first is 1 and none is left out.
        at: its time.
        actor: who.
        action: what.
        subject: on which record.

    Returns:
        64 hexadecimal characters, which nobody can make without the installation's secret.
    """
    held = [before, number, at.astimezone(timezone.utc).isoformat(timespec="microseconds"), actor, action, subject]
    return hmac.new(keyed_hash("audit", "chain").encode(), json.dumps(held).encode(), sha256).hexdigest()


def head_of(session: Session) -> Head:
    """Give the last entry."""
    last = session.execute(select(_AUDIT.c.id, _AUDIT.c.hash).order_by(_AUDIT.c.id.desc()).limit(1)).first()
    return Head(last.id, last.hash) if last else BEGINNING


def append(session: Session, at: datetime, actor: str, action: str, subject: str | None) -> None:
    """Add an entry to the chain.

    Args:
        session: a writing transaction; with it the entry stays or goes, and nobody else appends before it ends. Rows
            that others may hold, such as a conversation's, are taken before, so that no two wait for each other.
        at: its time.
        actor: who.
        action: what.
        subject: on which record.
    """
    session.flush()
    # SQLite has one writer at a time; on PostgreSQL two could read the same last entry.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    last = head_of(session)
    session.execute(_AUDIT.insert().values(
        id=last.number + 1, at=at, actor=actor, action=action, subject=subject,
        hash=seal(last.hash, last.number + 1, at, actor, action, subject)))


def verify(session: Session, kept: Iterable[Head] = (), since: Head = BEGINNING) -> Checked:
    """Look for the first bad entry.

    Args:
        session: any transaction.
        kept: heads that were kept outside the database, read before this is called.
        since: an entry up to which the chain was checked before.

    Returns:
        How far the chain holds, and the fault there.
    """
    wanted: dict[int, set[str]] = {}
    for one in {*kept, since} - {BEGINNING}:
        wanted.setdefault(one.number, set()).add(one.hash)
    first = session.execute(select(func.min(_AUDIT.c.id))).scalar()
    if first is not None and first < 1:
        return Checked(BEGINNING, Fault(first, "out_of_order"))
    head = BEGINNING
    if since != BEGINNING:
        head = Head(since.number - 1, "")
    for row in _rows(session, head.number):
        what = None
        if row.id != head.number + 1:
            return Checked(head, Fault(head.number + 1, "missing"))
        if row.id != since.number and _sealed(row, head.hash, row.id) != row.hash:
            what = "out_of_order" if _is_another(session, row) else "altered"
        elif wanted.get(row.id, {row.hash}) != {row.hash}:
            what = "replaced"
        if what:
            return Checked(head, Fault(row.id, what))
        head = Head(row.id, row.hash)
    if max(wanted, default=0) > head.number:
        return Checked(head, Fault(head.number + 1, "cut_off"))
    return Checked(head, None)


def _rows(session: Session, after: int) -> Iterator[Any]:
    while True:
        rows = session.execute(select(*_ORDER).where(_AUDIT.c.id > after).order_by(_AUDIT.c.id).limit(BATCH)).all()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1].id


def _sealed(row: Any, before: str, number: int) -> str | None:
    """Give the seal that a row ought to have; None where it holds what no entry can hold."""
    try:
        # SQLite keeps a time as text; whoever alters it may have left what is no time.
        at = row.at if isinstance(row.at, datetime) else datetime.fromisoformat(row.at).replace(tzinfo=timezone.utc)
        return seal(before, number, at, row.actor, row.action, row.subject)
    except (TypeError, ValueError):
        return None


def _is_another(session: Session, row: Any) -> bool:
    """Tell whether a row is a sound entry of another place in the chain: its neighbour there, or itself, was moved."""
    before = ""
    for number, own in session.execute(select(_AUDIT.c.id, _AUDIT.c.hash).order_by(_AUDIT.c.id)):
        if number != row.id and row.hash in (_sealed(row, before, number), _sealed(row, own, number)):
            return True
        before = own
    return False
