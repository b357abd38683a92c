"""Finds countries, nationalities and towns, and tells whose they are: the person's, the place's or the way's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from bot.protocol.loading import load
from bot.understanding.phrases import Phrases, optional
from bot.understanding.reading import Fact
from bot.understanding.text import plain

DATA = Path(__file__).parent / "data"
_LIST = {"type": "array", "items": {"type": "string"}}
_SCHEMA = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"names": _LIST, "people": _LIST, "places": _LIST},
        "required": ["names", "people", "places"],
        "additionalProperties": False,
    },
}
_WORDS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1}}
_LONGEST = 5
_FUZZY = 7
"""Words of this length and more may have one letter wrong."""


@dataclass(frozen=True)
class Where:
    """A country, a nationality or a town found.

    Args:
        start: first character.
        end: one past the last.
        code: ISO 3166-1 alpha-2 code.
        kind: the country's name, a word for its people, or a place in it.
    """

    start: int
    end: int
    code: str
    kind: Literal["names", "people", "places"]


@lru_cache(maxsize=1)
def _vocabulary() -> dict[tuple[str, ...], tuple[str, Literal["names", "people", "places"]]]:
    found: dict[tuple[str, ...], tuple[str, Literal["names", "people", "places"]]] = {}
    for code, towns in load(DATA / "cities.yml", _WORDS).items():
        for town in towns:
            found[tuple(re.findall(r"[a-z0-9]+", town))] = (code, "places")
    for code, entry in load(DATA / "countries.yml", _SCHEMA).items():
        for kind in ("places", "people", "names"):
            for phrase in entry[kind]:
                found[tuple(re.findall(r"[a-z0-9]+", phrase))] = (code, kind)
    return found


def _deletions(word: str) -> set[str]:
    return {word} | {word[:i] + word[i + 1 :] for i in range(1, len(word))}


@lru_cache(maxsize=1)
def _near() -> dict[str, tuple[str, ...]]:
    """Index the long names by what is left when one letter is missing, so that a slip finds them without a search."""
    found: dict[str, tuple[str, ...]] = {}
    for words, (_, kind) in _vocabulary().items():
        if len(words) == 1 and len(words[0]) >= _FUZZY and kind != "places":
            for left in _deletions(words[0]):
                found.setdefault(left, words)
    return found


@lru_cache(maxsize=1)
def context() -> dict[str, re.Pattern[str]]:
    data = load(DATA / "places.yml", _WORDS)
    found = {}
    for name, phrases in data.items():
        inner = "|".join(
            optional(phrase).replace(" ?", r"\s?").replace(" ", r"[\s'\"-]+")
            for phrase in sorted(phrases, key=len, reverse=True)
        )
        found[name] = re.compile(f"(?<![a-z])(?:{inner})" + (r"[\s,'\"(:]*$" if name.endswith("before") else ""))
    return found


def countries_in(text: str) -> list[str]:
    """Give the codes of the countries that a text names, by name, people or place, each once."""
    return list(dict.fromkeys(where.code for where in wheres(plain(text))))


def wheres(low: str) -> list[Where]:
    """Find countries, words for their people, and towns, the longest name first.

    Args:
        low: plain text.

    Returns:
        They in the order of the text, not overlapping.
    """
    tokens = list(re.finditer(r"[a-z0-9]+", low))
    words = [token.group() for token in tokens]
    vocabulary, near, ordinary = _vocabulary(), _near(), context()["ordinary"]
    firsts = _firsts()
    found: list[Where] = []
    i = 0
    while i < len(words):
        hit: tuple[str, Literal["names", "people", "places"]] | None = None
        length = 0
        if words[i] in firsts:
            for length in range(min(_LONGEST, len(words) - i), 0, -1):
                hit = vocabulary.get(tuple(words[i : i + length]))
                if hit:
                    break
        elif len(words[i]) >= _FUZZY - 1 and not ordinary.match(words[i] + " "):
            close = next((near[left] for left in _deletions(words[i]) if left in near), None)
            if close and abs(len(close[0]) - len(words[i])) <= 1:
                hit, length = vocabulary[close], 1
        if hit:
            found.append(Where(tokens[i].start(), tokens[i + length - 1].end(), *hit))
        i += max(1, length if hit else 1)
    return found


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    return frozenset(code for code, _ in _vocabulary().values())


_SOMEBODY = (
    r"(?:girls?|boys?|kids?|child(?:ren)?|lads?|lass(?:es)?|minors?|youths?|teens?|m[ae]n|wom[ae]n|(?:fe)?males?|nationals?|"
    r"citizens?|pax|person|[mfwMFW])"
)
_AGED = r"\d{1,2}(?:\s?(?:yo|y/o|yrs?|y))?"
_CODED = re.compile(
    rf"\b(?:{_SOMEBODY}(?:(?: of| aged)?[\s,/]{{1,2}}{_AGED})?|[MFWmfw]/?{_AGED}|{_AGED}[\s/]?[MFWmfw])"
    r"[\s,(/]{1,2}(?P<behind>[A-Z]{2})(?![\w'-])"
    rf"|\b(?P<ahead>[A-Z]{{2}})[\s,/]{{1,2}}(?:{_SOMEBODY}\b|(?:passport|ID card|{_AGED}[\s/]?[MFWmfw])\b)"
    rf"|(?:^|[.;:\n]\s*)(?P<begins>[A-Z]{{2}}),?\s[1-9]\d(?=[,.;]|\s?(?:yo|y/o|yrs?)\b)"
)
"""A country's code beside somebody: "girl 16 RO", "M17 (UA)", "BG national", "MD, 26, ..."."""


