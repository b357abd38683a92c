"""Tells the responder what the desk did; where a chat has several cases, the notice says which one is meant."""
from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversations.messages import tell
from bot.conversations.tables import Conversation
from bot.protocol.wording import describe
from bot.referrals.reports import content_of, readable
from bot.referrals.tables import Case, Report
from bot.referrals.told import told


def notify(session: Session, report: Report, conversation: Conversation, sentence: str) -> None:
    """Say something about one report to its responder.

    Args:
        session: a writing transaction.
        report: the report meant.
        conversation: its conversation.
        sentence: what is said.
    """
    cases = select(func.count()).select_from(Case).where(Case.conversation_id == conversation.id)
    if session.execute(cases).scalar_one() > 1:
        sentence = told("about", which=_name(report), sentence=sentence)
    tell(session, conversation, sentence, report_id=report.id)


def _name(report: Report) -> str:
    if readable(report) and report.reference:
        return str(report.reference)
    people = ", ".join(describe(person) for person in content_of(report)["persons"])
    return told("not_sent_yet", people=people or told("nobody_described"))
