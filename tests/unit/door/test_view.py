"""Which answers may be tapped, and what stands in the page's texts."""
from __future__ import annotations

from typing import Any

import pytest

from bot.door.pages import numbers, texts
from bot.door.view import active_replies

pytestmark = pytest.mark.usefixtures("fresh_database")


def message(author: str, *payloads: str) -> dict[str, Any]:
    return {"from": author, "quick_replies": [{"title": payload, "payload": payload} for payload in payloads]}


@pytest.mark.parametrize(("messages", "expected"), [
    ([], []),
    ([message("bot", "a", "b")], ["a", "b"]),
    ([message("bot", "a"), message("responder"), message("bot")], []),
    ([message("bot", "old"), message("responder"), message("bot", "a"), message("system")], ["a"]),
    ([message("bot", "#change:age", "a")], ["a"]),
    ([message("bot", "a"), message("bot", "#change:age")], ["a"]),
])
def test_the_answers_of_the_last_turn_are_active(messages: list[dict[str, Any]], expected: list[str]) -> None:
    assert [reply["payload"] for reply in active_replies(messages)] == expected


def test_a_turn_that_failed_leaves_the_answers_of_the_turn_before() -> None:
    assert active_replies([message("bot", "a"), message("responder"), message("system")])[0]["payload"] == "a"


def test_the_texts_carry_the_numbers_of_the_profile() -> None:
    assert numbers()["duty_phone"] in texts()["return"]["wrong"]
    assert "{minimum}" in texts()["keep"]["code"]
    assert "{officer}" in texts()["bar"]["human"]
