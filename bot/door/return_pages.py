"""The routes by which a responder keeps a case under a code and opens it again."""
from __future__ import annotations

import asyncio
from typing import Any

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, redirect
from sanic.response import json as as_json

from bot.door import pages
from bot.door.devices import csrf_fits, csrf_of, device_of, from_our_page, new_device, owner_of, remember
from bot.door.returning import MAXIMUM, MINIMUM, NothingToKeep, has_conversation, keep, open_again

LENGTHS = {"minimum": MINIMUM, "maximum": MAXIMUM}


def _field(request: Request, name: str) -> str:
    return str(request.form.get(name, "")) if request.form else ""


def _keep_page(device: str, status: int = 200, **values: Any) -> HTTPResponse:
    response = pages.render("keep.html", status, csrf=csrf_of(device), lengths=LENGTHS,
                            **{"notice": "", "number": None, "reference": None, **values})
    remember(response, device)
    return response


async def _kept(owner: str, code: str) -> tuple[str, str | None, str]:
    """Keep a case; give number, reference, and the words of what stood against it."""
    said = pages.texts()["keep"]
    try:
        number, reference = await asyncio.to_thread(keep, owner, code)
    except ValueError:
        text = said["too_short"] if len(code.strip()) < MINIMUM else said["too_long"]
        return "", None, text.format(**LENGTHS)
    except NothingToKeep:
        return "", None, said["nothing"]
    return number, reference, ""


async def keep_form(request: Request) -> HTTPResponse:
    """Show the form that keeps a case."""
    return _keep_page(device_of(request) or new_device())


async def keep_case(request: Request) -> HTTPResponse:
    """Keep the case of this device under the code in the form."""
    device = device_of(request)
    if device is None or not csrf_fits(device, _field(request, "csrf")):
        return _keep_page(device or new_device(), 403, notice=pages.texts()["error"]["expired"])
    number, reference, wrong = await _kept(owner_of(device), _field(request, "code"))
    return _keep_page(device, 422 if wrong else 200, notice=wrong, number=number, reference=reference)


async def keep_script(request: Request) -> HTTPResponse:
    """Keep the case of this device, for the dialog on the chat page."""
    device = device_of(request)
    code = request.json.get("code") if isinstance(request.json, dict) else None
    if device is None or not from_our_page(request) or not isinstance(code, str):
        return as_json({"error": {"code": "refused", "text": pages.texts()["script"]["signed_out"]}}, status=403)
    number, reference, wrong = await _kept(owner_of(device), code)
    if wrong:
        return as_json({"error": {"code": "refused", "text": wrong}}, status=422)
    return as_json({"number": number, "reference": reference}, headers={"Cache-Control": "no-store"})


async def _return_page(device: str, status: int = 200, **values: Any) -> HTTPResponse:
    busy = await asyncio.to_thread(has_conversation, owner_of(device))
    response = pages.render("return.html", status, csrf=csrf_of(device), busy=busy,
                            **{"notice": "", "number": "", **values})
    remember(response, device)
    return response


async def return_form(request: Request) -> HTTPResponse:
    """Show the form that opens a kept case."""
    return await _return_page(device_of(request) or new_device())


async def return_case(request: Request) -> HTTPResponse:
    """Open a kept case on this device, under a new cookie."""
    device, number = device_of(request), _field(request, "number")
    if device is None or not csrf_fits(device, _field(request, "csrf")):
        return await _return_page(device or new_device(), 403, notice=pages.texts()["error"]["expired"], number=number)
    said = pages.texts()["return"]
    fresh = new_device()
    if not await asyncio.to_thread(open_again, number, _field(request, "code"), owner_of(device), owner_of(fresh),
                                   said["moved"]):
        return await _return_page(device, 403, notice=said["wrong"], number=number)
    response = redirect("/#latest", status=303)
    remember(response, fresh)
    return response


def add_return_routes(blueprint: Blueprint) -> None:
    """Add these routes to the blueprint of the responder's pages."""
    blueprint.add_route(keep_form, "/keep", methods=["GET"])
    blueprint.add_route(keep_case, "/keep", methods=["POST"])
    blueprint.add_route(keep_script, "/chat/keep", methods=["POST"])
    blueprint.add_route(return_form, "/return", methods=["GET"])
    blueprint.add_route(return_case, "/return", methods=["POST"])
