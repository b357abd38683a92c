"""Repeats the alarm of a case that nobody claimed, or that nobody answers, in the profile's time."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, not_, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from bot.conversations.messages import DESK, changed, hold_if_free
from bot.conversations.tables import Conversation, Message
from bot.database import now
from bot.protocol.catalogue import text
from bot.protocol.profile import shortest
from bot.referrals.notices import notify
from bot.referrals.reports import content_of, profile_for, tell_outside
from bot.referrals.tables import Case, Report

AT_ONCE = 50
"""Alarms of one round; the others ring in the next ones, so that on SQLite nobody waits long to write meanwhile."""


def repeat_alarms(session: Session) -> int:
    """Repeat what is due, danger first.

    Args:
        session: a writing transaction.

    Returns:
        How many alarms were repeated, `AT_ONCE` at most.
    """
    waiting = select(Case).where(Case.state == "open", not_(_within_every_patience(Case.alarm_at, 0, 1)))
    urgent_first = waiting.order_by(Case.danger.desc(), Case.missing.desc(), Case.alarm_at)
    due = [case.id for case in session.execute(urgent_first).scalars() if _is_due(case, _patience(session, case))]
    rung = 0
    for (case,) in _held(session, waiting.where(Case.id.in_(due[:AT_ONCE]))):
        # Held, it may have rung for another reason meanwhile.
        if _is_due(case, _patience(session, case)):
            _ring(session, case, "not_yet_taken" if case.acknowledged_by else "not_yet_read")
            rung += 1
    return rung


def ring_for_unanswered(session: Session) -> int:
    """Ring where an officer holds a chat and the responder's last words have waited too long.

    Args:
        session: a writing transaction.

    Returns:
        How many cases rang, `AT_ONCE` at most.
    """
    newest = (
        select(func.max(Message.seq))
        .where(Message.conversation_id == Case.conversation_id, Message.author.in_(("responder", "human")))
        .correlate(Case)
        .scalar_subquery()
    )
    unanswered = (
        select(Case, Message.created_at).select_from(Case)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .join(Message, Message.conversation_id == Case.conversation_id)
        .where(Case.state == "claimed", Conversation.state == "human", Message.author == "responder",
               Message.seq == newest, not_(_within_every_patience(Message.created_at, -1, 1)),
               or_(Case.alarm_at.is_(None), not_(_within_every_patience(Case.alarm_at, 0, 1))))
    )
    rung = 0
    for case, since in _held(session, unanswered):
        patience = _patience(session, case)
        if abs(now() - since) > patience and (case.alarm_at is None or _is_due(case, patience)):
            _ring(session, case, "not_answered")
            rung += 1
            if rung == AT_ONCE:
                break
    return rung


def _within_every_patience(at: Any, before: int, after: int) -> ColumnElement[bool]:
    """Give the condition that a time is so near that no alarm of its case is due, whatever its country's patience.

    Which country it is stands in the report, and to open every report that waits at every round would take long.

    Args:
        at: the column.
        before: how often the patience it may lie back.
        after: how often the patience it may lie ahead.
    """
    urgent, present = or_(Case.danger, Case.missing), now()

    def near(limit: str) -> Any:
        patience = timedelta(minutes=shortest(limit))
        return and_(at > present + before * patience, at <= present + after * patience)

    return or_(and_(urgent, near("claim_minutes_danger")), and_(not_(urgent), near("claim_minutes")))


def _is_due(case: Case, every: timedelta) -> bool:
    """Tell whether a case rings now; none is ever further ahead than `every`, unless the clock was set back."""
    return bool(case.alarm_at <= now() or case.alarm_at > now() + every)


def _held(session: Session, query: Any) -> Iterator[Any]:
    """Give the rows of a query on cases, each with its conversation held and as it is now.

    Where somebody is writing in the conversation this very moment, the next round looks again.
    """
    found = session.execute(query.with_only_columns(Case.id, Case.conversation_id, maintain_column_froms=True)).all()
    for case_id, conversation_id in found:
        if hold_if_free(session, conversation_id):
            yield from session.execute(query.where(Case.id == case_id).execution_options(populate_existing=True)).all()


def _patience(session: Session, case: Case) -> timedelta:
    limits = profile_for(content_of(session.get(Report, case.report_id)))[0].limits
    return timedelta(minutes=limits["claim_minutes_danger" if case.danger or case.missing else "claim_minutes"])


def _ring(session: Session, case: Case, sentence: str) -> None:
    report = session.get(Report, case.report_id)
    profile = profile_for(content_of(report))[0]
    case.alarms += 1
    case.alarm_at = now() + _patience(session, case)
    changed(session, DESK, alarm=True)
    tell_outside(session, "rings", case)
    notify(session, report, session.get(Conversation, case.conversation_id),
           text(sentence, name=case.acknowledged_by, duty_phone=profile.duty.phone, emergency=profile.emergency))
