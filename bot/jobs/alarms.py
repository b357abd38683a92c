"""Repeats the alarm of a case that nobody claimed, or that nobody answers, in the profile's time."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversations.messages import DESK, changed
from bot.conversations.tables import Conversation, Message
from bot.database import now
from bot.protocol.catalogue import text
from bot.referrals.notices import notify
from bot.referrals.reports import content_of, profile_for
from bot.referrals.tables import Case, Report


def repeat_alarms(session: Session) -> int:
    """Repeat what is due.

    Args:
        session: a writing transaction.

    Returns:
        How many alarms were repeated.
    """
    due = session.execute(
        select(Case).where(Case.state == "open", Case.alarm_at <= now())
    ).scalars().all()
    for case in due:
        _ring(session, case, "not_yet_taken" if case.acknowledged_by else "not_yet_read")
    return len(due)


def ring_for_unanswered(session: Session) -> int:
    """Ring where an officer holds a chat and the responder's last words have waited too long.

    Args:
        session: a writing transaction.

    Returns:
        How many cases rang.
    """
    newest = (
        select(func.max(Message.seq))
        .where(Message.conversation_id == Case.conversation_id, Message.author.in_(("responder", "human")))
        .correlate(Case)
        .scalar_subquery()
    )
    held = session.execute(
        select(Case, Message.created_at)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .join(Message, Message.conversation_id == Case.conversation_id)
        .where(Case.state == "claimed", Conversation.state == "human", Message.author == "responder",
               Message.seq == newest)
    ).all()
    rung = 0
    for case, since in held:
        patience = timedelta(minutes=_minutes(session, case))
        if now() - since > patience and (case.alarm_at is None or case.alarm_at <= now()):
            _ring(session, case, "not_answered")
            rung += 1
    return rung


def _minutes(session: Session, case: Case) -> float:
    limits = profile_for(content_of(session.get(Report, case.report_id)))[0].limits
    return limits["claim_minutes_danger" if case.danger or case.missing else "claim_minutes"]


def _ring(session: Session, case: Case, sentence: str) -> None:
    report = session.get(Report, case.report_id)
    profile = profile_for(content_of(report))[0]
    case.alarms += 1
    case.alarm_at = now() + timedelta(minutes=_minutes(session, case))
    changed(session, DESK, alarm=True)
    notify(session, report, session.get(Conversation, case.conversation_id),
           text(sentence, name=case.acknowledged_by, duty_phone=profile.duty.phone, emergency=profile.emergency))
