"""Questions in the middle: answered from the protocol, fitted to the case, then the open question again."""
from __future__ import annotations

import pytest

from bot.understanding import component
from tests.dialogues.conftest import Chat

FIRST = "Girl, 15, from Eritrea, alone at the railway station, owes money for her journey"


async def test_a_question_is_answered_and_the_open_one_asked_again(chat: Chat) -> None:
    await chat.say(FIRST)
    said = await chat.say("can I ring her embassy to check the passport?")
    assert "Source:" in said
    assert "mbassy" in said or "onsul" in said
    assert chat.question == "danger"


async def test_the_embassy_answer_differs_where_she_fears_return(chat: Chat, another_chat: Chat) -> None:
    await chat.say(FIRST)
    await another_chat.say(FIRST, "she is afraid to go back and wants asylum")
    asked = "may we contact the embassy about her?"
    assert await chat.say(asked) != await another_chat.say(asked)


async def test_a_correction_and_a_question_in_one_message_are_both_heard(chat: Chat) -> None:
    await chat.say(FIRST)
    said = await chat.say("sorry 14 not 15 and can I call the embassy?")
    assert "Age: 14" in said and "Source:" in said
    assert chat.value("age") == 14


async def test_a_question_without_a_case_opens_none(chat: Chat) -> None:
    said = await chat.say("what is the NFP and who runs it?")
    assert "National Focal Point" in said
    assert chat.question is None
    assert chat.record()["assessment_summary"]["expected_route"] == "out_of_scope"


async def test_a_question_that_no_answer_fits_goes_to_a_person_with_one_tap(chat: Chat) -> None:
    await chat.say(FIRST)
    said = await chat.say("which colour should the form for the archive have?")
    assert "no answer" in said and "#human" in chat.taps
    assert chat.question == "danger"


async def test_a_question_after_sending_is_answered_and_is_no_addition(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.to_summary(danger="no")
    await chat.say("#send")
    said = await chat.say("can I call her embassy?")
    assert "Source:" in said
    assert chat.record()["amendments"] == []


@pytest.mark.parametrize("before", [[FIRST], []])
async def test_what_may_have_been_meant_is_one_tap_away(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, before: list[str]
) -> None:
    monkeypatch.setattr(component, "nearest", lambda text, asked: ["embassy", "photos"] if asked is not None else [])
    await chat.say(*before, "what is the NFP and who runs it?")
    assert chat.taps["#meant:embassy"] == "Embassy or consulate" and "- Embassy or consulate" in chat.text
    said = await chat.say("#meant:embassy")
    assert "onsul" in said and "Source:" in said and "#meant:photos" not in chat.taps
    assert chat.question == ("danger" if before else "account")


async def test_a_tap_on_an_answer_that_is_not_there_says_nothing_wrong(chat: Chat) -> None:
    await chat.say(FIRST)
    said = await chat.say("#meant:nothing")
    assert "Source:" not in said and chat.question == "danger"
