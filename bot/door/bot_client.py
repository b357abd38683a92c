"""Talks to the bot process over its Unix socket, which only this user may open."""
from __future__ import annotations

from functools import lru_cache

import httpx

from bot.settings import settings

SECONDS = 20.0
"""How long a turn may take before the door stops waiting; the turn itself goes on."""


class BotUnavailable(RuntimeError):
    """The bot process does not answer; what was stored stays waiting for it."""


@lru_cache(maxsize=1)
def _client() -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(settings().bot_socket))
    return httpx.AsyncClient(transport=transport, base_url="http://bot", timeout=SECONDS)


async def _call(path: str, **body: str) -> dict[str, object]:
    try:
        answer = await _client().post(path, json=body)
        answer.raise_for_status()
        return dict(answer.json())
    except httpx.HTTPError as error:
        raise BotUnavailable(type(error).__name__) from error


async def answer(conversation_id: str) -> None:
    """Have the bot answer whatever waits in a conversation.

    Raises:
        BotUnavailable: the process is down, too slow, or could not reach the database.
    """
    await _call("/turn", conversation=conversation_id)


async def give_back(conversation_id: str) -> None:
    """Have the bot go on after a person handed the chat back.

    Raises:
        BotUnavailable: the process is down; the responder's next message brings the bot back.
    """
    await _call("/give-back", conversation=conversation_id)


async def health() -> dict[str, object]:
    """Ask the bot process how it is.

    Raises:
        BotUnavailable: it is down.
    """
    return await _call("/health")
