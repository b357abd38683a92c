"""Finds the words that show danger now, that ask for a human, or that show that the writer cannot talk.

Pure and fast: the door uses it on every message before anything else reads it. It errs towards danger; what is denied
("nobody is in danger") or past ("he locked her in last year") is not danger now.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from bot.protocol.loading import load
from bot.understanding.commands import command_phrases
from bot.understanding.negation import status
from bot.understanding.phrases import PHRASES, Phrases
from bot.understanding.text import plain

_SCHEMA = {
    "type": "object",
    "additionalProperties": {"type": "object", "additionalProperties": PHRASES, "minProperties": 1},
    "required": ["danger", "resembles", "not_danger", "found_again", "past", "human", "silence"],
}
_LENGTH = 20_000
_GONE = re.compile(r"\b(?:missing|mispers?|vanished|disappeared|absconded|not seen)\b")
_PAST_VERB = re.compile(r"\b(?:was|were|had|did|used|locked|threatened|beat|told|kept)\b")


@lru_cache(maxsize=1)
def _phrases() -> dict[str, Phrases]:
    data = load(Path(__file__).parent / "data" / "danger.yml", _SCHEMA)
    return {topic: Phrases(listed) for topic, listed in data.items()}


def _sentence(low: str, start: int, end: int) -> tuple[int, int]:
    first = max((low.rfind(mark, 0, start) for mark in ".!?;\n"), default=-1) + 1
    lasts = [place for mark in ".!?;\n" if (place := low.find(mark, end)) >= 0]
    return max(first, start - 120), min([*lasts, len(low), end + 120])


def spans(text: str) -> list[tuple[int, int]]:
    """Find where a message shows danger now.

    Args:
        text: the message as written.

    Returns:
        First and past-the-last character of each place, in order, not overlapping.
    """
    low = plain(text[:_LENGTH])
    phrases = _phrases()
    found_again = max((hit.end for hit in phrases["found_again"].find(low)), default=0)
    safe = [(hit.start, hit.end) for kind in ("resembles", "not_danger") for hit in phrases[kind].find(low)]
    found: list[tuple[int, int]] = []
    for hit in phrases["danger"].find(low):
        if any(hit.start < end and start < hit.end for start, end in safe):
            continue
        if status(text, hit.start, hit.end) == "denied":
            continue
        if hit.end <= found_again and _GONE.search(low[hit.start : hit.end]):
            continue
        first, last = _sentence(low, hit.start, hit.end)
        sentence = low[first:last]
        if any(True for _ in phrases["past"].find(sentence)) and not re.search(
            r"\b(?:now|tonight|today|still|missing)\b", sentence
        ):
            continue
        found.append((hit.start, hit.end))
    found.sort()
    kept: list[tuple[int, int]] = []
    for start, end in found:
        if kept and start < kept[-1][1]:
            kept[-1] = kept[-1][0], max(end, kept[-1][1])
        else:
            kept.append((start, end))
    return kept


def danger(text: str) -> list[str]:
    """Find the words that show danger now: harm, or removal by others, imminent.

    Args:
        text: the message as written.

    Returns:
        The words, in the order of the text; empty where nothing shows danger, which is never proof of safety.
    """
    return [text[start:end].strip() for start, end in spans(text)]


def denied(text: str) -> tuple[int, int] | None:
    """Find where a message says that there is no danger.

    Args:
        text: the message as written.

    Returns:
        First and past-the-last character of the first such place, None where it does not say so.
    """
    hit = next(iter(_phrases()["not_danger"].find(plain(text[:_LENGTH]))), None)
    return (hit.start, hit.end) if hit else None


def begins_another_case(text: str) -> bool:
    """Tell whether a message opens another case, so that its danger is not that of the present one.

    Args:
        text: the message as written.

    Returns:
        Whether it begins with one of the phrases that open a case.
    """
    return plain(text).startswith(tuple(command_phrases()["new_case"]["begins"]))


def wants_human(text: str) -> bool:
    """Tell whether the writer asks for a human.

    Args:
        text: the message as written.

    Returns:
        Whether some words ask for it.
    """
    hits = _phrases()["human"].find(plain(text[:_LENGTH]))
    return any(status(text, hit.start, hit.end) != "denied" for hit in hits)


def cannot_talk(text: str) -> bool:
    """Tell whether the writer shows that somebody listens or that speaking is not safe.

    Args:
        text: the message as written.

    Returns:
        Whether some words show it.
    """
    return any(True for _ in _phrases()["silence"].find(plain(text[:_LENGTH])))
