"""The administrator's page of organisations, their invitations and the devices bound by them; no cases."""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import segno
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.orm import Session

from bot.database import now, reading, writing
from bot.desk.case_view import countries
from bot.desk.rendering import render, texts
from bot.security import invitations, organisations
from bot.security.invitations import Overview
from bot.settings import settings


def _everything() -> list[Overview]:
    with reading() as session:
        return invitations.overview(session)


async def _page(request: Request, status: int = 200, **more: Any) -> HTTPResponse:
    everything = await asyncio.to_thread(_everything)
    usual = {"fresh": None, "given": {}, "defaults": {"uses": invitations.USES, "days": invitations.DAYS}}
    return render(request, "invitations.html", status, everything=everything, now=now(), countries=countries(),
                  roles=invitations.roles(), **{**usual, **more})


async def _change(request: Request, change: Callable[[Session, str], str | None], done: str) -> HTTPResponse:
    """Do one thing in a transaction of its own; where it gives a secret, show its link this once."""
    actor = request.ctx.signed_in.account.name

    def run() -> str | None:
        with writing() as session:
            return change(session, actor)

    try:
        secret = await asyncio.to_thread(run)
    except organisations.InvitationError as error:
        return await _page(request, 422, alert=str(error), given=request.form)
    return await _page(request, notice=texts()["done"][done], fresh=_shown(request, secret) if secret else None)


def _shown(request: Request, secret: str) -> dict[str, str]:
    """Give the link and its QR code, which is a picture in the page itself: no further address holds the secret."""
    address = f"{'https' if settings().behind_tls_proxy else 'http'}://{request.host}"
    link = invitations.link(address, secret)
    return {"link": link, "qr": segno.make(link, error="m").svg_data_uri(scale=6, light="white")}


def _field(request: Request, name: str) -> str:
    return str(request.form.get(name, ""))


def _number(request: Request, name: str) -> int:
    typed = _field(request, name)
    # What is no number is none that an invitation takes, and is refused with the same words.
    return int(typed) if typed.isdecimal() and len(typed) < 6 else 0


async def invitations_page(request: Request) -> HTTPResponse:
    """Show all organisations, invitations and devices."""
    return await _page(request)


async def add_organisation(request: Request) -> HTTPResponse:
    """Make an organisation."""

    def add(session: Session, actor: str) -> None:
        organisations.add(session, _field(request, "name"), _field(request, "country"), actor)

    return await _change(request, add, "organisation_added")


async def switch_organisation(request: Request) -> HTTPResponse:
    """Disable or enable an organisation."""
    disabled = _field(request, "disabled") == "yes"

    def switch(session: Session, actor: str) -> None:
        organisations.set_disabled(session, _field(request, "id"), disabled, actor)

    return await _change(request, switch, "organisation_disabled" if disabled else "organisation_enabled")


async def add_invitation(request: Request) -> HTTPResponse:
    """Make an invitation and show its link once."""

    def add(session: Session, actor: str) -> str:
        return invitations.invite(session, _field(request, "organisation"), _field(request, "role"),
                                  _field(request, "call_back"), actor, _number(request, "uses"),
                                  _number(request, "days"))

    return await _change(request, add, "invited")


async def revoke_invitation(request: Request) -> HTTPResponse:
    """End an invitation, and where it is ticked the binding of its devices."""
    devices_too = _field(request, "devices") == "yes"

    def revoke(session: Session, actor: str) -> None:
        invitations.revoke(session, _field(request, "id"), actor, devices_too)

    return await _change(request, revoke, "invitation_and_devices" if devices_too else "invitation_revoked")


async def revoke_device(request: Request) -> HTTPResponse:
    """End the binding of one device."""

    def revoke(session: Session, actor: str) -> None:
        invitations.revoke_device(session, _field(request, "id"), actor)

    return await _change(request, revoke, "device_revoked")
