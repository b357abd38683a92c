"""Repeats the alarm of a case that nobody claimed in the profile's time, and tells the responder so."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversations.messages import DESK, changed, tell
from bot.conversations.tables import Conversation
from bot.database import now
from bot.protocol.catalogue import text
from bot.referrals.reports import profile_for
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
        report = session.get(Report, case.report_id)
        conversation = session.get(Conversation, case.conversation_id)
        profile = profile_for(report.data)[0]
        minutes = profile.limits["claim_minutes_danger" if case.danger else "claim_minutes"]
        case.alarms += 1
        case.alarm_at = now() + timedelta(minutes=minutes)
        changed(session, DESK, alarm=True)
        key = "not_yet_taken" if case.acknowledged_by else "not_yet_read"
        tell(session, conversation, text(key, name=case.acknowledged_by, duty_phone=profile.duty.phone,
                                         emergency=profile.emergency))
    return len(due)
