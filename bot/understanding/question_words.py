"""Finds the parts of a text that ask, and writes a text in the words that questions are compared by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.protocol.loading import load
from bot.understanding.text import plain, sentences, split

_DATA = Path(__file__).parent / "data"
_WORDS = {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["begins", "goes_on", "fillers", "empty", "same", "none"],
    "properties": {
        **{name: _WORDS for name in ("begins", "goes_on", "fillers", "empty")},
        "same": {"type": "object", "additionalProperties": _WORDS},
        "none": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    },
}

SHORTEST_STEM = 3
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_NO_ADULT = re.compile(r"\b(?:no|without(?: an?| any)?) (?:adults?|grown[ -]?ups?)\b")
"""Says that somebody is alone; the bare word would point to the answers about adults."""


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, Any]:
    """Give `questions.yml`: how questions begin, words of one class, and texts that no answer fits."""
    return dict(load(_DATA / "questions.yml", _SCHEMA))


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    """Give the class of each word that has one; peoples and countries are one class, since no answer hangs on them."""
    countries = load(_DATA / "countries.yml", {"type": "object"})
    found = {
        word: "country"
        for entry in countries.values()
        for kind in ("names", "people")
        for word in entry.get(kind, ())
        if " " not in word
    }
    for name, words in vocabulary()["same"].items():
        found |= {name: name, **{word: name for word in words}}
    return found


def reduced(text: str) -> str:
    """Write a text in the words that the matcher compares: numbers and peoples by their kind, synonyms
    by their class; 17 and 18 stay, since answers hang on them.

    Args:
        text: as written.

    Returns:
        Lower-case words with single blanks; empty where there is no word.
    """
    same = _classes()
    words = WORD.findall(_NO_ADULT.sub(" unaccompanied ", plain(text)))
    return " ".join(same.get(w) or ("num" if w.isdigit() else _stem(w)) for w in words)


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=1)
def empty() -> frozenset[str]:
    """Give the words that tell nothing of what is asked, reduced."""
    return frozenset(word for word in reduced(" ".join(vocabulary()["empty"])).split())


def _either(phrases: Iterable[str]) -> str:
    return "|".join(re.escape(p) for p in sorted(phrases, key=len, reverse=True))


@lru_cache(maxsize=1)
def _starts() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    data = vocabulary()
    fillers = rf"(?:(?:{_either(data['fillers'])})\b[\s,:-]*)*"
    end = r"(?![\w'])(?! not?\b)"
    return (
        re.compile(rf"[\W\d]*{fillers}(?:{_either([*data['begins'], *data['goes_on']])}){end}"),
        re.compile(rf"[\W\d]*{fillers}(?:{_either(data['goes_on'])}){end}"),
        re.compile(rf"[\s,:()](?:{_either(data['goes_on'])}){end}"),
    )


def asking_parts(text: str) -> list[str]:
    """Give the parts of a text that ask.

    Args:
        text: the message.

    Returns:
        They from the question's first word on, in order.
    """
    begins, goes_on, goes_on_inside = _starts()
    found = []
    low = plain(text)
    for sentence in sentences(text):
        marked = "?" in text[sentence.end : sentence.end + 3]
        if begins.match(low, sentence.start, sentence.end):
            found.append(sentence.text)
            continue
        if not marked and not goes_on_inside.search(low, sentence.start, sentence.end):
            continue
        clauses = split(sentence.text, r"[,:()]+|\s-+\s|\b(?:and|but|or|und|so)\b(?=\s)")
        start = next((c.start for c in clauses[1:] if goes_on.match(plain(c.text))), None)
        if start is not None:
            found.append(sentence.text[start:])
        elif marked and WORD.search(low, sentence.start, sentence.end):
            found.append(sentence.text)
    return found


def is_question(text: str) -> bool:
    """Tell whether a text asks something: a question mark, or a question's beginning in any of its clauses.

    Args:
        text: the message.

    Returns:
        True also for the orders that stand for questions ("i must call embassy").
    """
    return bool(asking_parts(text))
