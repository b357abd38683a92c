"""The administrator's page: accounts, new passwords shown once, second factors, roles; no cases."""
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
    return render(request, "accounts.html", status,
                  **{"everyone": everyone, "roles": accounts.ROLES, "fresh": None, "given": {}, **more})


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

    def reset(session: Session) -> str:
        _give_back(session, name)
        return accounts.reset_password(session, name, actor)

    return await _change(request, reset, name, "reset")


async def reset_second_factor(request: Request) -> HTTPResponse:
    """Have the next sign-in of an account set up a phone anew."""
    name, actor = request.form.get("name", ""), request.ctx.signed_in.account.name

    def reset(session: Session) -> None:
        _give_back(session, name)
        accounts.reset_second_factor(session, name, actor)

    return await _change(request, reset, name, "second_factor")


async def change_role(request: Request) -> HTTPResponse:
    """Give an account another role."""
    name, actor = request.form.get("name", ""), request.ctx.signed_in.account.name

    def change(session: Session) -> None:
        _give_back(session, name)
        accounts.set_role(session, name, request.form.get("role", ""), actor)

    return await _change(request, change, name, "role")


async def switch_account(request: Request) -> HTTPResponse:
    """Disable or enable an account."""
    name, actor = request.form.get("name", ""), request.ctx.signed_in.account.name
    disabled = request.form.get("disabled") == "yes"

    def switch(session: Session) -> None:
        if disabled:
            _give_back(session, name)
        accounts.set_disabled(session, name, disabled, actor)

    return await _change(request, switch, name, "disabled" if disabled else "enabled")


def _give_back(session: Session, name: str) -> None:
    # Whoever is signed out cannot work on what they hold; while the account still is what it was when it claimed.
    claims.release_held(session, accounts.named(session, name))
