"""Certificates of erasures: what went, when and by what rule, without content; each is bound into the audit trail.

A certificate's id is made from all that it says, and that id is the subject of an entry of the trail, which is sealed.
So a certificate that was changed or removed is found out by `audit verify`, and one that was added is in no entry.
The reference stands in it as its keyed hash alone: whoever holds the reference, on paper or from the sender, finds the
certificate by it; whoever holds only the database learns no reference from what is kept for ever.
"""
from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.database import now
from bot.security import audit
from bot.security.chain import Fault
from bot.security.tables import AuditEntry, Erasure

REQUEST = "request"
"""Kind of an erasure that somebody asked for."""
_ENTRY = "erasure.certified"
_ROWS = 500


@dataclass(frozen=True)
class Of:
    """What was erased, by its ids; all empty for a class whose rows belong to no record."""

    report_id: str | None = None
    case_id: str | None = None
    conversation_id: str | None = None
    reference_hash: str | None = None


@dataclass(frozen=True)
class Certificate:
    """A certificate as people read it; `bound` says whether the audit trail has it."""

    id: str
    at: datetime
    kind: str
    rule: str
    by: str
    counts: dict[str, int]
    keys: list[str]
    bound: bool


def certify(session: Session, kind: str, rule: str, by: str, of: Of, counts: Mapping[str, int],
            keys: Collection[str] = ()) -> str:
    """Leave the certificate of an erasure.

    Args:
        session: the writing transaction of the erasure, so that there is never one without the other.
        kind: a class of `protocol.retention`, or `REQUEST`.
        rule: by what rule, or why; it names nobody.
        by: who erased.
        of: what was erased.
        counts: rows by table; those with 0 are left out.
        keys: ids of the data keys that were destroyed.

    Returns:
        Its id.
    """
    row = Erasure(at=now(), kind=kind, rule=rule, by=by, report_id=of.report_id, case_id=of.case_id,
                  conversation_id=of.conversation_id, reference_hash=of.reference_hash,
                  counts=json.dumps({name: count for name, count in sorted(counts.items()) if count}),
                  keys=json.dumps(sorted(keys)))
    row.id = _digest(row)
    session.add(row)
    audit.note(session, by, "erasure.certified", row.id)
    return row.id


def _digest(row: Erasure) -> str:
    said = [row.at.astimezone(timezone.utc).isoformat(timespec="microseconds"), row.kind, row.rule, row.by,
            row.report_id, row.case_id, row.conversation_id, row.reference_hash, row.counts, row.keys]
    return sha256(json.dumps(said).encode()).hexdigest()[:40]


def of_record(session: Session, subjects: Collection[str], reference_hash: str | None) -> list[Erasure]:
    """Give the certificates of a record, oldest first, by its ids or the hash of its reference."""
    named = [column.in_(subjects) for column in (Erasure.report_id, Erasure.case_id, Erasure.conversation_id)]
    if reference_hash:
        named.append(Erasure.reference_hash == reference_hash)
    return list(session.execute(select(Erasure).where(or_(*named)).order_by(Erasure.at)).scalars())


def in_words(session: Session, rows: Collection[Erasure]) -> list[Certificate]:
    """Give certificates as people read them, each with whether the audit trail holds it as it is."""
    bound = set(session.execute(select(AuditEntry.subject).where(
        AuditEntry.action == _ENTRY, AuditEntry.subject.in_([row.id for row in rows]))).scalars())
    return [Certificate(row.id, row.at, row.kind, row.rule, row.by, json.loads(row.counts), json.loads(row.keys),
                        row.id in bound and row.id == _digest(row)) for row in rows]


def fault_after(session: Session, number: int) -> Fault | None:
    """Look for the first entry of the trail whose certificate is gone or says something else.

    Args:
        session: any transaction; the chain itself was found sound.
        number: the entry after which to look.
    """
    query = (select(AuditEntry.id, Erasure).outerjoin(Erasure, Erasure.id == AuditEntry.subject)
             .where(AuditEntry.action == _ENTRY).order_by(AuditEntry.id).limit(_ROWS))
    while rows := session.execute(query.where(AuditEntry.id > number)).all():
        for number, row in rows:
            if row is None or row.id != _digest(row):
                return Fault(number, "certificate")
        session.expunge_all()
    return None


def bind_again(session: Session, by: str) -> None:
    """Enter certificates in the trail that it does not have: after an older copy of the trail was put back.

    Args:
        session: a writing transaction.
        by: who does so.
    """
    entered = select(AuditEntry.subject).where(AuditEntry.action == _ENTRY)
    for missing in session.execute(select(Erasure.id).where(Erasure.id.not_in(entered)).order_by(Erasure.at)).scalars():
        audit.note(session, by, "erasure.certified", missing)
