"""What is taken out of a message before it is stored, and when nothing is left."""
from __future__ import annotations

import pytest

from bot.door.gateway import Refused, clean


@pytest.mark.parametrize("typed", ["/restart", "//restart", " / restart", "/ /restart", "/\u3000/\u00a0restart",
                                   "\n/\n/restart", "\x00/\x1f/restart"])
def test_nothing_that_is_typed_names_an_intent(typed: str) -> None:
    assert clean(typed) == "restart"


@pytest.mark.parametrize("typed", ["", " ", "/", "/ /", "\u200b", "\u200f / \ufeff", "\x00\x07"])
def test_what_nobody_can_see_is_nothing(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        clean(typed)
    assert refused.value.code == "empty"


@pytest.mark.parametrize("typed", ["?", "👍", "شكرا", "a/b", "girl\n15", "5", "\U0001fae1", "\ue000"])
def test_what_can_be_seen_stays(typed: str) -> None:
    assert clean(typed) == typed
