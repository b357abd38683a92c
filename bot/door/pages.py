"""Renders the responder's pages: texts from `data/page.yml`, numbers from the country profile, and their own files."""
from __future__ import annotations

import string
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sanic.response import HTTPResponse, html

from bot.door.wording import dialled
from bot.protocol.loading import load
from bot.protocol.profile import load_profile
from bot.settings import settings

HERE = Path(__file__).parent
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}


def _section(*names: str) -> dict[str, Any]:
    return {**_TEXTS, "required": list(names)}


_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "lang", "page", "who", "bar", "message", "greeting", "shortcuts", "script", "keep", "return", "join",
        "error", "leave",
    ],
    "properties": {
        "lang": {"type": "string", "pattern": "^[a-z]{2}$"},
        "page": _section("title", "officer_online", "no_officer"),
        "who": _section("responder", "bot", "bot_kind", "human", "human_kind", "system", "system_kind"),
        "bar": _section("waiting", "human", "officer_unknown", "closed"),
        "message": _section("sending", "stored", "failed", "waiting", "unsent"),
        "greeting": {
            "type": "object",
            "additionalProperties": False,
            "required": ["text", "replies"],
            "properties": {"text": _TEXT, "replies": {"type": "array", "items": _TEXT}},
        },
        "shortcuts": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["title", "text"],
                "properties": {"title": _TEXT, "text": _TEXT},
            },
        },
        "script": _section("offline", "trouble", "signed_out", "too_long", "not_sent"),
        "keep": _section("too_short", "too_long", "nothing"),
        "return": _section("wrong", "moved"),
        "join": _section("about", "expired", "bound"),
        "error": _section("unavailable", "not_found", "broken", "expired", "empty"),
        "leave": _TEXTS,
    },
}


class _Known(dict[str, str]):
    """Fills the names that we know and leaves others (a script's, a later step's) as they stand."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def numbers() -> dict[str, str]:
    """Give what the profile says for this country's texts: names and phone numbers; needs no database."""
    profile = load_profile(settings().profile)
    return {
        "country": profile.country,
        "emergency": profile.emergency,
        "duty_name": profile.duty.name,
        "duty_phone": profile.duty.phone,
        "child_protection_phone": profile.child_protection.phone,
    }


def _filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return string.Formatter().vformat(value, (), _Known(names))
    if isinstance(value, dict):
        return {key: _filled(item, names) for key, item in value.items()}
    return [_filled(item, names) for item in value]


@lru_cache(maxsize=1)
def texts() -> dict[str, Any]:
    """Give the texts of the pages, with the profile's names and numbers in place.

    Raises:
        BrokenData: `page.yml` is broken; file, line and reason are named.
    """
    found: dict[str, Any] = _filled(load(HERE / "data" / "page.yml", _SCHEMA), numbers())
    return found


@lru_cache(maxsize=1)
def own_files() -> dict[str, tuple[bytes, str]]:
    """Give our stylesheet, scripts and icon by name, each with its content type."""
    paths = sorted(path for path in (HERE / "static").iterdir() if path.suffix in TYPES)
    return {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in paths}


@lru_cache(maxsize=1)
def version() -> str:
    """Give a short hash of our files: it is part of their address, so that a browser may keep them for long."""
    return sha256(b"".join(content for content, _ in own_files().values())).hexdigest()[:12]


@lru_cache(maxsize=1)
def _templates() -> Environment:
    found = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True, lstrip_blocks=True)
    found.globals.update(t=texts(), numbers=numbers(), files=f"/static/page/{version()}", dialled=dialled)
    return found


def render(template: str, status: int = 200, **values: Any) -> HTTPResponse:
    """Render a page.

    Args:
        template: file name in `templates/`.
        status: HTTP status.
        **values: what the template needs beside texts and numbers. `duty` is whether an officer is signed in; a page
            that does not know says nothing about it.

    Returns:
        The response; no cache keeps it.
    """
    body = _templates().get_template(template).render(**{"duty": None, **values})
    return html(body, status=status, headers={"Cache-Control": "no-store"})


def problem(status: int, name: str, **values: Any) -> HTTPResponse:
    """Render the kind page for something that went wrong, with the numbers to call.

    Args:
        status: HTTP status.
        name: `not_found`, `broken` or `unavailable`.
        **values: `text`, what the responder had typed, with the form's `csrf` and `message_id` to send it again.
    """
    return render("problem.html", status, name=name, **{"text": "", "csrf": "", "message_id": "", **values})
