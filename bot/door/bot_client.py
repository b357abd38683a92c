"""Talks to the bot processes over their Unix sockets, which only this user may open."""
from __future__ import annotations

import itertools
from functools import lru_cache

import httpx

from bot.settings import settings

SECONDS = 20.0
"""How long a turn may take before the door stops waiting; the turn itself goes on."""


class BotUnavailable(RuntimeError):
    """No bot process answers; what was stored stays waiting for one."""


_turns = itertools.count()


@lru_cache(maxsize=1)
def _clients() -> tuple[httpx.AsyncClient, ...]:
    return tuple(
        httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://bot", timeout=SECONDS)
        for path in settings().bot_sockets
    )


async def _call(path: str, **body: str) -> dict[str, object]:
    """Ask the bot processes in turn, until one answers; one that died is passed over, also in the middle of a turn."""
    clients, first = _clients(), next(_turns)
    for place in range(len(clients)):
        try:
            answer = await clients[(first + place) % len(clients)].post(path, json=body)
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            gone = error
        except httpx.HTTPError as error:
            raise BotUnavailable(type(error).__name__) from error
    raise BotUnavailable(type(gone).__name__) from gone


async def answer(conversation_id: str) -> None:
    """Have the bot answer whatever waits in a conversation.

    Raises:
        BotUnavailable: every process is down, or one is too slow or could not reach the database.
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
