"""What nobody sent, or the bot did not read, does not vanish: first a reminder in the chat, then the desk has it."""
from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from bot.conversations.messages import hold_if_free
from bot.conversations.tables import Conversation, Message
from bot.database import now
from bot.protocol.catalogue import text
from bot.protocol.report import new_report
from bot.referrals.drafts import about_a_child
from bot.referrals.notices import notify
from bot.referrals.reports import (
    StaleReport,
    content_of,
    current_report,
    open_case,
    profile_for,
    readable,
    store_content,
)
from bot.referrals.tables import Case, Report

OLDEST = timedelta(days=7)
"""Age beyond which a draft is no longer looked at: it has been on the desk since its first hour."""


def attend(session: Session) -> tuple[int, int]:
    """Remind of drafts that rest, and put in front of the desk those that rest longer, and words left unread.

    Args:
        session: a writing transaction.

    Returns:
        How many were reminded of, and how many the desk got.
    """
    reminded = surfaced = 0
    for report, conversation, last in _resting(session):
        limits = profile_for(content_of(report))[0].limits
        # A word from the future was written before the clock was set back: better early than late.
        age = abs(now() - last)
        if age > timedelta(minutes=limits["unfinished_minutes"]) or not readable(report):
            open_case(session, report, conversation, "unfinished")
            surfaced += 1
        elif age > timedelta(minutes=limits["reminder_minutes"]) and not report.data.get("reminded"):
            reminded += _remind(session, report, conversation)
    for conversation, at in _unread(session):
        known = session.get(Report, conversation.report_id) if conversation.report_id else None
        limits = profile_for(content_of(known) if known else new_report())[0].limits
        if abs(now() - at) > timedelta(minutes=limits["reminder_minutes"]):
            open_case(session, current_report(session, conversation), conversation, "unfinished")
            surfaced += 1
    return reminded, surfaced


def _unread(session: Session) -> Iterator[tuple[Conversation, datetime]]:
    """Give the conversations whose last word the bot failed on, or has not read, and that the desk does not have.

    Each is held, as by `_resting`.
    """
    newest = (
        select(func.max(Message.seq))
        .where(Message.conversation_id == Conversation.id, Message.author == "responder")
        .correlate(Conversation).scalar_subquery()
    )
    query = (
        select(Conversation, Message.created_at).join(Message, Message.conversation_id == Conversation.id)
        .where(Message.state.in_(("waiting", "failed")), Message.author == "responder", Message.seq == newest,
               Conversation.state == "bot", Message.created_at > now() - OLDEST)
    )
    for conversation, _ in session.execute(query).all():
        if hold_if_free(session, conversation.id) is not None:
            yield from session.execute(query.where(Conversation.id == conversation.id)
                                       .execution_options(populate_existing=True)).all()


def _resting(session: Session) -> Iterator[tuple[Report, Conversation, datetime]]:
    """Give the drafts about a child that the desk does not have, with the time of the responder's last word.

    Each comes with its conversation held; where somebody is writing in it, the next round looks again.
    """
    last = (
        select(func.max(Message.created_at))
        .where(Message.conversation_id == Report.conversation_id, Message.author == "responder")
        .correlate(Report).scalar_subquery()
    )
    query = (
        select(Report, Conversation, last).select_from(Report)
        .join(Conversation, Conversation.id == Report.conversation_id)
        .where(Report.sent_at.is_(None), Report.dropped_at.is_(None), Report.created_at > now() - OLDEST,
               ~exists().where(Case.report_id == Report.id))
    )
    for report, conversation, at in session.execute(query).all():
        if not about_a_child(report) or at is None or hold_if_free(session, conversation.id) is None:
            continue
        yield from session.execute(query.where(Report.id == report.id).execution_options(populate_existing=True)).all()


def _remind(session: Session, report: Report, conversation: Conversation) -> bool:
    content = deepcopy(report.data)
    content["reminded"] = True
    profile = profile_for(content)[0]
    try:
        store_content(session, report.id, report.version, content)
    except StaleReport:
        # Somebody is writing this very moment: no reminder is needed.
        return False
    notify(session, report, conversation,
           text("reminder", duty_phone=profile.duty.phone, emergency=profile.emergency,
                minutes=round(profile.limits["unfinished_minutes"])))
    return True
