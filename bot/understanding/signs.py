"""Finds the coded indicators in a message: phrase patterns from data, then who says it and whether it is denied."""
from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from bot.protocol.indicators import indicators
from bot.protocol.loading import BrokenData, line_of, load
from bot.understanding.negation import status
from bot.understanding.reading import Seen, Sign
from bot.understanding.text import plain, sentences

PATTERNS = Path(__file__).parent / "data" / "signs"
WORDS = "_words.yml"

Kind = Literal["find", "as_is", "weak", "contrary"]
"""find: may be denied; as_is: negative by nature ("not paid"); weak: a cue to confirm; contrary: says it is not so."""

_PHRASES = {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 2}}
WORDS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["words", "told"],
    "additionalProperties": False,
    "properties": {
        "words": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
        "told": {
            "type": "object",
            "required": ["by_child", "by_other", "goes_on"],
            "additionalProperties": False,
            "properties": {"by_child": _PHRASES, "by_other": _PHRASES, "goes_on": _PHRASES},
        },
    },
}
"""What `data/signs/_words.yml` must look like (JSON Schema 2020-12)."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["signs"],
    "additionalProperties": False,
    "properties": {
        "signs": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {
                    "find": _PHRASES,
                    "as_is": _PHRASES,
                    "weak": _PHRASES,
                    "contrary": _PHRASES,
                    "by_hand": {"const": True},
                },
            },
        },
    },
}
"""What every other file of `data/signs/` must look like: one file for each group of the catalogue."""

_KEY = 4
"""Letters of a pattern's first word by which patterns are looked up: trying only those that can begin at a word is
what keeps a long message cheap."""
_TOLD_REACH = 220
"""How many characters before a sign may hold the words that say who told it."""

_SPACE = r"[ \t'\"()/&+\-]{1,3}"
_GAPS = {
    " ... ": rf"{_SPACE.replace('()', '(),:')}(?:[^\s;!?]{{0,24}}[^\s;!?.][ \t]{{1,2}}['\"(]?){{0,6}}?",
    ".. ": r"(?:[^\s,;!?]{0,24}[^\s,;!?.:][ \t]{1,2}['\"(]?){0,3}?",
    " .. ": rf"{_SPACE}(?:[^\s,;!?]{{0,24}}[^\s,;!?.:][ \t]{{1,2}}['\"(]?){{0,3}}?",
}
_NUMBER = r"\d{1,9}(?:[.,]\d{1,3})?k?"
_SMALL = r"(?:[1-4]\d\d|[1-9]\d?)(?![\d.,]*[\dk])"
_TOKEN = re.compile(r" \.{2,3} |\.\. |\{\w+\}|.", re.DOTALL)
_WORD = re.compile(r"\w+")
_DENIAL = re.compile(r"(?<!\w)(?:not|never|nobody|no one|noone|without|nothing)(?!\w)")
"""Words that deny; a phrase of kind "find" that has none in itself, and matches over one, is denied."""
_GROUPING = re.compile(r"\(\?:|[()|?\\]|\[[^\]]*\]")


class _Phrases:
    """The language of the patterns, with its word classes.

    A blank stands for what parts two words, ` .. ` for up to three words without a comma, ` ... ` for up to six words,
    `{name}` for a word class, `*` for the rest of a word, `#` for a number, `%` for one below 500, `"` for a quotation
    mark, `(a|b)` and `?` as in regular expressions.
    """

    def __init__(self, words: dict[str, str]) -> None:
        self._words = {name: re.sub(r"\s*\|\s*", "|", choices) for name, choices in words.items()}
        self._made: dict[str, str] = {}

    def regex(self, phrase: str) -> str:
        """Translate a phrase into a regular expression; KeyError names an unknown word class."""
        return "".join(self._part(token) for token in _TOKEN.findall(phrase))

    def _part(self, token: str) -> str:
        if token in _GAPS:
            return _GAPS[token]
        if token[0] == "{" and len(token) > 1:
            name = token[1:-1]
            if name not in self._made:
                self._made[name] = f"(?:{self.regex(self._words[name])})"
            return self._made[name]
        special = {" ": f"(?:{_SPACE})", "*": r"\w*", "(": "(?:", ")": ")", "|": "|", "?": "?", "'": "'?",
                   "#": _NUMBER, "%": _SMALL, '"': "['\"]"}
        return special.get(token) or re.escape(token)

    def starts(self, phrase: str, got: str = "") -> set[str]:
        """Give what a text can begin with where the phrase matches: up to four letters, a blank for a word's end."""
        if len(got) >= _KEY:
            return {got[:_KEY]}
        if not phrase:
            return {got + " "}
        first, rest = phrase[0], phrase[1:]
        if first == "{":
            name, rest = rest.split("}", 1)
            return self._any_of(self._words[name], rest, got)
        if first == "(":
            end = _closing(phrase)
            return self._any_of(phrase[1:end], phrase[end + 1:], got)
        if first in "#%":
            return {got} if got else set("0123456789")
        if first in "*'":
            return {got}
        if not first.isalnum():
            return {got + " "} | (self.starts(rest[1:], got) if rest.startswith("?") else set())
        if rest.startswith("?"):
            return self.starts(rest[1:], got + first) | self.starts(rest[1:], got)
        return self.starts(rest, got + first)

    def _any_of(self, choices: str, rest: str, got: str) -> set[str]:
        optional = rest.startswith("?")
        rest = rest[1:] if optional else rest
        found = {start for choice in _choices(choices) for start in self.starts(choice + rest, got)}
        return found | self.starts(rest, got) if optional else found


