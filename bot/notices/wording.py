"""The words of a notice, from `data/notices.yml`: what they may name is checked when they are loaded."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from bot.protocol.loading import TEXT, BrokenData, line_of, load

PATH = Path(__file__).parent / "data" / "notices.yml"
KINDS = ("referral", "wanted", "rings", "undelivered", "chain", "daily", "test")
PRIORITIES = ("urgent", "normal")
GROUPS = ("duty", "supervisors", "webhook")
STEPS = ("connect", "tls", "password", "sign_in", "sender", "recipient", "message", "webhook")
OF_A_CASE = frozenset({"reference", "priority"})
"""All that a notice about a case may say."""
OF_A_DAY = frozenset({"number", "head", "day", "contacts", "referrals", "given_up", "unclaimed"})
"""All that the daily notice may say."""


def _all_of(names: tuple[str, ...], each: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(names),
            "properties": dict.fromkeys(names, each)}


_KIND = {
    "type": "object", "additionalProperties": False, "required": ["to", "text"],
    "properties": {"to": {"type": "array", "minItems": 1, "items": {"enum": list(GROUPS)}}, "text": TEXT},
}
_SCHEMA: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "required": ["subject", "signature", "priorities", "no_reference", "kinds", "failures"],
    "properties": {"subject": TEXT, "signature": TEXT, "no_reference": TEXT, "kinds": _all_of(KINDS, _KIND),
                   "priorities": _all_of(PRIORITIES, TEXT), "failures": _all_of(STEPS, TEXT)},
}


@dataclass(frozen=True)
class Kind:
    """One kind of notice: whom it goes to, and its text."""

    to: tuple[str, ...]
    text: str


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    return read(PATH)


def read(path: Path) -> dict[str, Any]:
    """Read a file of notices.

    Args:
        path: the file.

    Returns:
        Its content.

    Raises:
        BrokenData: it is not as it must be, or a text names more than its kind may.
    """
    content: dict[str, Any] = load(path, _SCHEMA)
    for where, text, allowed in (
        (["subject"], content["subject"], frozenset({"priority"})), (["signature"], content["signature"], frozenset()),
        *((["kinds", kind], entry["text"], OF_A_DAY if kind == "daily" else OF_A_CASE)
          for kind, entry in content["kinds"].items()),
        *((["failures", step], text, frozenset({"error"})) for step, text in content["failures"].items()),
    ):
        named = _named(text)
        if named is None or named - allowed:
            raise BrokenData(path, line_of(path, list(where)), f"may name {sorted(allowed)} in braces, nothing else")
    return content


def _named(text: str) -> set[str] | None:
    """Give what a text names in braces; None where its braces cannot be filled in."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return None


def kind_of(kind: str) -> Kind:
    """Give one kind of notice."""
    entry = _content()["kinds"][kind]
    return Kind(tuple(entry["to"]), entry["text"])


def check() -> None:
    """Load the words.

    Raises:
        BrokenData: something in them is broken.
    """
    _content()


def subject(priority: str) -> str:
    """Write the subject, the same for every kind."""
    return str(_content()["subject"].format(priority=_content()["priorities"][priority]))


def body(kind: str, priority: str, reference: str | None, figures: dict[str, Any] | None) -> str:
    """Write the text of an e-mail.

    Args:
        kind: one of `KINDS`.
        priority: urgent or normal.
        reference: of a referral.
        figures: of the daily notice.
    """
    said = _content()
    text = kind_of(kind).text.format(reference=reference or said["no_reference"],
                                     priority=said["priorities"][priority], **(figures or {}))
    return f"{text}\n\n{said['signature']}\n"


def failure(step: str, error: str) -> str:
    """Say why a notice did not leave, and which setting to look at."""
    return str(_content()["failures"][step].format(error=error))
