"""The administrator's page: accounts, new passwords shown once; no cases."""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.orm import Session

from bot.database import reading, writing
from bot.desk.rendering import render, texts
from bot.referrals import claims
from bot.security import accounts


def _everyone() -> list[Any]:
    with reading() as session:
        return accounts.everyone(session)


async def _page(request: Request, status: int = 200, **more: Any) -> HTTPResponse:
    everyone = await asyncio.to_thread(_everyone)
    return render(request, "accounts.html", status, **{"everyone": everyone, "fresh": None, "given": {}, **more})


async def _change(request: Request, change: Callable[[Session], str | None], name: str, done: str) -> HTTPResponse:
    def run() -> str | None:
        with writing() as session:
            return change(session)

    try:
        password = await asyncio.to_thread(run)
    except accounts.AccountError as error:
        return await _page(request, 422, alert=str(error), given=request.form)
    notice = texts()["done"][done].format(name=name)
    return await _page(request, notice=notice, fresh=(name, password) if password else None)


async def accounts_page(request: Request) -> HTTPResponse:
    """Show all accounts."""
    return await _page(request)


async def add_account(request: Request) -> HTTPResponse:
    """Make an account and show its password once."""
    form, actor = request.form, request.ctx.signed_in.account.name
    name = form.get("name", "").strip().lower()
    role, display = form.get("role", ""), form.get("display", "")
    return await _change(request, lambda session: accounts.add(session, name, role, display, actor), name, "added")


async def reset_password(request: Request) -> HTTPResponse:
    """Draw a new password and show it once."""
    name, actor = request.form.get("name", ""), request.ctx.signed_in.account.name
    return await _change(request, lambda session: accounts.reset_password(session, name, actor), name, "reset")


async def switch_account(request: Request) -> HTTPResponse:
    """Disable or enable an account."""
    name, actor = request.form.get("name", ""), request.ctx.signed_in.account.name
    disabled = request.form.get("disabled") == "yes"

    def switch(session: Session) -> None:
        accounts.set_disabled(session, name, disabled, actor)
        if disabled:
            # Nobody can work on what a disabled officer holds.
            claims.release_held(session, accounts.named(session, name))

    return await _change(request, switch, name, "disabled" if disabled else "enabled")