def _closing(phrase: str) -> int:
    depth = 0
    for position, char in enumerate(phrase):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return position
    raise ValueError("a bracket is not closed")


def _choices(phrase: str) -> list[str]:
    found, depth = [""], 0
    for char in phrase:
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return found


@dataclass
class _Pattern:
    """One phrase of one indicator; compiled when a text first has a word it can begin with."""

    id: str
    kind: Kind
    source: str

    @cached_property
    def regex(self) -> re.Pattern[str]:
        return re.compile(rf"(?:{self.source})(?!\w)")

    @cached_property
    def _negates(self) -> bool:
        return _DENIAL.search(_GROUPING.sub(" ", self.source)) is not None

    def denied_within(self, match: re.Match[str]) -> bool:
        """Tell whether a denial stands in a gap of the phrase, as in "is NOT at all afraid of"."""
        return self.kind in ("find", "weak") and not self._negates and _DENIAL.search(match.group()) is not None


@dataclass
class _Told:
    """Cues that say who told something, and what lets them reach over a comma."""

    cue: re.Pattern[str]
    goes_on: re.Pattern[str]


class Patterns:
    """The patterns of the data files, ready to be looked up by the beginning of a word.

    Args:
        folder: where `_words.yml` and the files of patterns lie.

    Raises:
        BrokenData: a file breaks its schema, names an unknown indicator or word class, writes an indicator that stands
            elsewhere already, or a phrase is malformed.
    """

    def __init__(self, folder: Path = PATTERNS) -> None:
        shared = load(folder / WORDS, WORDS_SCHEMA)
        self.by_hand: set[str] = set()
        self.ids: set[str] = set()
        self.index: dict[str, list[_Pattern]] = {}
        self.contraries: dict[str, list[_Pattern]] = {}
        self._phrases = _Phrases(shared["words"])
        for path in sorted(folder.glob("*.yml")):
            if path.name != WORDS:
                self._read(path)
        told = {name: "|".join(self._phrases.regex(p) for p in shared["told"][name]) for name in shared["told"]}
        self.told = _Told(
            re.compile(rf"(?<!\w)(?:(?P<other>{told['by_other']})|(?P<child>{told['by_child']}))(?!\w)"),
            re.compile(rf"(?:{told['goes_on']})(?!\w)"),
        )

    def _read(self, path: Path) -> None:
        for key, entry in load(path, SCHEMA)["signs"].items():
            if key not in indicators():
                raise BrokenData(path, line_of(path, ["signs", key]), f"'{key}' is no indicator")
            if key in self.ids:
                raise BrokenData(path, line_of(path, ["signs", key]), f"'{key}' stands in two files")
            self.ids.add(key)
            if entry.get("by_hand"):
                self.by_hand.add(key)
            for kind in ("find", "as_is", "weak", "contrary"):
                for position, phrase in enumerate(entry.get(kind, [])):
                    try:
                        self._add(_Pattern(key, kind, self._phrases.regex(phrase)), phrase)
                    except (KeyError, ValueError, re.error) as error:
                        line = line_of(path, ["signs", key, kind, position])
                        raise BrokenData(path, line, f"phrase '{phrase}': {error}") from error

    def _add(self, pattern: _Pattern, phrase: str) -> None:
        if phrase != plain(phrase):
            raise ValueError("is not in plain small letters, so that no text could match it")
        for start in self._phrases.starts(phrase):
            if not start:
                raise ValueError("begins with nothing that can be looked up")
            index = self.contraries if pattern.kind == "contrary" else self.index
            index.setdefault(start, []).append(pattern)

    def check(self) -> None:
        """Compile every phrase, as a start-up check and to make the first message as quick as the next.

        Raises:
            re.error: a phrase is malformed.
        """
        for found in (*self.index.values(), *self.contraries.values()):
            for pattern in found:
                pattern.regex  # noqa: B018 (the property compiles)


