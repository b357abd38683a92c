"""The routes of an invitation's link: a page that says what it does, and the button that does it."""
from __future__ import annotations

import asyncio

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, redirect

from bot.door import pages
from bot.door.devices import csrf_fits, csrf_of, device_of, new_device, owner_of, remember
from bot.door.joining import bound, join, offered
from bot.protocol.names import value_in_words


async def _page(secret: str, device: str, status: int = 200, notice: str = "") -> HTTPResponse:
    offer = await asyncio.to_thread(offered, secret)
    if offer is None:
        response = pages.render("join.html", 404, offer=None)
    else:
        about = pages.texts()["join"]["about"].format(
            organisation=offer.organisation, role=value_in_words("role", offer.role), call_back=offer.call_back or "-")
        response = pages.render("join.html", status, offer=offer, about=about, notice=notice, csrf=csrf_of(device),
                                address=f"/join/{secret}")
    remember(response, device)
    # The address holds the secret: no other page learns it.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def join_form(request: Request, secret: str) -> HTTPResponse:
    """Show what the link does; looking, as previews and scanners do, uses nothing up."""
    return await _page(secret, device_of(request) or new_device())


async def join_device(request: Request, secret: str) -> HTTPResponse:
    """Bind this device, and go to the chat, whose address holds no secret."""
    device = device_of(request)
    token = str(request.form.get("csrf", "")) if request.form else ""
    if device is None or not csrf_fits(device, token):
        return await _page(secret, device or new_device(), 403, pages.texts()["join"]["expired"])
    if not await asyncio.to_thread(join, secret, owner_of(device)):
        return await _page(secret, device)
    response = redirect("/", status=303)
    response.headers["Referrer-Policy"] = "no-referrer"
    remember(response, device)
    return response


async def bound_in_words(device: str) -> str:
    """Say what a device counts as; empty where it is not bound."""
    found = await asyncio.to_thread(bound, owner_of(device))
    if found is None:
        return ""
    return str(pages.texts()["join"]["bound"].format(organisation=found.organisation,
                                                     role=value_in_words("role", found.role)))


def add_join_routes(blueprint: Blueprint) -> None:
    """Add these routes to the blueprint of the responder's pages."""
    blueprint.add_route(join_form, "/join/<secret:str>", methods=["GET"])
    blueprint.add_route(join_device, "/join/<secret:str>", methods=["POST"])
