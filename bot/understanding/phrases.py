"""Finds phrases that are kept as data: a small notation over regular expressions, made fast for long messages.

The notation, used by the YAML files of `data/`: a blank is any gap between two words, `~3` stands for up to three
words of any kind, `<word>` for the alternatives that `words.yml` gives for it; all else is a regular expression.
A phrase never runs over the end of a sentence and begins and ends at the border of a word.
"""
from __future__ import annotations

import re
import sre_constants as kind
import sre_parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.protocol.loading import load

DATA = Path(__file__).parent / "data"
PHRASES = {"type": "array", "items": {"type": "string", "minLength": 2}, "minItems": 1}
"""Schema of a list of phrases."""
_GAP = r"[ \t,/'\"*()\-:]{1,3}"
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


def _spaced(phrase: str) -> str:
    parts = []
    for token in phrase.split(" "):
        if re.fullmatch(r"~\d", token):
            parts.append(rf"(?:[\w'+&.%€£$]+{_GAP}){{0,{token[1]}}}?")
        else:
            parts.append(token + _GAP)
    text = "".join(parts)
    return text[:-len(_GAP)] if text.endswith(_GAP) else text


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
        self._all: list[tuple[str, re.Pattern[str], list[str]]] = []
        for label, phrases in labelled.items():
            for phrase in phrases:
                inner = expression(phrase)
                pattern = re.compile(rf"(?<![a-z0-9]){inner}(?![a-z0-9])")
                self._all.append((label, pattern, _needed(list(sre_parse.parse(inner)))))

    def find(self, low: str) -> Iterator[Hit]:
        """Find the phrases.

        Args:
            low: plain text (`text.plain`).

        Yields:
            Every hit, in the order of the phrases; the same words may be hit by several.
        """
        pieces = list(_pieces(low))
        for label, pattern, needed in self._all:
            if needed and not any(word in low for word in needed):
                continue
            end = -1
            for first, last in pieces:
                if needed and not any(low.find(word, first, last) >= 0 for word in needed):
                    continue
                for match in pattern.finditer(low, first, last):
                    if match.start() >= end:
                        end = match.end()
                        yield Hit(label, match.start(), end)


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


@lru_cache(maxsize=None)
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
