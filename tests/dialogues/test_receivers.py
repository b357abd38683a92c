"""A referral whose answers change later reaches the receivers of its new routes as well."""
from __future__ import annotations

from tests.dialogues.conftest import Chat


async def test_a_route_that_comes_later_gets_its_receiver(chat: Chat) -> None:
    await chat.say("Girl, 15, from Romania, alone at the motorway services, made to beg by a man all day")
    await chat.to_summary(danger="no")
    await chat.say("#send")
    assert [r["route"] for r in chat.record()["receipts"]] == ["nfp"]
    await chat.say("#home=here")
    assert chat.record()["persons"][0]["route"] == "nrm_child"
    assert [r["route"] for r in chat.record()["receipts"]] == ["nfp", "nrm_child"]
