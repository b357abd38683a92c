"""Erases a record on request: its keys, so every copy, and what stands here; and again what a copy brought back."""
from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from bot.conversations.messages import DESK, changed, hold
from bot.conversations.tables import Conversation, Delivery, DialogueState, Message
from bot.database import now
from bot.protocol.retention import RECORDS
from bot.referrals.cases import OnHold
from bot.referrals.clearing import Clearing
from bot.referrals.index import unindex
from bot.referrals.tables import Amendment, Appointment, Case, Hold, Receipt, Report
from bot.security import audit
from bot.security.certificates import REQUEST, Of, bind_again, certify
from bot.security.keys import erase_key, transcript_of
from bot.security.tables import DataKey, Erasure

LONGEST_REASON = 200


class AlreadyErased(Exception):
    """The record was erased before."""


def erase(session: Session, report: Report, by: str, reason: str) -> str:
    """Erase a report with its messages, additions, receipts and decisions; its case is closed, times and routes stay.

    Args:
        session: a writing transaction.
        report: the report.
        by: who erases.
        reason: why; it is kept in the clear in the certificate, so it must name nobody.

    Returns:
        Id of the erased key, which stands in the certificate.

    Raises:
        AlreadyErased: it was erased before.
        OnHold: a legal hold stands on its case.
    """
    hold(session, report.conversation_id)
    case_id = session.execute(select(Case.id).filter_by(report_id=report.id)).scalar_one_or_none()
    if session.execute(select(Hold.id).filter_by(case_id=case_id, lifted_at=None)).first():
        raise OnHold(case_id)
    reason = reason[:LONGEST_REASON]
    key_id = erase_key(session.connection(), report.id, by, reason)
    if key_id is None:
        raise AlreadyErased(report.id)
    messages = erase_key(session.connection(), transcript_of(report.id), by, reason)
    counts = _blank(session, report, by)
    of = Of(report.id, case_id, report.conversation_id, report.reference_hash)
    certify(session, REQUEST, reason, by, of, counts, [*filter(None, [key_id, messages])])
    return key_id


def erase_again(session: Session) -> int:
    """Erase what an older copy of the records brought back although it was erased meanwhile.

    Args:
        session: a writing transaction.

    Returns:
        How many chats, transcripts and records.
    """
    # The copy's trail is older than these.
    bind_again(session, "restore")
    again = 0
    for erasure, conversation in session.execute(_back(Conversation, ("transcript", "advice"))).all():
        clearing = Clearing(session, erasure.by, erasure.rule)
        if erasure.kind == "advice":
            clearing.conversation(conversation)
            audit.note(session, erasure.by, "conversation.erased", erasure.conversation_id)
        elif session.execute(select(_has_words(erasure.conversation_id))).scalar():
            clearing.transcript(conversation)
            audit.note(session, erasure.by, "transcript.erased", erasure.conversation_id)
        again += bool(clearing.counts)
    for erasure, report in session.execute(_back(Report, RECORDS)).all():
        Clearing(session, erasure.by, erasure.rule).record(report)
        audit.note(session, erasure.by, "record.erased", erasure.report_id)
        again += 1
    keys = select(Report, DataKey.erased_by).join(DataKey, DataKey.subject == Report.id)
    for report, by in session.execute(keys.where(DataKey.wrapped.is_(None))).all():
        if not report.blank:
            _blank(session, report, by)
            again += 1
    return again


def _back(table: Any, kinds: tuple[str, ...]) -> Any:
    """Give certificates of some kinds, the earliest first, with what they say is gone and is here again."""
    link = Erasure.conversation_id if table is Conversation else Erasure.report_id
    return select(Erasure, table).join(table, table.id == link).where(Erasure.kind.in_(kinds)).order_by(Erasure.at)


def _has_words(conversation_id: str) -> Any:
    return or_(*(exists().where(table.conversation_id == conversation_id) for table in (Message, DialogueState)))


def _blank(session: Session, report: Report, by: str) -> Counter[str]:
    session.refresh(report)
    conversation = session.get(Conversation, report.conversation_id)
    messages = session.execute(select(Message).filter_by(report_id=report.id)).scalars().all()
    rest = [row for table in (Amendment, Appointment, Receipt)
            for row in session.execute(select(table).filter_by(report_id=report.id)).scalars()]
    case = session.execute(select(Case).filter_by(report_id=report.id)).scalar_one_or_none()
    rows = (report, *messages, *rest, *filter(None, [case]))
    for row in rows:
        row.erase()
    for message in messages:
        # There is nothing left that could be answered.
        message.state = "done" if message.state == "waiting" else message.state
    session.execute(
        update(Delivery).where(Delivery.message_id.in_([message.id for message in messages]),
                               Delivery.state == "waiting")
        .values(state="failed", error="erased", finished_at=now()).execution_options(synchronize_session=False)
    )
    unindex(session, report.id)
    if case is not None:
        case.state, case.closed_at = "closed", case.closed_at or now()
    if report.sent_at is None:
        report.dropped_at = report.dropped_at or now()
    session.flush()
    _leave(session, conversation, report)
    audit.note(session, by, "record.erased", report.id)
    changed(session, DESK)
    changed(session, conversation.id)
    return Counter(row.__tablename__ for row in rows)


def _leave(session: Session, conversation: Conversation, report: Report) -> None:
    """Let the chat go on with something else: what comes next is another report."""
    if conversation.report_id == report.id:
        conversation.report_id = None
    others = select(Case.id).where(Case.conversation_id == conversation.id, Case.state != "closed")
    if session.execute(others.limit(1)).first() is None:
        conversation.state = "bot"