def found_in(text: str) -> list[Where]:
    """Find what `wheres` finds, and nationalities by their codes where capital letters mean something.

    Args:
        text: the message as written.

    Returns:
        They in the order of the text, not overlapping.
    """
    found = wheres(plain(text))
    if text.upper() == text:
        return found
    words = context()["no_code"]
    for match in _CODED.finditer(text):
        name = str(match.lastgroup)
        start, end = match.span(name)
        taken = any(where.start < end and start < where.end for where in found)
        if match[name] in _codes() and not taken and not words.fullmatch(match[name].lower()):
            found.append(Where(start, end, match[name], "people"))
    return sorted(found, key=lambda where: where.start)


@lru_cache(maxsize=1)
def _firsts() -> frozenset[str]:
    return frozenset(words[0] for words in _vocabulary())


_HEADING = re.compile(
    r"^\W*(?:(?!from\b|born\b|of\b|via\b|speaks?\b|girl|boy|child|male|female|kid|wom[ae]n|m[ae]n\b|"
    r"\d)[a-z0-9&/-]+,?\s+){0,3}$"
)
"""A town so near to the beginning, with nothing but a word or two before it, says where the writer is."""


@lru_cache(maxsize=1)
def _hints() -> Phrases:
    return Phrases(load(DATA / "idioms.yml", _WORDS))


def _worth(where: Where, low: str, found: list[Where], nations: set[str]) -> float:
    """Weigh how surely a place named is the place of the encounter; 0 where it is not."""
    words = context()
    before = low[max(0, where.start - 45) : where.start]
    after = low[where.end : where.end + 30].lstrip(" -")
    leading = not re.search(r"[.!?;\n]", low[: where.start].strip()) and where.start < 60
    standing = re.match(r"\s*(?:[.:,;\n|-]|$|\d|insp|police|airport|nick)", low[where.end : where.end + 12]) is not None
    if re.match(r"\s?\?+,? no\b", low[where.end : where.end + 8]):
        return 0.0
    if words["encounter_before"].search(before):
        return 9.0
    if where.kind == "people":
        return 7.0 if words["side_after"].match(after) else 0.0
    if words["away_before"].search(before):
        return 0.0
    if words["place_after"].match(after) or words["found_before"].search(before):
        return 6.0
    if leading and standing and _HEADING.match(low[: where.start]) and not any(w.end <= where.start for w in found):
        return 8.0 if where.kind == "places" else 5.0
    foreign = where.code not in nations
    if words["at_before"].search(before):
        return 5.0 if leading else 3.5 if foreign else 2.0
    if where.kind == "names" or words["origin_before"].search(before) or words["travel_before"].search(before):
        return 0.0
    early = leading or where.start < 110
    return (2.6 if early else 2.2) if foreign else (2.4 if early else 1.0)


def country(low: str, text: str, found: list[Where], nations: set[str], here: str | None) -> Fact | None:
    """Tell in which country the encounter is.

    Args:
        low: plain text.
        text: the message as written.
        found: what `wheres` found.
        nations: nationalities of the people to protect.
        here: the responder's country where it is known; what is only inferred does not override it.

    Returns:
        The fact, hedged where only the way of writing points to the country; None where nothing does.
    """
    best: tuple[float, Where] | None = None
    for where in found:
        worth = _worth(where, low, found, nations)
        if worth and (best is None or worth > best[0]):
            best = worth, where
    if best is not None and best[0] >= 3:
        _, where = best
        return Fact("country", where.code, "stated", text[where.start : where.end], where.start, where.end)
    return None if here is not None else _inferred(low, text, found, best)


def _inferred(low: str, text: str, found: list[Where], best: tuple[float, Where] | None) -> Fact | None:
    """Infer the country from towns named in passing, from ways of writing, or from a single country all through."""
    counts: dict[str, tuple[int, int, int]] = {}
    for hit in _hints().find(low):
        seen = counts.get(hit.label)
        counts[hit.label] = ((seen[0] if seen else 0) + 1, hit.start, hit.end)
    codes = {where.code for where in found}
    if best is not None and best[0] >= 2 and not (len(counts) == 1 and best[1].code not in counts and best[0] < 2.5):
        where = best[1]
        return Fact("country", where.code, "hedged", text[where.start : where.end], where.start, where.end)
    if counts:
        code, (_, start, end) = max(counts.items(), key=lambda item: item[1][0])
        return Fact("country", code, "hedged", text[start:end], start, end)
    # Whoever names a town of one country alone, or calls somebody "brit" or "Welsh", writes from there.
    islands = codes == {"GB"}
    origin = context()["origin_before"]
    towns = [w for w in found if w.kind == "places" and (islands or not origin.search(low[: w.start]))]
    towns = towns or [w for w in found if _ISLANDS.fullmatch(low, w.start, w.end)]
    if towns and len(codes) == 1 and not _ABROAD.search(low):
        where = towns[0]
        return Fact("country", where.code, "hedged", text[where.start : where.end], where.start, where.end)
    return None


_ISLANDS = re.compile(r"brits?|british|english|scottish|welsh|scots?")
_ABROAD = re.compile(r"\b(?:abroad|foreign\w*|asylum|refugee|visa|smuggl\w+|crossed|border|embassy|consul\w*|"
    r"flight|came from)\b")
