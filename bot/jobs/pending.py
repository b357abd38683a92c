"""Finds messages that the bot has not answered yet, so that they are answered once it is back."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversations.tables import Message
from bot.database import now

PATIENCE = timedelta(seconds=25)
"""How long the door itself waits for an answer; before that, the job keeps out of its way."""


def conversations_waiting(session: Session) -> list[str]:
    """Name the conversations with a message that has waited too long, the longest first.

    A message from the future waited while the clock was set back; nobody knows how long.
    """
    query = (
        select(Message.conversation_id)
        .where(Message.state == "waiting", ~Message.created_at.between(now() - PATIENCE, now() + PATIENCE))
        .order_by(Message.created_at)
    )
    return list(dict.fromkeys(session.execute(query).scalars()))
