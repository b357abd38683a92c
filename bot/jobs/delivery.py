"""Sends what must go to a channel's own address: signed, and again until it is taken; else the desk hears of it."""
from __future__ import annotations

import asyncio
import json
import time

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.conversations.delivery import Parcel, not_sent, sent, take_due
from bot.conversations.messages import as_json, hold
from bot.conversations.tables import Conversation
from bot.crash_points import reached
from bot.database import writing
from bot.referrals.reports import current_report, open_case
from bot.referrals.tables import Report
from bot.security.sealing import SealError
from bot.security.webhooks import signature

log = structlog.get_logger()

SECONDS = 1.0
PATIENCE = 10.0
"""Seconds that a channel has to take a message."""


async def run() -> None:
    """Send for ever."""
    async with client() as http:
        while True:
            try:
                taken = await deliver(http)
            except (SQLAlchemyError, SealError) as error:
                log.warning("delivery_waits", error=type(error).__name__)
                taken = 0
            if not taken:
                await asyncio.sleep(SECONDS)


def client() -> httpx.AsyncClient:
    """Make the client that sends: it follows nobody elsewhere and keeps nothing."""
    return httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False, trust_env=False)


async def deliver(http: httpx.AsyncClient) -> int:
    """Send what is due.

    Args:
        http: from `client`.

    Returns:
        How many were tried.

    Raises:
        SQLAlchemyError: the database is away; what was sent meanwhile will be sent again under the same id.
    """
    with writing() as session:
        parcels = take_due(session)
    if parcels:
        reached("delivery.taken")
    await asyncio.gather(*(_send(http, parcel) for parcel in parcels))
    return len(parcels)


async def _send(http: httpx.AsyncClient, parcel: Parcel) -> None:
    error = await _post(http, parcel, parcel.url) if parcel.url else "token revoked"
    reached("delivery.sent")
    with writing() as session:
        hold(session, parcel.conversation.id)
        if error is None:
            sent(session, parcel)
        elif not_sent(session, parcel, error):
            _tell_desk(session, parcel)
        session.flush()
        reached("delivery.before_commit")
    reached("delivery.noted")


async def _post(http: httpx.AsyncClient, parcel: Parcel, url: str) -> str | None:
    """Send; None where it was taken, else the kind of the failure."""
    if parcel.name is None:
        # Whom it is for cannot be read; the key may be back at a later attempt.
        return "conversation unreadable"
    body = json.dumps({"delivery": parcel.id, "conversation": parcel.name,
                       "message": as_json(parcel.message, parcel.conversation)}).encode()
    at = str(int(time.time()))
    headers = {"Content-Type": "application/json", "Firstline-Delivery": parcel.id, "Firstline-Time": at,
               "Firstline-Signature": signature(parcel.token_id, parcel.salt, at, body)}
    try:
        answer = await http.post(url, content=body, headers=headers)
    except httpx.HTTPError as failed:
        return type(failed).__name__
    return None if answer.is_success else f"status {answer.status_code}"


def _tell_desk(session: Session, parcel: Parcel) -> None:
    """Ring: a responder does not get what was said to them, so somebody must call."""
    log.error("delivery_failed", delivery=parcel.id)
    conversation = session.get(Conversation, parcel.conversation.id)
    report = session.get(Report, parcel.message.report_id) if parcel.message.report_id else None
    open_case(session, report or current_report(session, conversation), conversation, "undelivered")
