"""Sends notices to people outside, and again until they are taken; else the desk hears of it."""
from __future__ import annotations

import asyncio

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.conversations.messages import DESK, changed
from bot.crash_points import reached
from bot.database import writing
from bot.jobs.delivery import client
from bot.notices.mail import NotSent
from bot.notices.outbox import Letter, not_sent, sent, take_due
from bot.notices.sending import send
from bot.notices.tables import Notice
from bot.referrals.reports import readable
from bot.referrals.tables import Report
from bot.security.sealing import SealError

log = structlog.get_logger()

SECONDS = 1.0
ERROR_LENGTH = Notice.error.type.length


async def run() -> None:
    """Send for ever."""
    async with client() as http:
        while True:
            try:
                taken = await send_due(http)
            except (SQLAlchemyError, SealError) as error:
                log.warning("notices_wait", error=type(error).__name__)
                taken = 0
            if not taken:
                await asyncio.sleep(SECONDS)


async def send_due(http: httpx.AsyncClient) -> int:
    """Send what is due.

    Args:
        http: client for the webhook.

    Returns:
        How many were tried.

    Raises:
        SQLAlchemyError: the database is away; what was sent meanwhile will be sent again under the same id.
    """
    with writing() as session:
        letters = [_letter(session, notice) for notice in take_due(session)]
    if letters:
        reached("notice.taken")
    await asyncio.gather(*(_send(http, letter) for letter in letters))
    return len(letters)


def _letter(session: Session, notice: Notice) -> Letter:
    report = session.get(Report, notice.report_id) if notice.report_id else None
    reference = report.reference if report is not None and not report.erased and readable(report) else None
    return Letter(notice.id, notice.kind, notice.priority, notice.address, reference, notice.figures,
                  notice.created_at)


async def _send(http: httpx.AsyncClient, letter: Letter) -> None:
    failed = None
    try:
        await send(http, letter)
    except NotSent as error:
        failed = str(error)[:ERROR_LENGTH]
    reached("notice.sent")
    with writing() as session:
        if failed is None:
            sent(session, letter)
        elif not_sent(session, letter, failed):
            log.error("notice_failed", notice=letter.id, kind=letter.kind)
            changed(session, DESK, alarm=True)
        session.flush()
        reached("notice.before_commit")
    reached("notice.noted")
