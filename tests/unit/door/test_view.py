"""Which answers may be tapped, and what stands in the page's texts."""
from __future__ import annotations

from typing import Any

import pytest

from bot.conversations.messages import open_conversation, receive
from bot.database import writing
from bot.door.devices import CONVERSATION
from bot.door.pages import numbers, texts
from bot.door.view import active_replies, view

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


async def test_a_new_device_is_greeted_with_ways_to_begin() -> None:
    seen = await view("web:new")
    assert (seen["conversation"], seen["messages"], seen["last"]) == ("", [], 0)
    assert [reply["title"] for reply in seen["replies"]] == texts()["greeting"]["replies"]


async def test_a_page_gets_what_follows_its_last_number_with_its_own_ids() -> None:
    with writing() as session:
        conversation = open_conversation(session, "web", "web:a", CONVERSATION)
        for text in ("one", "two"):
            receive(session, conversation, text, None, f"id of {text}")
    seen = await view("web:a", after=1)
    assert [(m["seq"], m["id"], m["state"]) for m in seen["messages"]] == [(2, "id of two", "stored")]
    assert seen["states"] == {"1": "stored", "2": "stored"}
    assert (await view("web:b"))["messages"] == []
