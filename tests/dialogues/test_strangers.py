"""What strangers found when they tried it: each stays mended."""
from __future__ import annotations

import pytest

from tests.dialogues.conftest import Chat

FIRST = "Girl, 15, from Romania, alone at the motorway services, a man she does not know was to fetch her"


async def sent(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.to_summary(danger="no", role="police", tonight="care", fear="unknown")
    await chat.say("#send")
    assert chat.reference


@pytest.mark.parametrize("words", ["he has a knife and will kill her now", "she took pills, she is not breathing"])
async def test_danger_after_sending_is_danger(chat: Chat, words: str) -> None:
    await sent(chat)
    said = await chat.say(words)
    assert "Call 112 now" in said
    case, = chat.cases()
    assert case.danger
    assert chat.record()["assessment_summary"]["immediate_danger"] is True


async def test_danger_after_the_answer_no_is_danger(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.say("#danger=no")
    assert (await chat.say("he has a knife and will kill her now")).startswith("Call 112 now")


async def test_another_case_keeps_what_was_told_of_it(chat: Chat) -> None:
    await chat.say(FIRST)
    said = await chat.say("second case: a boy of 9 from Nepal, locked in a house, he will kill him")
    assert said.startswith("Call 112 now")
    assert chat.value("age") == 9
    assert chat.question == "danger"


@pytest.mark.parametrize(("words", "field", "value"), [
    ("14, not 15", "age", 14), ("make that 14", "age", 14), ("no, she is 14", "age", 14),
    ("not romanian but bulgarian", "nationality", "BG"), ("sorry, not romanian, she's bulgarian", "nationality", "BG"),
    ("she's actually a boy", "sex", "male"), ("change nationality to Bulgaria", "nationality", "BG"),
])
async def test_corrections_in_many_wordings(chat: Chat, words: str, field: str, value: object) -> None:
    await chat.say(FIRST)
    await chat.say(words)
    assert chat.value(field) == value
    assert chat.question == "danger"


@pytest.mark.parametrize("words", [
    "Where is the Moldovan girl you took on Tuesday?", "Do you have a boy called Ilir?",
    "I'm the father, give me my daughter back", "Is there a case about a girl from the bus station?",
])
async def test_whereabouts_are_refused_in_many_wordings(chat: Chat, words: str) -> None:
    assert "cannot say whether any child, shelter or case exists" in await chat.say(words)


async def test_a_contact_is_not_said_to_be_read_before_somebody_reads_it(chat: Chat) -> None:
    await chat.say("young man at the harbour, about 30, sits there every day")
    await chat.to_summary(danger="no", consent="given", signs="none")
    assert "no person has read it yet" in await chat.say("#send")


async def test_start_again_takes_a_typed_yes(chat: Chat) -> None:
    await chat.say(FIRST, "start again", "yes")
    assert chat.value("age") is None and chat.question == "account"


async def test_an_impossible_date_is_said_once(chat: Chat) -> None:
    first = await chat.say("Girl from Moldova, born 31/02/2010, alone at the station")
    assert "does not exist" in first
    assert "does not exist" not in await chat.say("#danger=no")


@pytest.mark.parametrize("words", ["yes", "99", "can I check her phone?"])
async def test_not_everything_is_an_answer_to_who_has_the_child(chat: Chat, words: str) -> None:
    await chat.say(FIRST)
    await chat.to_summary_until("tonight")
    await chat.say(words)
    assert chat.value("tonight") is None
    assert chat.question == "tonight"


async def test_an_address_is_not_echoed(chat: Chat) -> None:
    said = await chat.say("Girl, 15, from Romania, she stays at 14 Oak Street")
    assert "Oak Street" not in said


async def test_a_child_of_this_country_alone_is_never_too_little(chat: Chat) -> None:
    await chat.say("Girl 15, Bulgarian, alone at the bus station in Varna")
    assert chat.record()["assessment_summary"]["expected_route"] == "child_protection"


async def test_send_before_the_summary_says_what_is_still_asked(chat: Chat) -> None:
    await chat.say(FIRST)
    assert "only what cannot wait" in await chat.say("send")


async def test_a_summary_is_shown_when_asked_for(chat: Chat) -> None:
    await chat.say(FIRST)
    assert "Age: 15" in await chat.say("show summary")


@pytest.mark.parametrize("words", ["she ran off", "he has run away", "she disappeared"])
async def test_running_off_afterwards_is_missing(chat: Chat, words: str) -> None:
    await sent(chat)
    assert "112" in await chat.say(words)
    case, = chat.cases()
    assert case.missing
