"""Knows a responder's device by its cookie, and proves that a request came from our own page on that device."""
from __future__ import annotations

import hmac
import re
import secrets
from urllib.parse import urlsplit

from sanic.request import Request
from sanic.response import HTTPResponse

from bot.security.hashes import keyed_hash
from bot.security.headers import empty_browser
from bot.settings import settings

COOKIE = "firstline_device"
CONVERSATION = "chat"
"""What every device calls its one conversation."""
SECONDS = 30 * 24 * 3600
"""How long a device is remembered after it was last used."""

_DEVICE = re.compile(r"[A-Za-z0-9_-]{43}")


def new_device() -> str:
    """Draw the secret of a device: 256 random bits."""
    return secrets.token_urlsafe(32)


def device_of(request: Request) -> str | None:
    """Read the device's secret from a request; None where there is none, or not one of ours."""
    value = request.cookies.get(COOKIE) or ""
    return value if _DEVICE.fullmatch(value) else None


def owner_of(device: str) -> str:
    """Give the owner that a device's conversations belong to.

    The database holds only this keyed hash: who reads the database cannot pose as the device.

    Args:
        device: the cookie's value.

    Returns:
        `web:` and 64 hexadecimal digits.
    """
    return f"web:{keyed_hash('device', device)}"


def csrf_of(device: str) -> str:
    """Give the token that a form of this device carries."""
    return keyed_hash("device form", device)


def mark_of(device: str) -> str:
    """Give a short public mark of a device, by which the page knows whose unsent texts the browser holds."""
    return keyed_hash("device mark", device)[:16]


def csrf_fits(device: str, token: str) -> bool:
    """Tell whether a form's token belongs to this device."""
    return hmac.compare_digest(csrf_of(device).encode(), token.encode())


def from_our_page(request: Request) -> bool:
    """Tell whether a script's request comes from a page of this very host and is JSON.

    Another site's page can send neither: its origin is not ours, and JSON from elsewhere needs a leave that we never
    give. Only the host is compared, since behind a proxy we do not see whether the page came by TLS.
    """
    origin = urlsplit(request.headers.get("origin", ""))
    is_json = request.headers.get("content-type", "").split(";")[0].strip().lower() == "application/json"
    return is_json and bool(origin.netloc) and origin.netloc == request.headers.get("host", "")


def remember(response: HTTPResponse, device: str) -> None:
    """Set the device's cookie on a response."""
    response.cookies[COOKIE] = device
    cookie = response.cookies[COOKIE]
    cookie["httponly"] = True
    # Strict would leave the cookie out where a link in a mail opens a page; the new one would take the chat's place.
    # Other sites cannot use it all the same: nothing changes by GET, and each form proves that it is ours.
    cookie["samesite"] = "Lax"
    cookie["max-age"] = SECONDS
    if settings().behind_tls_proxy:
        cookie["secure"] = True


def forget(response: HTTPResponse) -> None:
    """Make the browser drop the device's cookie and all else that it holds of us."""
    take_cookie(response)
    empty_browser(response)


def take_cookie(response: HTTPResponse) -> None:
    """Make the browser drop the device's cookie."""
    response.cookies[COOKIE] = ""
    response.cookies[COOKIE]["max-age"] = 0
