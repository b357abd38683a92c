"""The chat page's routes: the page itself, sending (script or plain form), live messages, leaving."""
from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import structlog
from sanic import Blueprint
from sanic.exceptions import NotFound, SanicException
from sanic.request import Request
from sanic.response import HTTPResponse, raw, redirect
from sanic.response import json as as_json

from bot.door import devices, gateway, pages
from bot.door.devices import CONVERSATION, csrf_fits, csrf_of, device_of, from_our_page, owner_of, remember
from bot.door.join_pages import add_join_routes, bound_in_words
from bot.door.return_pages import LENGTHS, add_return_routes
from bot.door.view import greeting, view

log = structlog.get_logger()

SHOWN_AT_ONCE = 40
"""Messages on the first page; a long chat must not make it heavy."""
BEAT_SECONDS = 15
"""How often an open page hears that the line is alive, and whether an officer is signed in."""


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _with_text(device: str, status: int, name: str, text: str, message_id: str = "") -> HTTPResponse:
    """Say that something went wrong and keep what was typed in a form that sends it again, under the same id."""
    response = pages.problem(status, name, text=text, csrf=csrf_of(device), message_id=message_id or str(uuid.uuid4()))
    remember(response, device)
    return response


async def _chat(device: str, status: int = 200, text: str = "", notice: str = "", everything: bool = False,
                ) -> HTTPResponse:
    """Render the chat of a device, with what was typed left in the box."""
    try:
        now, bound = await view(owner_of(device)), await bound_in_words(device)
    except (gateway.Unavailable, *gateway.STORE_AWAY):
        return _with_text(device, 503, "unavailable", text)
    messages = now.pop("messages")
    shown = messages if everything else messages[-SHOWN_AT_ONCE:]
    said = pages.texts()
    data = {
        "after": now["last"], "conversation": now["conversation"], "mark": devices.mark_of(device),
        "limit": gateway.MAX_CHARACTERS,
        "text": {**said["script"], **said["message"], "you": said["who"]["responder"]},
    }
    response = pages.render(
        "chat.html", status, now=now, messages=shown or [greeting()], cut=len(shown) < len(messages),
        text=text, notice=notice, data=data, csrf=csrf_of(device), message_id=str(uuid.uuid4()), duty=now["duty"],
        lengths=LENGTHS, bound=bound,
    )
    remember(response, device)
    return response


def _failure(status: int, code: str, text: str) -> HTTPResponse:
    return as_json({"error": {"code": code, "text": text}}, status=status, headers={"Cache-Control": "no-store"})


def _status_of(refused: gateway.Refused) -> int:
    return {"too_long": 413, "too_many": 429}.get(refused.code, 422)


async def page(request: Request) -> HTTPResponse:
    """Show the chat; a device without a cookie gets one."""
    return await _chat(device_of(request) or devices.new_device(), everything="all" in request.args)


async def send_form(request: Request) -> HTTPResponse:
    """Take a message from the plain form, for browsers without script."""
    device = device_of(request)
    field = request.form.get if request.form else lambda _name, default="": default
    typed = str(field("text", "")).replace("\r\n", "\n")
    tapped = str(field("tap", ""))
    if device is None or not csrf_fits(device, str(field("csrf", ""))):
        return await _chat(device or devices.new_device(), 403, typed, pages.texts()["error"]["expired"])
    if not (tapped or typed).strip():
        return await _chat(device, 422, typed, pages.texts()["error"]["empty"])
    # A tap gets another id than the text that waits in the box of the same page.
    message_id = str(uuid.uuid5(uuid.NAMESPACE_OID, str(field("id", uuid.uuid4())) + tapped))
    try:
        await gateway.post(owner_of(device), CONVERSATION, "web", tapped or typed, message_id)
    except gateway.Refused as refused:
        return await _chat(device, _status_of(refused), typed, refused.reason)
    except gateway.Unavailable:
        return _with_text(device, 503, "unavailable", typed, str(field("id", "")))
    if tapped and typed.strip():
        return await _chat(device, text=typed)
    return redirect("/#latest", status=303)


async def send_script(request: Request) -> HTTPResponse:
    """Take a message from the page's script, and answer with all that came since."""
    device = device_of(request)
    if device is None or not from_our_page(request):
        return _failure(403, "signed_out", pages.texts()["script"]["signed_out"])
    body = request.json
    if not isinstance(body, dict) or not all(isinstance(body.get(key), str) for key in ("text", "id")):
        return _failure(422, "malformed", pages.texts()["error"]["broken"])
    if not body["text"].strip() or not body["id"].isprintable() or not 0 < len(body["id"]) <= 64:
        return _failure(422, "empty", pages.texts()["error"]["empty"])
    owner = owner_of(device)
    try:
        await gateway.post(owner, CONVERSATION, "web", body["text"], body["id"])
        has = _number(str(body.get("after", "")))
        now = await view(owner, has, has)
    except gateway.Refused as refused:
        return _failure(_status_of(refused), refused.code, refused.reason)
    return as_json(now, headers={"Cache-Control": "no-store"})


