"""Erases a record for good: its data key, and so every copy of it anywhere, and what stands here."""
from __future__ import annotations

from functools import partial

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.conversations.messages import DESK, changed, hold
from bot.conversations.tables import Conversation, Delivery, Message
from bot.database import now
from bot.referrals.index import unindex
from bot.referrals.tables import Amendment, Case, Report
from bot.security import audit
from bot.security.keys import erase_key
from bot.security.tables import DataKey

LONGEST_REASON = 200


class AlreadyErased(Exception):
    """The record was erased before."""


def erase(session: Session, report: Report, by: str, reason: str) -> str:
    """Erase a report with its messages, additions and decisions; its case is closed, times and routes stay.

    Args:
        session: a writing transaction.
        report: the report.
        by: who erases.
        reason: why; it is kept in the clear beside the erased key, so it must name nobody.

    Returns:
        Id of the erased key, for the certificate.

    Raises:
        AlreadyErased: it was erased before.
    """
    hold(session, report.conversation_id)
    key_id = erase_key(session.connection(), report.id, by, reason[:LONGEST_REASON])
    if key_id is None:
        raise AlreadyErased(report.id)
    _blank(session, report, by)
    return key_id


def erase_again(session: Session) -> int:
    """Blank and close what an older copy of the records brought back although its key was erased meanwhile.

    Args:
        session: a writing transaction.

    Returns:
        How many reports.
    """
    erased = select(DataKey.subject, DataKey.erased_by).where(DataKey.wrapped.is_(None))
    by = {subject: who for subject, who in session.execute(erased)}
    back = [report for report in map(partial(session.get, Report), by) if report is not None and not report.blank]
    for report in back:
        _blank(session, report, by[report.id])
    return len(back)


def _blank(session: Session, report: Report, by: str) -> None:
    session.refresh(report)
    conversation = session.get(Conversation, report.conversation_id)
    messages = session.execute(select(Message).filter_by(report_id=report.id)).scalars().all()
    amendments = session.execute(select(Amendment).filter_by(report_id=report.id)).scalars().all()
    case = session.execute(select(Case).filter_by(report_id=report.id)).scalar_one_or_none()
    for row in (report, *messages, *amendments, *filter(None, [case])):
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


def _leave(session: Session, conversation: Conversation, report: Report) -> None:
    """Let the chat go on with something else: what comes next is another report."""
    if conversation.report_id == report.id:
        conversation.report_id = None
    others = select(Case.id).where(Case.conversation_id == conversation.id, Case.state != "closed")
    if session.execute(others.limit(1)).first() is None:
        conversation.state = "bot"
