"""Renders the desk's pages: templates, the texts of `data/texts.yml`, and how times and phone numbers are shown."""
from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sanic.request import Request
from sanic.response import HTTPResponse, html

from bot.conversations.messages import state_of
from bot.database import now
from bot.desk import access
from bot.door.wording import dialled
from bot.protocol.loading import load
from bot.protocol.profile import load_profile
from bot.settings import settings

HERE = Path(__file__).parent

_TEXTS = {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}
_LISTS = ("kinds", "reasons", "danger", "writers", "states", "chat", "decisions", "roles", "sections", "seen", "people",
          "signed", "problems", "gone", "missing_inputs", "done", "sources", "delivery", "trail", "responder",
           "notices", "retention", "found", "alike", "hidden", "parts", "reveal")
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [*_LISTS, "canned"],
    "properties": {
        **{name: _TEXTS for name in _LISTS},
        "canned": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
    },
}


@lru_cache(maxsize=1)
def texts() -> dict[str, Any]:
    """Give the desk's texts by group and id.

    Raises:
        BrokenData: the file is broken; file, line and reason are named.
    """
    return dict(load(HERE / "data" / "texts.yml", _SCHEMA))


def ago(since: datetime) -> str:
    """Write how long ago something was, as the page's script does when it lets the time tick."""
    seconds = max(0, int((now() - since).total_seconds()))
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02d} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min" if seconds < 172_800 else f"{seconds // 86_400} d"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    found = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True, lstrip_blocks=True)
    found.globals.update(t=texts(), profile=load_profile(settings().profile))
    found.filters.update(ago=ago, dialled=dialled, delivery=state_of)
    return found


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTTPResponse:
    """Render a page.

    Args:
        request: the request; says who is signed in.
        template: file name in `templates/`.
        status: HTTP status.
        **values: what the template needs.

    Returns:
        The response.
    """
    signed_in = getattr(request.ctx, "signed_in", None)
    given = {
        "account": signed_in.account if signed_in else None,
        "home": access.home(signed_in.account.role) if signed_in else access.PATH,
        "may": access.acts_of(signed_in.account.role) if signed_in else frozenset(),
        "csrf": signed_in.csrf if signed_in else "",
        "bell": None, "alert": None, "notice": None,
    }
    return html(_templates().get_template(template).render(**{**given, **values}), status=status)
