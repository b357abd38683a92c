"""Sends a notice to wherever its address is: a mailbox, or the webhook for the desk's notices."""
from __future__ import annotations

import asyncio
import json
import time

import httpx

from bot.notices import mail
from bot.notices.mail import NotSent
from bot.notices.outbox import Letter
from bot.security.webhooks import key_of, signature
from bot.settings import settings

SIGNER = "notices"
"""What stands in place of a channel's token where the webhook's key is worked out; its salt is the address."""


def webhook_key(address: str) -> str:
    """Give the key that signs what goes to the webhook; another address has another one."""
    return key_of(SIGNER, address)


async def send(http: httpx.AsyncClient, letter: Letter) -> None:
    """Send a notice.

    Args:
        http: client for the webhook.
        letter: the notice.

    Raises:
        NotSent: it was not taken, or nobody said so.
    """
    named = settings().notices
    if letter.address == named.webhook:
        await _post(http, letter)
    elif named.mail is not None:
        # The mail client of the standard library waits for its server; the other notices must not.
        await asyncio.to_thread(mail.send, named.mail, letter)


async def _post(http: httpx.AsyncClient, letter: Letter) -> None:
    body = json.dumps({"notice": letter.id, "kind": letter.kind, "reference": letter.reference,
                       "priority": letter.priority}).encode()
    at = str(int(time.time()))
    headers = {"Content-Type": "application/json", "Firstline-Delivery": letter.id, "Firstline-Time": at,
               "Firstline-Signature": signature(SIGNER, letter.address, at, body)}
    try:
        answer = await http.post(letter.address, content=body, headers=headers)
    except httpx.HTTPError as failed:
        raise NotSent("webhook", type(failed).__name__) from failed
    if not answer.is_success:
        raise NotSent("webhook", f"status {answer.status_code}")
