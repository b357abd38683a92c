"""Finds phrases that are kept as data: a small notation over regular expressions, made fast for long messages.

The notation, used by the YAML files of `data/`: a blank is any gap between two words, `~3` stands for up to three
words of any kind, `<word>` for the alternatives that `words.yml` gives for it; all else is a regular expression.
A phrase never runs over the end of a sentence and begins and ends at the border of a word.
"""

from __future__ import annotations

import re
import sre_constants as kind
import sre_parse
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from bot.protocol.loading import load

DATA = Path(__file__).parent / "data"
PHRASES = {"type": "array", "items": {"type": "string", "minLength": 2}, "minItems": 1}
"""Schema of a list of phrases."""
_GAP = r"[ \t,/'\"*()\-:]{1,3}"
_SAID = r"(?!(?:not|no|never|without)\b)"
"""Stands before any word of a gap: words that deny are none of those that a phrase may step over."""
_LONGEST = 400
"""Characters of a sentence searched at once; a longer one without any full stop is read in overlapping pieces."""


@dataclass(frozen=True)
class Hit:
    """Words found.

    Args:
        label: what they were found for.
        start: first character.
        end: one past the last.
    """

    label: str
    start: int
    end: int


@lru_cache(maxsize=1)
def words() -> dict[str, str]:
    """Give the named alternatives of `words.yml`, each as one regular expression group."""
    data = load(DATA / "words.yml", {"type": "object", "additionalProperties": PHRASES})
    return {name: "(?:" + "|".join(_spaced(phrase) for phrase in phrases) + ")" for name, phrases in data.items()}


def optional(phrase: str) -> str:
    """Let the gap before an optional word be optional with it: "a (b)? c" finds "a c" too.

    Args:
        phrase: a phrase in the notation of this module.

    Returns:
        The phrase with such gaps inside the optional group.
    """
    at = 0
    while (at := phrase.find(" (", at)) >= 0:
        depth, end = 0, at + 1
        while end < len(phrase):
            depth += {"(": 1, ")": -1}.get(phrase[end], 0)
            if depth == 0:
                break
            end += 1
        if phrase[end + 1 : end + 2] == "?" and phrase[end + 2 : end + 3] in ("", " ", ")", "|"):
            # "a ~2 (b)?": the words between go with it.
            if re.search(r" ~\d$", phrase[:at]):
                at -= 3
            phrase = f"{phrase[:at]}(?:{phrase[at : end + 1]})?{phrase[end + 2 :]}"
            at += 3
        at += 1
    return phrase


def _spaced(phrase: str) -> str:
    parts = []
    phrase = optional(re.sub(r" ~\d$", "", phrase)).replace(r"(\w+ )", rf"({_SAID}\w+ )")
    # A blank inside [...] is a blank and no gap.
    phrase = re.sub(r"(?<!\\)\[[^\]]*\]", lambda m: m.group().replace(" ", r"\x20"), phrase)
    for token in phrase.replace(" ?", r"\x20?").split(" "):
        if re.fullmatch(r"~\d", token):
            parts.append(rf"(?:{_SAID}[\w'+&.%€£$]+{_GAP}){{0,{token[1]}}}?")
        else:
            parts.append(token + _GAP)
    text = "".join(parts)
    return text[: -len(_GAP)] if text.endswith(_GAP) else text


def expression(phrase: str) -> str:
    """Turn one phrase into a regular expression on plain text.

    Args:
        phrase: a phrase in the notation of this module.

    Returns:
        The expression, without the word borders.

    Raises:
        KeyError: a `<word>` that `words.yml` does not give.
    """
    return re.sub(r"<(\w+)>", lambda m: words()[m[1]], _spaced(phrase))


