"""Prepares a message for reading without moving a character, so that every finding points at its own words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_SAME = {
    "‘": "'",
    "’": "'",
    "‚": "'",
    "`": "'",
    "´": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "½": " ",
    "¼": " ",
    "¾": " ",
    "–": "-",
    "—": "-",
    "‐": "-",
    "‑": "-",
    "−": "-",
    "…": ".",
    "ß": "s",
    "ı": "i",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "æ": "e",
    "œ": "e",
    "⁄": "/",
    "，": ",",
    "？": "?",
    "。": ".",
}


def _plain_char(char: str) -> str:
    same = _SAME.get(char)
    if same is not None:
        return same
    if char in "\n\t":
        return char
    if unicodedata.category(char)[0] == "C" or unicodedata.category(char) in ("Mn", "Zs", "Zl", "Zp"):
        return " "
    base = unicodedata.normalize("NFKD", char.lower())[:1]
    return _SAME.get(base, base) or " "


_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,40}>|[*_`]{1,3}(?=\w)|(?<=\w)[*_`]{1,3}(?!\w)|^#{1,6} ", re.MULTILINE)


def without_markup(text: str) -> str:
    """Take out tags and signs of emphasis, which hide the words that they surround.

    Args:
        text: a message as written.

    Returns:
        The words without them.
    """
    return _MARKUP.sub("", text)


def plain(text: str) -> str:
    """Give the text in lower case without accents, fancy quotes, control and direction marks.

    Args:
        text: a message as written, anything at all.

    Returns:
        A text of exactly the same length, so that positions in it hold in the original.
    """
    if text.isascii():
        return re.sub(r"[^\x20-\x7e\n\t]", " ", text).lower()
    return "".join(char.lower() if " " <= char <= "~" else _plain_char(char) for char in text)


@dataclass(frozen=True)
class Clause:
    """A piece of a message.

    Args:
        start: its first character in the message.
        end: one past its last.
        text: the words, as written.
    """

    start: int
    end: int
    text: str


# A full stop ends a sentence unless it stands in a number, a web address or behind a common short form.
_SENTENCE_END = re.compile(
    r"[!?;\n]+|(?<!\bno)(?<!\bnr)(?<!\bst)(?<!\bmr)(?<!\bmrs)(?<!\bms)(?<!\bdr)(?<!\binsp)(?<!\bapprox)(?<!\bapp)"
    r"(?<!\bca)(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bresp)(?<!\bsgt)(?<!\betc)(?<!\babt)(?<!\b[a-z])\.+(?![\w.])"
    r"|(?<=[a-z]{4})\.(?=[a-z]{3})(?!com|org|net|gov)|\.{2,}"
)


def _pieces(text: str, border: re.Pattern[str]) -> list[Clause]:
    low, found, start = plain(text), [], 0
    for match in [*border.finditer(low), None]:
        end = match.start() if match else len(text)
        words = text[start:end].strip()
        if words:
            first = start + text[start:end].index(words)
            found.append(Clause(first, first + len(words), words))
        start = match.end() if match else end
    return found


def sentences(text: str) -> list[Clause]:
    """Split a message into sentences, however carelessly punctuated.

    Args:
        text: a message as written.

    Returns:
        The sentences in order; never an empty one.
    """
    return _pieces(text, _SENTENCE_END)


def split(text: str, border: str) -> list[Clause]:
    """Split a message at sentence ends and at further borders.

    Args:
        text: a message as written.
        border: regular expression of the further borders, on plain text.

    Returns:
        The pieces in order; never an empty one.
    """
    return _pieces(text, re.compile(f"{_SENTENCE_END.pattern}|{border}"))
