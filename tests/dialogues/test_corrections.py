"""Correcting, going back, skipping, starting again, stopping and coming back."""
from __future__ import annotations

import pytest

from tests.dialogues.conftest import Chat

FIRST = "Boy, 16, from Albania, alone at the ferry terminal, no papers"


async def test_a_correction_in_words_changes_the_line_and_not_the_open_question(chat: Chat) -> None:
    await chat.say(FIRST)
    assert chat.question == "danger"
    said = await chat.say("sorry, 15 not 16")
    assert "Age: 15" in said
    assert chat.value("age") == 15
    assert chat.question == "danger"


async def test_user_corrects_twice_in_a_row(chat: Chat) -> None:
    await chat.say(FIRST, "sorry, 15 not 16", "sorry, he is 14")
    assert chat.value("age") == 14


async def test_a_line_is_changed_by_its_name(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.say("change nationality")
    assert chat.question == "nationality"
    await chat.say("Kosovo")
    assert chat.value("nationality") == "XK"
    assert chat.question == "danger"


async def test_a_country_as_another_nationality_does_not_move_the_encounter(chat: Chat) -> None:
    await chat.say("Girl 15 from Brazil in a bar in Lisbon, no papers, afraid to go home")
    before = chat.value("country")
    assert before == "PT"
    await chat.say("change nationality", "Nigeria")
    assert (chat.value("nationality"), chat.value("country")) == ("NG", "PT")


@pytest.mark.parametrize("words", ["no papers", "no money", "no shoes"])
async def test_no_to_something_else_answers_neither_danger_nor_fear(chat: Chat, words: str) -> None:
    await chat.say("Girl 15 from Moldova alone at the bus station in Porto")
    assert chat.question == "danger"
    await chat.say(words)
    assert chat.value("danger") is None and chat.question == "danger"
    await chat.say("#danger=no")
    while chat.question != "fear":
        await chat.say(f"#{chat.question}=unknown")
    await chat.say(words)
    assert chat.value("fear") is None


async def test_a_question_tells_nothing_of_the_child(chat: Chat) -> None:
    await chat.say(FIRST)
    said = await chat.say("do I put them in handcuffs?")
    assert chat.value("offences") is None and "I noted" not in said
    said = await chat.say("Do I put handcuffs on the woman or the girl?")
    assert "did not understand it as an answer" not in said


async def test_a_line_is_changed_by_a_tap_in_the_summary(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.to_summary(danger="no", signs="none")
    assert "#change:age" in chat.taps or any(p.startswith("#change:") for p in chat.taps)
    await chat.say("#change:age")
    assert chat.question == "age"
    await chat.say("13")
    assert chat.at_summary and "Age: 13" in chat.text


async def test_a_tap_on_an_older_reply_corrects_it(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.say("#danger=no")
    open_now = chat.question
    await chat.say("#danger=yes")
    assert chat.value("danger") == "yes"
    assert chat.text.startswith("Call 112 now")
    assert open_now


async def test_back_opens_the_last_question_again(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.say("#danger=no")
    await chat.say("back")
    assert chat.question == "danger"
    await chat.say("#danger=yes")
    assert chat.value("danger") == "yes"


async def test_back_at_the_beginning_is_kind(chat: Chat) -> None:
    await chat.say("hello")
    assert "nothing before" in await chat.say("back")
    assert chat.question == "account"


async def test_skip_leaves_a_question_open_and_danger_counts_as_possible(chat: Chat) -> None:
    await chat.say(FIRST)
    said = await chat.say("skip")
    assert "112" in said
    assert chat.question != "danger"
    record = chat.record()
    assert record["values"]["danger"]["open"] == "unknown"


async def test_start_again_asks_first_and_then_drops_the_draft(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.say("start again")
    assert {"#drop", "#keep"} <= set(chat.taps)
    await chat.say("#keep")
    assert chat.question == "danger" and chat.value("age") == 16
    await chat.say("start again")
    await chat.say("#drop")
    assert chat.question == "account"
    assert chat.value("age") is None


async def test_stop_and_come_back(chat: Chat) -> None:
    await chat.say(FIRST)
    said = await chat.say("I have to go")
    assert "Kept" in said and chat.question is None
    await chat.say("I am back")
    assert chat.question == "danger"
    assert chat.value("age") == 16


async def test_numbers_answer_where_there_are_no_buttons(chat: Chat) -> None:
    await chat.say(FIRST)
    titles = list(chat.taps.values())
    number = [p for p in chat.taps if p.startswith("#danger")].index("#danger=no") + 1
    await chat.say(str(number))
    assert titles and chat.value("danger") == "no"


async def test_two_cases_in_one_chat_stay_two(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.say("new case")
    assert chat.question == "account"
    await chat.say("Girl 11 from Ghana, works in a house as a maid, never goes to school")
    assert chat.value("age") == 11
    await chat.say("other case")
    await chat.say("#danger=no")
    assert chat.value("age") == 16 and chat.value("nationality") == "AL"


@pytest.mark.parametrize("said", ["wrong, its 14", "i mistyped, 14", "age is 14 sorry", "no no she is fourteen",
                                  "oops 14", "it should be 14", "14 not 16"])
async def test_an_age_is_corrected_in_many_ways(chat: Chat, said: str) -> None:
    await chat.say("Girl of 16 from Albania alone at the station, a man holds her passport")
    await chat.say(said)
    assert chat.record()["persons"][0]["values"]["age"]["value"] == 14


@pytest.mark.parametrize("said", ["she is moldovan not romanian", "she isnt romanian, she is from moldova"])
async def test_what_is_denied_by_what_is_said_instead_is_corrected(chat: Chat, said: str) -> None:
    await chat.say("Romanian girl of 16 alone at the station, a man holds her passport")
    await chat.say(said)
    assert chat.record()["persons"][0]["values"]["nationality"]["value"] == "MD"


@pytest.mark.parametrize("said", ["change", "change age", "wrong", "edit the age"])
async def test_a_wish_to_change_that_says_nothing_else_stays_one(chat: Chat, said: str) -> None:
    await chat.say("Girl of 16 from Albania alone at the station, a man holds her passport")
    await chat.say(said)
    assert chat.record()["persons"][0]["values"]["age"]["value"] == 16


@pytest.mark.parametrize("said", ["she is not afraid to go back", "not afraid of going back",
                                  "she has no fear of return", "says nobody there frightens her"])
async def test_a_denial_never_takes_the_fear_back_that_was_told(chat: Chat, said: str) -> None:
    await chat.say("Girl of 15 from Albania alone at the station, she is afraid of being sent back to her country")
    await chat.say("#danger=no")
    told = chat.value("fear")
    assert told == "fear"
    await chat.say(said)
    assert chat.value("fear") == told


async def test_which_holds_is_asked_when_a_told_fear_is_denied(chat: Chat) -> None:
    await chat.say("Girl of 15 from Albania alone at the station, she is afraid of being sent back to her country")
    await chat.say("#danger=no")
    said = await chat.say("not afraid of going back")
    assert "does not fit what you told me before" in said and chat.question == "fear"
    await chat.say("#fear=no")
    assert chat.value("fear") == "denied" and chat.question != "fear"


async def test_two_ages_are_both_shown_and_asked_about(chat: Chat) -> None:
    await chat.say("Woman, 22, romanian, at a bar in Porto, passport held by the boss")
    await chat.say("#danger=no")
    said = await chat.say("she just told me she is 16")
    assert "16 to 22 (not certain)" in said and "do not fit together" in said
    assert chat.question == "age" and chat.record()["persons"][0]["presumed_child"] is True
    await chat.say("16")
    assert chat.value("age") == 16 and chat.question != "age"
    assert chat.record()["persons"][0]["values"]["child"]["value"] == "yes"


async def test_a_child_told_of_later_is_a_person_of_the_report(chat: Chat) -> None:
    await chat.say("Woman, 30, romanian, at a bar in Porto, passport held by the boss")
    await chat.say("#danger=no")
    said = await chat.say("her daughter is 8")
    assert chat.value("accompanied") != "with_adult_relative_claimed" and chat.value("claimed_link") is None
    assert [p["values"]["age"]["value"] for p in chat.record()["persons"]] == [30, 8]
    assert "Person 2, age: 8" in said
