"""Recognises what steers the chat (why, back, a human ...) with spaCy's phrase matcher; the phrases are data."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.protocol.loading import load

_DATA = Path(__file__).parent / "data" / "commands.yml"
_PHRASES = {"type": "array", "items": {"type": "string", "minLength": 1}}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {"whole": _PHRASES, "begins": _PHRASES, "holds": _PHRASES},
    },
}
LONGEST = 400
"""Characters beyond which a message is a story and not a command."""


@lru_cache(maxsize=1)
def command_phrases() -> dict[str, dict[str, list[str]]]:
    """Give the phrases of each command, by the way in which they must stand."""
    return dict(load(_DATA, _SCHEMA))


class Commands:
    """Finds the command in a message, the first of the data file that fits."""

    def __init__(self) -> None:
        # Imported here: the web process needs the phrases alone, and spaCy brings seconds of start-up.
        import spacy
        from spacy.matcher import PhraseMatcher

        self._nlp = spacy.blank("en")
        self._matcher = PhraseMatcher(self._nlp.vocab, attr="LOWER")
        self.intents = list(command_phrases())
        for intent, ways in command_phrases().items():
            for way, phrases in ways.items():
                self._matcher.add(f"{intent}/{way}", [self._nlp.make_doc(p) for p in phrases])

    def find(self, text: str) -> str | None:
        """Name the command that a message gives.

        Args:
            text: the message.

        Returns:
            An intent of the data file; None where the message gives no command.
        """
        if not text.strip() or len(text) > LONGEST:
            return None
        doc = self._nlp(text.replace("’", "'"))
        words = [t for t in doc if not t.is_punct and not t.is_space]
        if not words:
            return None
        first, last = words[0].i, words[-1].i + 1
        found = set()
        for match, start, end in self._matcher(doc):
            intent, way = self._nlp.vocab.strings[match].split("/")
            if (
                (way == "whole" and start == first and end == last)
                or (way == "begins" and start == first)
                or way == "holds"
            ):
                found.add(intent)
        return next((intent for intent in self.intents if intent in found), None)


@lru_cache(maxsize=1)
def commands() -> Commands:
    """Give the commands of this process, loaded once."""
    return Commands()
