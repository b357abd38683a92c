"""The data protection officer's page: who did and read what on a record, and its legal hold; no content of it."""
from __future__ import annotations

import asyncio
from collections.abc import Callable

from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.orm import Session

from bot.database import reading, writing
from bot.desk.acts import problem, status_of
from bot.desk.overdue import overdue_for
from bot.desk.rendering import render, texts
from bot.referrals.cases import CaseError
from bot.referrals.holds import lift_hold, set_hold
from bot.referrals.trail import Trail, read_trail
from bot.security.tables import Account

LONGEST_SUBJECT = 64


async def audit_page(request: Request) -> HTTPResponse:
    """Ask for a record."""
    account = request.ctx.signed_in.account

    def load() -> str | None:
        with reading() as session:
            return overdue_for(session, account)

    overdue = await asyncio.to_thread(load)
    return render(request, "audit.html", subject="", trail=None, overdue=overdue, reason="")


async def show_audit(request: Request) -> HTTPResponse:
    """Show the trail of a record; asked by a form, so that no reference stands in an address."""
    return await _show(request)


async def set_hold_on(request: Request) -> HTTPResponse:
    """Set a legal hold on a case of the record that is shown."""
    return await _hold(request, set_hold, "hold")


async def lift_hold_on(request: Request) -> HTTPResponse:
    """Lift the legal hold of a case of the record that is shown."""
    return await _hold(request, lift_hold, "lift")


async def _hold(request: Request, do: Callable[[Session, str, Account, str], None], name: str) -> HTTPResponse:
    account, case_id = request.ctx.signed_in.account, request.form.get("case", "")
    reason = request.form.get("reason", "")

    def act() -> None:
        with writing() as session:
            do(session, case_id, account, reason)

    try:
        await asyncio.to_thread(act)
    except CaseError as error:
        return await _show(request, status_of(error), problem(error), reason)
    return await _show(request, notice=texts()["done"][name])


async def _show(request: Request, status: int = 200, alert: str | None = None, reason: str = "",
                notice: str | None = None) -> HTTPResponse:
    account = request.ctx.signed_in.account
    subject = request.form.get("subject", "").strip()[:LONGEST_SUBJECT]

    def load() -> tuple[Trail, str | None]:
        with writing() as session:
            return read_trail(session, subject, account.name), overdue_for(session, account)

    trail, overdue = await asyncio.to_thread(load)
    known = bool(trail.entries or trail.certificates)
    return render(request, "audit.html", status if known or alert else 404, subject=subject, trail=trail,
                  overdue=overdue, alert=alert, notice=notice, reason=reason)
