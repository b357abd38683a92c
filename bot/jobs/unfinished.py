"""Drafts about a child that nobody sent do not vanish: first a reminder in the chat, then the desk has them."""
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
from bot.referrals.drafts import about_a_child
from bot.referrals.notices import notify
from bot.referrals.reports import StaleReport, content_of, open_case, profile_for, readable, store_content
from bot.referrals.tables import Case, Report

OLDEST = timedelta(days=7)
"""Age beyond which a draft is no longer looked at: it has been on the desk since its first hour."""


def attend(session: Session) -> tuple[int, int]:
    """Remind of drafts that rest, and put those that rest longer in front of the desk.

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
    return reminded, surfaced


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