def _needed(parsed: Sequence[tuple[Any, Any]]) -> list[str]:
    """Find letters of which at least one run stands in every match: a cheap test before the real search."""
    best: list[str] = []
    run = ""
    for op, value in [*parsed, (None, None)]:
        if op is kind.LITERAL:
            run += chr(value)
            continue
        options = [run] if run else []
        if op is kind.SUBPATTERN:
            options = _better(options, _needed(value[3]))
        elif op is kind.BRANCH:
            each = [_needed(branch) for branch in value[1]]
            options = _better(options, [word for branch in each for word in branch] if all(each) else [])
        elif op is kind.MAX_REPEAT and value[0] >= 1:
            options = _better(options, _needed(value[2]))
        best = _better(best, options)
        run = ""
    return best


def _better(one: list[str], other: list[str]) -> list[str]:
    def worth(options: list[str]) -> float:
        return min(map(len, options)) - len(options) / 8 if options else -99.0

    return other if worth(other) > worth(one) else one


class Phrases:
    """A set of labelled phrases.

    Args:
        labelled: for each label its phrases.

    Raises:
        re.error: a phrase is no regular expression.
    """

    def __init__(self, labelled: Mapping[str, Sequence[str]]) -> None:
        self._all: list[tuple[str, re.Pattern[str]]] = []
        # Most texts hold few of the letters that phrases need: looking for each once tells which are worth trying.
        self._needing: dict[str, list[int]] = {}
        for label, phrases in labelled.items():
            for phrase in phrases:
                inner = expression(phrase)
                for word in _needed(sre_parse.parse(inner).data) or [""]:
                    self._needing.setdefault(word, []).append(len(self._all))
                self._all.append((label, re.compile(rf"(?<![a-z0-9]){inner}(?![a-z0-9])")))

    def find(self, low: str) -> Iterator[Hit]:
        """Find the phrases.

        Args:
            low: plain text (`text.plain`).

        Yields:
            Every hit, in the order of the phrases; the same words may be hit by several.
        """
        pieces = list(_pieces(low))
        starts = [first for first, _ in pieces]
        worth: dict[int, set[int]] = {}
        for word, numbers in self._needing.items():
            if word in low:
                held = _holding(low, word, pieces, starts) if word else range(len(pieces))
                for number in numbers:
                    worth.setdefault(number, set()).update(held)
        for number in sorted(worth):
            label, pattern = self._all[number]
            end = -1
            for first, last in (pieces[index] for index in sorted(worth[number])):
                for match in pattern.finditer(low, first, last):
                    if match.start() >= end:
                        end = match.end()
                        yield Hit(label, match.start(), end)


def _holding(low: str, word: str, pieces: list[tuple[int, int]], starts: list[int]) -> set[int]:
    """Tell which pieces hold a word; pieces of a text without full stops overlap, so a word may stand in two."""
    found: set[int] = set()
    at = low.find(word)
    while at >= 0:
        index = bisect_right(starts, at) - 1
        for near in (index - 1, index):
            if near >= 0 and pieces[near][1] >= at + len(word):
                found.add(near)
        # What follows in the same piece tells nothing new.
        at = low.find(word, max(at + 1, pieces[index][1] - _LONGEST // 2 if index >= 0 else 0))
    return found


_BORDER = re.compile(r"[!?;\n]|\.(?!\w)")


def _pieces(low: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in [*_BORDER.finditer(low), None]:
        end = match.start() if match else len(low)
        while end - start > _LONGEST:
            yield start, start + _LONGEST
            start += _LONGEST // 2
        if end - start > 1:
            yield start, end
        start = match.end() if match else end


@cache
def topic(name: str) -> Phrases:
    """Load the phrases of one topic.

    Args:
        name: name of a YAML file of `data/`: field, then value, then phrases.

    Returns:
        The phrases, labelled "field:value".

    Raises:
        BrokenData: the file is broken.
    """
    schema = {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": PHRASES}}
    data = load(DATA / f"{name}.yml", schema)
    return Phrases({f"{field}:{value}": listed for field, values in data.items() for value, listed in values.items()})
