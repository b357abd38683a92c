"""A message becomes plain pieces: lines, lists and numbers to dial, and nothing else."""
from __future__ import annotations

import pytest

from bot.door.wording import blocks, dialled


def test_lines_and_lists_are_kept_apart() -> None:
    found = blocks("At once:\n- stay\n- wait\n\nThen call.\nSoon.")
    assert [(block["list"], [line[0][0] for line in block["lines"]]) for block in found] == [
        (False, ["At once:"]), (True, ["stay", "wait"]), (False, ["Then call.", "Soon."]),
    ]


@pytest.mark.parametrize(("text", "links"), [
    ("Call 112 now", [["112", "112"]]),
    ("Call 112, then +44 20 7946 0100.", [["112", "112"], ["+44 20 7946 0100", "+442079460100"]]),
    ("Room 1120, case 2112, 112a", []),
    ("born 2010-04-11, ref 7K2M-9QXA-1234-5678Z", []),
])
def test_only_numbers_to_call_become_links(text: str, links: list[list[str]]) -> None:
    pieces = [piece for block in blocks(text, ("112",)) for line in block["lines"] for piece in line]
    assert [piece for piece in pieces if len(piece) == 2] == links
    assert "".join(piece[0] for piece in pieces) == text


def test_what_a_responder_typed_never_dials() -> None:
    assert blocks("112 or +44 20 7946 0100", None)[0]["lines"] == [[["112 or +44 20 7946 0100"]]]


@pytest.mark.parametrize("text", ["<b>x</b>", "😀 שלום", "a\u202eb", "{{ 7 * 7 }}", "&lt;"])
def test_markup_and_odd_characters_stay_as_they_are(text: str) -> None:
    assert blocks(text) == [{"list": False, "lines": [[[text]]]}]


def test_an_empty_text_has_no_blocks() -> None:
    assert blocks(" \n\r\n") == []


def test_a_number_to_dial_has_no_spaces() -> None:
    assert dialled("+44 (20) 7946-0100") == "+442079460100"
