"""Cuts a message into plain pieces (paragraphs, list lines, phone numbers), so that no page ever needs markup."""
from __future__ import annotations

import re
from typing import Any

_ITEM = re.compile(r"^\s*[-•]\s+(.*)$")
_INTERNATIONAL = r"\+\d[\d ()/-]{5,20}\d"


def dialled(phone: str) -> str:
    """Give a phone number as a `tel:` link wants it.

    Args:
        phone: the number as people read it.

    Returns:
        Digits, with a leading plus where there was one.
    """
    return ("+" if phone.strip().startswith("+") else "") + re.sub(r"\D", "", phone)


def _pieces(line: str, numbers: tuple[str, ...]) -> list[list[str]]:
    known = "|".join(rf"(?<![\w+]){re.escape(number)}(?!\w)" for number in sorted(numbers, key=len, reverse=True))
    pattern = f"{known}|(?<!\\w){_INTERNATIONAL}" if known else f"(?<!\\w){_INTERNATIONAL}"
    pieces: list[list[str]] = []
    end = 0
    for match in re.finditer(pattern, line):
        if match.start() > end:
            pieces.append([line[end:match.start()]])
        pieces.append([match.group(), dialled(match.group())])
        end = match.end()
    if end < len(line):
        pieces.append([line[end:]])
    return pieces


def blocks(text: str, numbers: tuple[str, ...] | None = ()) -> list[dict[str, Any]]:
    """Cut a text into what a page shows.

    Args:
        text: the text of a message.
        numbers: phone numbers to recognise beside international ones, such as the emergency number; None leaves
            numbers alone (what a responder typed must not turn into something that dials).

    Returns:
        Blocks `{"list": bool, "lines": [pieces]}`. A piece is `[text]`, or `[text, number to dial]`.
    """
    found: list[dict[str, Any]] = []
    gap = True
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip():
            gap = True
            continue
        item = _ITEM.match(line)
        shown = item.group(1) if item else line
        pieces = [[shown]] if numbers is None else _pieces(shown, numbers)
        if gap or found[-1]["list"] != bool(item):
            found.append({"list": bool(item), "lines": []})
        found[-1]["lines"].append(pieces)
        gap = False
    return found