async def messages_after(request: Request) -> HTTPResponse:
    """Give what came after a number, for a page whose live line does not hold."""
    device = device_of(request)
    if device is None:
        return _failure(401, "signed_out", pages.texts()["script"]["signed_out"])
    has = _number(request.args.get("after"))
    now = await view(owner_of(device), has, has)
    return as_json(now, headers={"Cache-Control": "no-store"})


async def events(request: Request) -> HTTPResponse | None:
    """Keep a page up to date for as long as it is open.

    The browser names the last number that it has when it comes back, so that nothing is missed and nothing is shown
    twice. A beat without news still tells a sleeping page that its line is dead when it stays away.
    """
    device = device_of(request)
    if device is None:
        return _failure(401, "signed_out", pages.texts()["script"]["signed_out"])
    owner = owner_of(device)
    after = max(_number(request.headers.get("last-event-id")), _number(request.args.get("after")))
    now = await view(owner, after, after)
    stream = await request.respond(
        content_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    await stream.send("retry: 3000\n\n")
    try:
        async with request.app.ctx.live.subscribe(now["conversation"] or owner) as changed:
            sent: dict[str, Any] = {}
            while True:
                changed.clear()
                now = await view(owner, after)
                after = now["last"]
                news = {key: value for key, value in now.items() if key != "messages"}
                if now["messages"] or news != sent:
                    await stream.send(f"id: {after}\nevent: news\ndata: {json.dumps(now)}\n\n")
                    sent = news
                else:
                    await stream.send("event: beat\ndata: -\n\n")
                try:
                    await asyncio.wait_for(changed.wait(), BEAT_SECONDS)
                except asyncio.TimeoutError:
                    continue
    except (gateway.Unavailable, *gateway.STORE_AWAY):
        # The browser comes back by itself, and says so to the responder until it succeeds.
        await stream.eof()
    return None


async def leave(request: Request) -> HTTPResponse:
    """Drop what the browser holds, and show a page that says nothing; a plain form or the script calls it."""
    response = redirect("/leave", status=303)
    # Another site's form comes without our cookie, so it cannot throw a responder out.
    if device_of(request):
        devices.forget(response)
    return response


async def neutral(request: Request) -> HTTPResponse:
    """Show a page without any hint of what this site is for."""
    return pages.render("leave.html")


async def own_file(request: Request, version: str, name: str) -> HTTPResponse:
    """Give our stylesheet, a script or the icon; the version in the address allows the browser to keep it."""
    if name not in pages.own_files():
        raise NotFound
    content, content_type = pages.own_files()[name]
    return raw(content, content_type=content_type, headers={"Cache-Control": "public, max-age=31536000, immutable"})


async def went_wrong(request: Request, exception: Exception) -> HTTPResponse:
    """Answer any error of these pages kindly, without a trace of how it is built."""
    wants_json = request.path.startswith("/chat/") and request.path != "/chat/send"
    status = exception.status_code if isinstance(exception, SanicException) else 500
    name = "not_found" if status == 404 else "broken"
    if isinstance(exception, (gateway.Unavailable, *gateway.STORE_AWAY)):
        status, name = 503, "unavailable"
    if status >= 500:
        # The route, and not the address, which may be an invitation's secret.
        log.error("page_failed", method=request.method, route=request.uri_template, error=type(exception).__name__,
                  exc_info=exception)
    if wants_json:
        return _failure(status, name, pages.texts()["error"][name])
    device = device_of(request)
    if device and request.path == "/chat/send" and request.form:
        return _with_text(device, status, name, request.form.get("text", ""), request.form.get("id", ""))
    return pages.problem(status, name)


def chat_blueprint() -> Blueprint:
    """Build the blueprint of the responder's pages; the application's `ctx.live` wakes them."""
    blueprint = Blueprint("chat")
    blueprint.add_route(page, "/", methods=["GET"])
    blueprint.add_route(send_form, "/chat/send", methods=["POST"])
    blueprint.add_route(send_script, "/chat/messages", methods=["POST"], name="send_script")
    blueprint.add_route(messages_after, "/chat/messages", methods=["GET"])
    blueprint.add_route(events, "/chat/events", methods=["GET"])
    blueprint.add_route(leave, "/chat/leave", methods=["POST"])
    blueprint.add_route(neutral, "/leave", methods=["GET"])
    blueprint.add_route(own_file, "/static/page/<version:str>/<name:str>", methods=["GET"])
    add_return_routes(blueprint)
    add_join_routes(blueprint)
    blueprint.exception(Exception)(went_wrong)
    return blueprint
