"""Runs the jobs in rounds; a job that fails is logged and tried again in the next round."""
from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.database import reading, writing
from bot.door import bot_client
from bot.jobs.alarms import repeat_alarms, ring_for_unanswered
from bot.jobs.pending import conversations_waiting
from bot.jobs.unfinished import attend
from bot.security.sealing import SealError

log = structlog.get_logger()

SECONDS = 2
ALIVE_SECONDS = 30
"""Age from which the sign of life counts as missing."""


async def run(heartbeat: Path) -> None:
    """Run rounds for ever.

    Args:
        heartbeat: file that is touched at each round.
    """
    heartbeat.parent.mkdir(parents=True, exist_ok=True)
    while True:
        await one_round()
        heartbeat.touch()
        await asyncio.sleep(SECONDS)


async def one_round() -> None:
    """Run each job once."""
    try:
        with writing() as session:
            repeat_alarms(session)
            ring_for_unanswered(session)
            attend(session)
        with reading() as session:
            waiting = conversations_waiting(session)
        for conversation in waiting:
            await bot_client.answer(conversation)
    except (SQLAlchemyError, SealError, bot_client.BotUnavailable) as error:
        log.warning("round_failed", error=type(error).__name__)