@lru_cache(maxsize=1)
def patterns() -> Patterns:
    """Give the patterns of this project, read once.

    Raises:
        BrokenData: the data file is not what it must be.
    """
    return Patterns()


_RANK = {"observed": 0, "told_by_child": 1, "told_by_other": 2, "suspected": 3, "denied": 4}


def find_signs(text: str) -> list[Sign]:
    """Find the indicators that a message speaks of.

    Args:
        text: a message as written, of any length.

    Returns:
        At most one sign per indicator, in the order of the text. Where a message both states and denies an indicator,
        the statement is kept: a denial never takes away what somebody saw.
    """
    low = plain(text)
    begins = [0, *(piece.start for piece in sentences(low))]
    settled: set[str] = set()
    best: dict[str, tuple[tuple[int, int, int], Sign]] = {}
    contrary = _contraries(text, low)
    for begin, group in _tried(low, patterns().index):
        for pattern in group:
            match = None if pattern.id in settled else pattern.regex.match(low, begin)
            if match is None:
                continue
            sign = _sign(text, low, pattern, match, begins, contrary.get(pattern.id, []))
            rank = (int(sign.seen == "denied"), int(not sign.sure), _RANK[sign.seen])
            if pattern.id not in best or rank < best[pattern.id][0]:
                best[pattern.id] = (rank, sign)
                if rank == (0, 0, 0):
                    settled.add(pattern.id)
    for key, spans in contrary.items():
        if key not in best:
            start, end = spans[0]
            best[key] = ((1, 0, 0), Sign(key, "denied", text[start:end], start, end, True))
    return sorted((sign for _, sign in best.values()), key=lambda s: (s.start, s.end, s.id))


def _sign(text: str, low: str, pattern: _Pattern, match: re.Match[str], begins: list[int],
          contrary: list[tuple[int, int]]) -> Sign:
    """Make the sign of a match: denied where a longer statement of the contrary covers it."""
    start, end = match.span()
    denied = any(a < end and start < b and b - a >= end - start for a, b in contrary)
    return Sign(
        id=pattern.id,
        seen="denied" if denied or pattern.denied_within(match)
        else _seen(text, low, start, end, pattern.kind, begins),
        words=text[start:end],
        start=start,
        end=end,
        sure=pattern.kind != "weak",
    )


def _contraries(text: str, low: str) -> dict[str, list[tuple[int, int]]]:
    """Find what says that an indicator is absent ("owes nobody"), by indicator, unless that is itself denied."""
    found: dict[str, list[tuple[int, int]]] = {}
    for begin, group in _tried(low, patterns().contraries):
        for pattern in group:
            match = pattern.regex.match(low, begin)
            if match and status(text, *match.span()) != "denied":
                found.setdefault(pattern.id, []).append(match.span())
    return found


def _tried(low: str, index: dict[str, list[_Pattern]]) -> Iterator[tuple[int, list[_Pattern]]]:
    """Give the position of each word with the patterns that may begin there."""
    for word in _WORD.finditer(low):
        key = word.group()[:_KEY] if len(word.group()) >= _KEY else word.group() + " "
        for size in range(1, len(key) + 1):
            if group := index.get(key[:size]):
                yield word.start(), group


def _seen(text: str, low: str, start: int, end: int, kind: Kind, begins: list[int]) -> Seen:
    stated = status(text, start, end)
    if kind != "as_is" and stated == "denied":
        return "denied"
    if stated == "hedged":
        return "suspected"
    begin = max(begins[bisect_right(begins, start) - 1], start - _TOLD_REACH)
    return _who_told(low[begin:start], low[start:start + 40])


def _who_told(before: str, after: str) -> Seen:
    """Tell by the nearest cue before, in the same sentence, who said it; without one the responder has seen it."""
    told = patterns().told
    cues = list(told.cue.finditer(before))
    if not cues:
        return "observed"
    cue = cues[-1]
    # Over a comma the telling goes on only where the next words take it up: "says he is locked in, and beaten".
    for piece in re.split(r",\s*|\s-+\s", before[cue.end():] + after)[1:]:
        if not told.goes_on.match(piece):
            return "observed"
    return "told_by_other" if cue.lastgroup == "other" else "told_by_child"
