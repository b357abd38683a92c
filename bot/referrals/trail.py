"""The audit trail of one record, found by whatever of it somebody has at hand."""
from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.referrals.reference import clean_reference
from bot.referrals.reports import by_reference
from bot.referrals.tables import Case, Report
from bot.security import audit
from bot.security.tables import AuditEntry


def read_trail(session: Session, subject: str, actor: str) -> list[AuditEntry]:
    """Give who did and read what on a record; this look is noted as well.

    Args:
        session: a writing transaction.
        subject: a reference, or the id of a case, a report, a conversation, or a name.
        actor: who asks.

    Returns:
        The entries, oldest first, without that of this look.
    """
    entries = audit.trail(session, _of_one_record(session, subject))
    # What was typed may be anything; only what is a subject already is noted as one.
    audit.note(session, actor, "audit.read", str(entries[0].subject) if entries else None)
    return entries


def _of_one_record(session: Session, subject: str) -> set[str]:
    """Give the ids of the case, report and conversation that a subject belongs to, and the subject itself."""
    named = by_reference(session, clean_reference(subject) or subject)
    query = select(Report.id, Report.conversation_id, Case.id.label("case")).outerjoin(
        Case, Case.report_id == Report.id
    ).where(or_(Report.id == (named.id if named else subject), Case.id == subject, Report.conversation_id == subject))
    return {subject, *(one for row in session.execute(query) for one in row if one)}
