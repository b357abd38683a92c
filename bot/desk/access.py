"""Who may call which route of the desk: one table, and everything that is not in it is refused."""
from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from sanic.exceptions import Forbidden
from sanic.request import Request
from sanic.response import HTTPResponse, redirect, text

from bot.security import enrolment, sessions
from bot.security.accounts import ADMIN, DUTY, ROLES, SUPERVISOR
from bot.security.headers import empty_browser
from bot.settings import settings

COOKIE = "firstline_desk"
ENROLMENT_COOKIE = "firstline_enrolment"
PATH = "/desk"

PUBLIC = frozenset({"sign_in_page", "sign_in", "static"})
"""Routes without sign-in."""

ENROLLING = frozenset({"enrolment_page", "enrolment_picture", "enrol"})
"""Routes for whoever gave the right password at a first sign-in and sets up a phone; nothing else is open to them."""

_DESK, _ADMIN, _ALL = frozenset({DUTY, SUPERVISOR}), frozenset({ADMIN}), frozenset(ROLES)

RIGHTS: dict[str, frozenset[str]] = {
    "sign_out": _ALL,
    "sessions_page": _ALL,
    "end_session": _ALL,
    "queue_page": _DESK,
    "find": _DESK,
    "events": _DESK,
    "case_page": _DESK,
    "print_page": _DESK,
    "act": _DESK,
    "accounts_page": _ADMIN,
    "add_account": _ADMIN,
    "reset_password": _ADMIN,
    "reset_second_factor": _ADMIN,
    "change_role": _ADMIN,
    "switch_account": _ADMIN,
    "invitations_page": _ADMIN,
    "add_organisation": _ADMIN,
    "switch_organisation": _ADMIN,
    "add_invitation": _ADMIN,
    "revoke_invitation": _ADMIN,
    "revoke_device": _ADMIN,
}
"""Roles by route. Taking over, which only a supervisor may, is checked by the act itself too."""


def route_name(request: Request) -> str:
    """Give the last part of the route's name, as in `RIGHTS`."""
    return str(request.route.name).rsplit(".", 1)[-1] if request.route else ""


def is_live(request: Request) -> bool:
    """Tell whether a script asks, which wants a status and not the sign-in page."""
    return "x-live" in request.headers or "text/event-stream" in request.headers.get("accept", "")


async def admit(request: Request) -> HTTPResponse | None:
    """Let a request pass, send it to the sign-in, or refuse it; runs before every route of the desk.

    Args:
        request: the request; gets `ctx.signed_in`, and `ctx.enrolling` on the routes of `ENROLLING`.

    Returns:
        None where it may pass, else the answer.

    Raises:
        Forbidden: the role may not, or a form did not come from this session's own page.
    """
    name = route_name(request)
    posted = request.method not in ("GET", "HEAD")
    if posted and not _from_own_page(request):
        raise Forbidden("origin")
    request.ctx.signed_in = None
    secret = request.cookies.get(COOKIE)
    if secret and name != "static":
        request.ctx.signed_in = await asyncio.to_thread(sessions.recognise, secret)
    if name in PUBLIC:
        return None
    if name in ENROLLING:
        return await _admit_enrolling(request, posted)
    signed_in = request.ctx.signed_in
    if signed_in is None:
        return text("", status=401) if is_live(request) else redirect(f"{PATH}/sign-in", status=303)
    if signed_in.account.role not in RIGHTS.get(name, frozenset()):
        raise Forbidden("role")
    if posted and not signed_in.csrf_fits(_given_csrf(request)):
        raise Forbidden("form")
    await asyncio.to_thread(sessions.touch, signed_in.token_hash)
    return None


async def _admit_enrolling(request: Request, posted: bool) -> HTTPResponse | None:
    secret = request.cookies.get(ENROLMENT_COOKIE, "")
    request.ctx.enrolling = await asyncio.to_thread(enrolment.recognise, secret)
    if request.ctx.enrolling is None:
        return redirect(f"{PATH}/sign-in?late", status=303)
    if posted and not request.ctx.enrolling.csrf_fits(_given_csrf(request)):
        raise Forbidden("form")
    return None


def _from_own_page(request: Request) -> bool:
    # Only the host is compared: behind a proxy we do not see whether the page came by TLS.
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host", "")


def _given_csrf(request: Request) -> str:
    return request.headers.get("x-csrf") or request.form.get("csrf") or ""


def let_in(response: HTTPResponse, secret: str) -> None:
    """Give a browser its session."""
    response.cookies[COOKIE] = secret
    _guard(response, COOKIE)


def let_out(response: HTTPResponse) -> None:
    """Take a browser's session away, and all else that it holds of us."""
    _take(response, COOKIE)
    empty_browser(response)


def let_enrol(response: HTTPResponse, secret: str) -> None:
    """Give a browser the leave to set up a phone."""
    response.cookies[ENROLMENT_COOKIE] = secret
    _guard(response, ENROLMENT_COOKIE)


def end_enrolling(response: HTTPResponse) -> None:
    """Take the leave to set up a phone away."""
    _take(response, ENROLMENT_COOKIE)


def _take(response: HTTPResponse, name: str) -> None:
    response.cookies[name] = ""
    response.cookies[name]["max-age"] = 0
    _guard(response, name)


def _guard(response: HTTPResponse, name: str) -> None:
    cookie = response.cookies[name]
    cookie["path"] = PATH
    cookie["httponly"] = True
    cookie["samesite"] = "Strict"
    if settings().cookies_secure:
        cookie["secure"] = True
