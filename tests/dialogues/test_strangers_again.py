"""What strangers ran into when they tried the chat; each is told here as they told it."""
from __future__ import annotations

import pytest

from tests.dialogues.conftest import Chat

GIRL = "Girl, 15, from Albania, works in a flat with men who come and pay"


async def test_a_long_message_that_is_not_understood_is_never_refused(chat: Chat) -> None:
    said = await chat.say("بنت عمرها 14 سنة في محطة الحافلات مع رجل كبير السن لا تعرفه")
    assert "112" in said and "not about a person" not in said
    assert "#human" in chat.taps


async def test_a_number_answers_the_question_and_is_nobodys_age(chat: Chat) -> None:
    await chat.say("somebody here worries me, a child in a restaurant kitchen at night")
    await chat.to_summary_until("danger")
    await chat.say("3")
    assert chat.value("danger") == "no"
    assert chat.value("age") is None


async def test_an_age_is_no_place(chat: Chat) -> None:
    await chat.say("Child alone at night, from Moldova")
    await chat.to_summary_until("place")
    await chat.say("12 or 13")
    assert chat.value("place") is None and chat.value("age") == [12, 13]


async def test_which_of_three_cases_is_asked(chat: Chat) -> None:
    await chat.say(GIRL)
    await chat.say("new case: boy of 11 from Ghana, alone")
    await chat.say("new case: woman of 40, beaten by her boss")
    await chat.say("other case")
    assert {"female, 15", "male, 11"} <= set(chat.taps.values())
    tap = next(payload for payload, title in chat.taps.items() if title == "female, 15")
    await chat.say(tap)
    assert "Back at the other case: female, 15" in chat.text
    assert chat.question == "danger" and chat.value("age") == 15


async def test_going_back_to_the_only_other_case_goes_on_with_its_question(chat: Chat) -> None:
    await chat.say(GIRL)
    await chat.say("new case: boy of 11 from Ghana, alone")
    await chat.say("other case")
    assert chat.question == "danger" and chat.value("age") == 15
    await chat.say("#danger=no")
    assert chat.value("danger") == "no"


async def test_a_correction_finds_the_person_it_means(chat: Chat) -> None:
    await chat.say("A girl of 14 and a boy of 8 from Syria alone at the ferry")
    await chat.say("sorry, the boy is 9 not 8")
    assert [p["values"]["age"]["value"] for p in chat.record()["persons"]] == [14, 9]


async def test_a_line_of_one_person_is_named_in_words(chat: Chat) -> None:
    await chat.say("A girl of 14 and a boy of 8 from Syria alone at the ferry")
    await chat.say("change person 2 age")
    assert chat.question == "age" and "Person 2" in chat.text
    await chat.say("10")
    assert [p["values"]["age"]["value"] for p in chat.record()["persons"]] == [14, 10]


async def test_what_no_line_is_called_is_read_as_a_correction(chat: Chat) -> None:
    await chat.say("Boy, 15, from Ghana, alone at the station")
    await chat.say("wrong: he is with a man who says he is his brother")
    assert chat.value("accompanied") == "with_adult_relative_claimed"


async def test_the_controller_is_not_interviewed_afterwards(chat: Chat) -> None:
    await chat.say("I am her uncle and I come to collect her, where is she")
    for words in ("ok then just say if you have her", "she is mine, give her back", "yes"):
        said = await chat.say(words)
        assert "I cannot say whether" in said and chat.question is None
    assert chat.record()["values"] == {}


async def test_the_child_who_writes_is_not_questioned_afterwards(chat: Chat) -> None:
    await chat.say("he took my passport and i have to sleep with men, i am 16 please help")
    for words in ("im scared he comes back soon", "what will happen to me?"):
        said = await chat.say(words)
        assert "a person is being called" in said and chat.question is None
        assert len(said) < 160


async def test_a_nationality_named_once_beside_several_closes_all_countries(chat: Chat) -> None:
    await chat.say("boy of 8, girl of 12, girl about 16 at the border. the older girl is Albanian, fears going home")
    assert chat.record()["firewall"]["closed"] == ["*"]


async def test_after_sending_the_replies_stay(chat: Chat) -> None:
    await chat.say(GIRL)
    await chat.to_summary(danger="no")
    await chat.say("#send")
    for words in ("#status", "can I call the embassy?", "he wore a red cap"):
        await chat.say(words)
        assert {"#add", "#gone", "#status"} <= set(chat.taps), words


async def test_stop_and_return_in_other_words(chat: Chat) -> None:
    await chat.say(GIRL)
    await chat.say("stop")
    await chat.say("ok i am back")
    assert chat.question == "danger"


async def test_the_summary_is_shown_once(chat: Chat) -> None:
    await chat.say(GIRL)
    await chat.to_summary(danger="no")
    said = await chat.say("summary")
    assert said.count("Nationality: Albania") == 1 and "Before it can go" not in said


async def test_an_adult_who_says_no_leaves_ways_to_go_on(chat: Chat) -> None:
    await chat.say("Woman of 27 from Nepal in a laundry, works 14 hours a day without pay, boss keeps her passport")
    await chat.to_summary(danger="no", consent="refused")
    await chat.say("#send")
    assert {"#human", "#change:consent", "#new"} <= set(chat.taps)
    await chat.say("#change:consent")
    await chat.say("#consent=given")
    await chat.say("#send")
    assert chat.reference


@pytest.mark.parametrize("words", ["she says he has a knife, he is at the door, do I search him?"])
async def test_danger_comes_before_any_advice_on_something_else(chat: Chat, words: str) -> None:
    await chat.say(GIRL)
    assert (await chat.say(words)).startswith("Call 112 now")


async def test_somebody_who_cannot_talk_may_see_all_before_sending(chat: Chat) -> None:
    await chat.say(GIRL)
    await chat.say("she is next to me, can't talk")
    await chat.to_summary(danger="no")
    assert "Nationality" not in chat.text and "#noted" in chat.taps
    await chat.say("#noted")
    assert "Nationality: Albania" in chat.text and chat.at_summary


async def test_markup_does_not_hide_what_it_surrounds(chat: Chat) -> None:
    await chat.say("<b>girl</b> 14 at the port, from **Moldova**, *alone*")
    assert (chat.value("age"), chat.value("nationality")) == (14, "MD")


async def test_a_bare_year_answers_which_age_is_right(chat: Chat) -> None:
    await chat.say("Boy at the ferry, he is under 18 but born 1990")
    await chat.to_summary_until("age")
    await chat.say("2012")
    assert chat.value("age") in (13, 14, [13, 14])
