"""Has messages answered that the bot has not answered yet, once it is back.

This goes on beside the clocks of `rounds.py`: however long a bot takes, no alarm waits for it.
"""
from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.conversations.tables import Message
from bot.database import now, reading
from bot.door import bot_client

log = structlog.get_logger()

SECONDS = 2
PATIENCE = timedelta(seconds=25)
"""How long the door itself waits for an answer; before that, the job keeps out of its way."""


async def run() -> None:
    """Hand over for ever."""
    while True:
        await hand_over()
        await asyncio.sleep(SECONDS)


async def hand_over() -> None:
    """Have the bot answer each conversation that waits; one that fails keeps nobody behind it waiting."""
    try:
        with reading() as session:
            waiting = conversations_waiting(session)
    except SQLAlchemyError as error:
        log.warning("handing_over_failed", error=type(error).__name__)
        return
    failed = 0
    for conversation in waiting:
        try:
            await bot_client.answer(conversation)
        except bot_client.BotUnavailable:
            failed += 1
    if failed:
        log.warning("conversations_wait_on", failed=failed, tried=len(waiting))


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
