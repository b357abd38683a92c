"""Who is signed in where: one's own sessions, for two roles everybody's, and a button for what one may end."""
from __future__ import annotations

import asyncio
from typing import Any

from sanic.request import Request
from sanic.response import HTTPResponse

from bot.database import reading, writing
from bot.desk.rendering import render, texts
from bot.referrals import claims
from bot.security import second_factor, sessions
from bot.security.tables import Account


async def sessions_page(request: Request) -> HTTPResponse:
    """Show the open sessions."""
    return await _page(request)


async def _page(request: Request, **more: Any) -> HTTPResponse:
    account = request.ctx.signed_in.account

    def load() -> tuple[list[sessions.Open], int]:
        with reading() as session:
            return sessions.open_sessions(session, account), second_factor.recovery_codes_left(session, account.id)

    found, left = await asyncio.to_thread(load)
    return render(request, "sessions.html", found=found, left=left, own=request.ctx.signed_in.token_hash, **more)


def end(key: str, account: Account) -> str | None:
    """End a session; whoever is signed in nowhere any more holds no case, as after signing out.

    Args:
        key: the session's key.
        account: who ends it.

    Returns:
        Name of the account whose it was; None where it had ended before, or is not this account's to end.
    """
    with writing() as session:
        owner = sessions.owner_of(session, key, account)
        if owner is None:
            return None
        # Before anything is noted; and of two that end the last two sessions, the second sees the first.
        claims.hold_all_of(session, owner)
        if sessions.end(session, key, account) is None:
            return None
        if not sessions.has_any(session, owner):
            claims.release_held(session, owner)
        return str(owner.name)


async def end_session(request: Request) -> HTTPResponse:
    """End one of the sessions that the page lists."""
    name = await asyncio.to_thread(end, request.form.get("session", ""), request.ctx.signed_in.account)
    said = texts()["done"]
    return await _page(request, notice=said["ended"].format(name=name) if name else said["ended_before"])
