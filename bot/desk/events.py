"""The live line of the desk's pages: says that something changed; the page then asks for itself again."""
from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from sanic.request import Request
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations.messages import DESK
from bot.desk.access import COOKIE
from bot.security import sessions

BEAT_SECONDS = 4.0
"""A page that hears nothing for ten seconds says that its line is lost."""

RETRY = "retry: 2000\n\n"


async def events(request: Request) -> None:
    """Keep a page told for as long as it is open.

    The page refreshes itself when the line opens, so what happened while it was away is never missed.

    Args:
        request: `conversation` in its query names a chat to watch beside the desk.
    """
    stream = await request.respond(content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
    await stream.send(RETRY)
    topics = {DESK, *request.args.getlist("conversation", [])}
    async with AsyncExitStack() as stack:
        watched = [await stack.enter_async_context(request.app.ctx.live.subscribe(topic)) for topic in sorted(topics)]
        while await _still_signed_in(request):
            news = any(event.is_set() for event in watched)
            for event in watched:
                event.clear()
            await stream.send(f"event: {'changed' if news else 'beat'}\ndata: -\n\n")
            await _first_of(watched)
    await stream.send("event: out\ndata: -\n\n")


async def _first_of(watched: list[asyncio.Event]) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in watched]
    try:
        await asyncio.wait(waiting, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


async def _still_signed_in(request: Request) -> bool:
    def look() -> bool:
        signed_in = sessions.recognise(request.cookies.get(COOKIE, ""))
        if signed_in is None:
            return False
        sessions.touch(signed_in.token_hash)
        return True

    try:
        return await asyncio.to_thread(look)
    except SQLAlchemyError:
        # The store is away for a moment; the page stays open.
        return True
