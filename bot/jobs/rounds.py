"""Runs the clocks in rounds: alarms, drafts, refused sign-ins, the index; what fails is tried again in the next."""
from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.crash_points import reached
from bot.database import writing
from bot.jobs.alarms import repeat_alarms, ring_for_unanswered
from bot.jobs.unfinished import attend
from bot.locks import alone
from bot.referrals.reindexing import reindex
from bot.security.attempts import note_refused
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
        one_round()
        note_refused_sign_ins()
        index_some()
        heartbeat.touch()
        await asyncio.sleep(SECONDS)


def one_round() -> None:
    """Look at each clock once, unless another process is at them."""
    try:
        with writing() as session:
            if alone(session, "clocks"):
                repeat_alarms(session)
                ring_for_unanswered(session)
                attend(session)
            session.flush()
            reached("jobs.before_commit")
        reached("jobs.committed")
    except (SQLAlchemyError, SealError) as error:
        log.warning("round_failed", error=type(error).__name__)


def note_refused_sign_ins() -> None:
    """Write into the trail whose sign-in was refused; apart from the clocks, which may hold many rows."""
    try:
        with writing() as session:
            note_refused(session)
    except SQLAlchemyError as error:
        log.warning("round_failed", error=type(error).__name__)


def index_some() -> None:
    """Index some of the reports that are not found yet, as after a rotation of keys or while the key file was away."""
    try:
        next(reindex(), None)
    except (SQLAlchemyError, SealError) as error:
        log.warning("not_indexed", error=type(error).__name__)
