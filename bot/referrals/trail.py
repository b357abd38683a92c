"""The audit trail of one record with its holds and certificates, found by whatever of it somebody has at hand."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.referrals.holds import holds_of
from bot.referrals.reference import clean_reference
from bot.referrals.reports import by_reference
from bot.referrals.tables import Case, Hold, Report
from bot.security import audit, certificates
from bot.security.certificates import Certificate
from bot.security.keys import search_hash
from bot.security.tables import AuditEntry


@dataclass(frozen=True)
class Trail:
    """What is known of who did what with a record.

    Args:
        entries: the entries, oldest first.
        holds: each case that is still there, with its holds, the newest first.
        certificates: of what was erased of it.
    """

    entries: list[AuditEntry]
    holds: list[tuple[str, list[Hold]]]
    certificates: list[Certificate]


def read_trail(session: Session, subject: str, actor: str) -> Trail:
    """Give who did and read what on a record; this look is noted as well.

    Args:
        session: a writing transaction.
        subject: a reference, or the id of a case, a report, a conversation, or a name.
        actor: who asks.

    Returns:
        The trail, without the entry of this look.
    """
    ids, cases = _of_one_record(session, subject)
    clean = clean_reference(subject)
    reference_hash = search_hash(session.connection(), "reference", clean) if clean else None
    erasures = certificates.of_record(session, ids, reference_hash)
    for row in erasures:
        ids |= {row.id, *filter(None, (row.report_id, row.case_id, row.conversation_id))}
    entries = audit.trail(session, ids)
    # What was typed may be anything; only what is a subject already is noted as one.
    audit.note(session, actor, "audit.read", str(entries[0].subject) if entries else None)
    return Trail(entries, [(case, holds_of(session, [case])) for case in sorted(cases)],
                 certificates.in_words(session, erasures))


def _of_one_record(session: Session, subject: str) -> tuple[set[str], set[str]]:
    """Give the ids of the case, report and conversation that a subject belongs to, and the subject; then the cases."""
    named = by_reference(session, clean_reference(subject) or subject)
    query = select(Report.id, Report.conversation_id, Case.id.label("case")).outerjoin(
        Case, Case.report_id == Report.id
    ).where(or_(Report.id == (named.id if named else subject), Case.id == subject, Report.conversation_id == subject))
    rows = session.execute(query).all()
    return {subject, *(one for row in rows for one in row if one)}, {row.case for row in rows if row.case}
