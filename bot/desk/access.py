"""Who may call which route of the desk, by the table `data/access.yml`; everything that is not in it is refused."""
from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sanic.exceptions import Forbidden
from sanic.request import Request
from sanic.response import HTTPResponse, redirect, text

from bot.door import devices
from bot.protocol.loading import load
from bot.security import browsers, enrolment, sessions
from bot.security.accounts import ROLES
from bot.security.headers import empty_browser
from bot.settings import settings

COOKIE = "firstline_desk"
ENROLMENT_COOKIE = "firstline_enrolment"
BROWSER_COOKIE = "firstline_browser"
PATH = "/desk"


@dataclass(frozen=True)
class ActRule:
    """Who may do an act.

    Args:
        roles: the roles that may.
        own: the case must be claimed by whoever acts.
    """

    roles: frozenset[str]
    own: bool


_NAMES = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "minLength": 1}}
_ROLES = {**_NAMES, "items": {"enum": list(ROLES)}}
_ACT = {"type": "object", "additionalProperties": False, "required": ["roles", "own"],
        "properties": {"roles": _ROLES, "own": {"type": "boolean"}}}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["public", "enrolling", "homes", "routes", "acts"],
    "properties": {
        "public": _NAMES,
        "enrolling": _NAMES,
        "homes": {"type": "object", "additionalProperties": False, "required": list(ROLES),
                  "properties": {role: {"type": "string"} for role in ROLES}},
        "routes": {"type": "object", "additionalProperties": _ROLES},
        "acts": {"type": "object", "additionalProperties": _ACT},
    },
}
_TABLE = load(Path(__file__).parent / "data" / "access.yml", _SCHEMA)

PUBLIC: frozenset[str] = frozenset(_TABLE["public"])
ENROLLING: frozenset[str] = frozenset(_TABLE["enrolling"])
RIGHTS: dict[str, frozenset[str]] = {name: frozenset(roles) for name, roles in _TABLE["routes"].items()}
"""Roles by route."""
ACTS = {name: ActRule(frozenset(rule["roles"]), rule["own"]) for name, rule in _TABLE["acts"].items()}


def may_open(name: str, role: str) -> bool:
    """Tell whether a role may open a route."""
    return role in RIGHTS.get(name, frozenset())


def acts_of(role: str) -> frozenset[str]:
    """Give the acts that a role may do on some case."""
    return frozenset(name for name, rule in ACTS.items() if role in rule.roles)


def home(role: str) -> str:
    """Give the address where a role begins."""
    return f"{PATH}{_TABLE['homes'][role]}"


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
        Forbidden: the role may not, nobody may, or a form did not come from this session's own page.
    """
    name = route_name(request)
    if name not in PUBLIC | ENROLLING | RIGHTS.keys():
        raise Forbidden("not in the table")
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
    role = signed_in.account.role
    if not may_open(name, role) or (name == "act" and request.match_info["name"] not in acts_of(role)):
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


def browser_of(request: Request) -> str:
    """Read the cookie by which a browser is known; empty where there is none, or not one of ours."""
    value = request.cookies.get(BROWSER_COOKIE) or ""
    return value if re.fullmatch("[A-Za-z0-9_-]{43}", value) else ""


def let_in(response: HTTPResponse, secret: str, browser: str) -> None:
    """Give a browser its session, and the cookie by which it stays known after that."""
    response.cookies[COOKIE] = secret
    _guard(response, COOKIE)
    response.cookies[BROWSER_COOKIE] = browser
    response.cookies[BROWSER_COOKIE]["max-age"] = int(browsers.LONGEST.total_seconds())
    _guard(response, BROWSER_COOKIE)


def let_out(response: HTTPResponse) -> None:
    """Take a browser's session away, and all else that it holds of us but that it is known."""
    for name in (COOKIE, ENROLMENT_COOKIE):
        _take(response, name)
    devices.take_cookie(response)
    empty_browser(response, but_cookies=True)


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
    if settings().behind_tls_proxy:
        cookie["secure"] = True
