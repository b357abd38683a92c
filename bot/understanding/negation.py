"""Tells whether words of a message are stated, doubted or denied, by cues around them (in the manner of NegEx)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from bot.protocol.loading import load
from bot.understanding.reading import Status
from bot.understanding.text import Clause, plain, split

_LISTS = ("pseudo", "pseudo_hedge", "deny_before", "deny_after", "hedge_before", "hedge_after", "ends", "joins")
_SCHEMA = {
    "type": "object",
    "properties": {name: {"type": "array", "items": {"type": "string"}, "minItems": 1} for name in _LISTS},
    "required": list(_LISTS),
    "additionalProperties": False,
}
_BEFORE, _AFTER = 150, 70
"""How many characters around a span can hold a cue: keeps the cost flat in a text without full stops."""
_DENY_WORDS, _HEDGE_WORDS = 8, 7
"""How far a cue reaches, in words."""


def _either(phrases: Iterable[str]) -> str:
    written = sorted(phrases, key=len, reverse=True)
    return "|".join(re.escape(p) if p == "?" else p.replace(" ", r"\s{1,3}") for p in written)


@lru_cache(maxsize=1)
def _cues() -> dict[str, re.Pattern[str]]:
    data = load(Path(__file__).parent / "data" / "negation.yml", _SCHEMA)
    cues = {name: re.compile(rf"(?<![a-z0-9])(?:{_either(data[name])})(?![a-z0-9])") for name in _LISTS}
    # "n't" hangs on its verb and "-ish" on its word: no gap stands before them.
    cues["deny_before"] = re.compile(rf"n't(?![a-z])|{cues['deny_before'].pattern}")
    gap = r"^[\s,:\-(\"'?]{0,4}(?:\w{1,12}\s){0,2}?"
    after = data["deny_after"]
    short = [phrase for phrase in after if phrase in ("no", "none", "nil", "nope", "nein", "negative")]
    long = [phrase for phrase in after if phrase not in short]
    # A bare "no" behind the words denies them only where nothing follows it: "injuries: no", not "bruises, no papers".
    cues["deny_after"] = re.compile(
        rf"{gap}(?:{_either(long)})(?![a-z])|^\s?[:?=\-]?\s?(?:{_either(short)})\s*(?=[.,;!?)\n]|$)"
    )
    cues["hedge_after"] = re.compile(
        rf"^[\"')]?\s?\(?\?|^[\s,:\-(\"')]{{0,4}}(?:\w{{1,12}}\s){{0,1}}?"
        rf"(?:{_either(p for p in data['hedge_after'] if p != '?')})(?![a-z])"
    )
    return cues


def clauses(text: str) -> list[Clause]:
    """Split a message into clauses: at sentence ends, commas, dashes, brackets and words like "but".

    Args:
        text: a message as written.

    Returns:
        The clauses in order; never an empty one.
    """
    joins = _cues()["joins"].pattern
    return split(text, rf",(?!\d)|\s-+\s|[()\[\]•|]|(?:\s(?={joins}))")


_STOPS = re.compile(r"[!?;\n]|(?<!\bno)\.(?!\w)|\s-+\s|[()\[\]]|:\s")


def _last_border(before: str, border: re.Pattern[str]) -> int:
    """Find where the piece begins that ends with `before`."""
    return max((m.end() for m in border.finditer(before)), default=0)


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda m: "#" * len(m.group()), text)


_LISTING = re.compile(
    r"no|without|w/o|nor|neither|nil|zero|den\w+|keine?|ohne|sans|sin|senza|free \w+|lack of|absence of"
)
_COMMA, _AND = re.compile(r",(?!\d)"), re.compile(r"\s(?:and|&|\+|plus|und|et|y|e)\s")
_OR_LATER = re.compile(r"[^.;!?\n,]{0,20},?[^.;!?\n,]{0,20}\b(?:n?or|oder|ou)\b")


def _reaches(cue: str, between: str, after: str) -> bool:
    """Tell whether a denying cue reaches over the words between it and the span."""
    if len(between.split()) > _DENY_WORDS:
        return False
    if cue.startswith("den"):
        return all(len(item.split()) <= 3 for item in _COMMA.split(between)[1:])
    if _AND.search(between):
        return False
    if not _COMMA.search(between):
        return True
    # Over a comma only in a list of short items that an "or" closes: "no phone, money or papers" denies all three,
    # "no papers, bruises on her arm" asserts the bruises.
    closed = re.search(r"\bn?or\b", between) or _OR_LATER.match(after)
    return bool(_LISTING.fullmatch(cue) and closed) and all(len(i.split()) <= 2 for i in _COMMA.split(between))


def _denied_before(before: str, after: str) -> bool:
    cues = _cues()["deny_before"].finditer(before)
    return any(_reaches(cue.group(), before[cue.end() :], after) for cue in cues)


def status(text: str, start: int, end: int) -> Status:
    """Tell whether the words from `start` to `end` are stated, hedged or denied where they stand.

    Cues inside the words themselves do not count: "not allowed out" is stated, "is allowed out, not locked" is not.

    Args:
        text: the message as written.
        start: first character of the words.
        end: one past their last character.

    Returns:
        "denied" before "hedged" before "stated".
    """
    cues = _cues()
    before = plain(text[max(0, start - _BEFORE) : start])
    after = plain(text[end : end + _AFTER])
    before = _blank(cues["pseudo"], before[_last_border(before, _STOPS) :])
    hedged = cues["pseudo_hedge"].search(before) is not None
    before = _blank(cues["pseudo_hedge"], before)
    before = before[_last_border(before, cues["ends"]) :]
    if _denied_before(before, after) or cues["deny_after"].match(after):
        return "denied"
    near = before[before.rfind(", ") + 1 :]
    doubts = [m.end() for m in cues["hedge_before"].finditer(near)]
    if hedged or (doubts and len(near[doubts[-1] :].split()) <= _HEDGE_WORDS) or cues["hedge_after"].match(after):
        return "hedged"
    return "stated"
