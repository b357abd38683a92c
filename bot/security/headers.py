"""Security headers for every answer of the web process, errors included."""
from __future__ import annotations

from sanic.response import BaseHTTPResponse

# The style sheet draws its arrows and ticks as data: pictures.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Nothing goes to other sites. `no-referrer` would also blank the Origin of our own forms, which is checked.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def protect(response: BaseHTTPResponse, keep: bool = False) -> None:
    """Put the security headers on an answer.

    Args:
        response: the answer, changed in place; a header that is already there stays.
        keep: True for files that are the same for everybody, which a browser may keep and ask about; every other
            answer is kept nowhere.
    """
    response.headers.setdefault("Cache-Control", "no-cache" if keep else "no-store")
    for name, text in _HEADERS.items():
        response.headers.setdefault(name, text)


def empty_browser(response: BaseHTTPResponse, but_cookies: bool = False) -> None:
    """Make the browser drop all that it holds of us: the next person at it finds nothing.

    Args:
        response: the answer, changed in place.
        but_cookies: True where the caller takes cookies by their names, because one of them stays.
    """
    response.headers["Clear-Site-Data"] = '"storage", "cache"' if but_cookies else '"cookies", "storage", "cache"'
