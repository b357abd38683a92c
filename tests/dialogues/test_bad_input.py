"""Whatever is typed gets a clear, kind message; nothing is lost, and nothing on the screen is a stack trace."""
from __future__ import annotations

import pytest

from bot.door import gateway
from tests.dialogues.conftest import Chat

FIRST = "Boy, 16, from Albania, alone at the ferry terminal"


@pytest.mark.parametrize("words", ["", "   ", "\n\t", "\u200b\u200e", "///", "\x00\x07"])
async def test_nothing_is_refused_kindly(chat: Chat, words: str) -> None:
    with pytest.raises(gateway.Refused) as refused:
        await chat.say(words)
    assert refused.value.code == "empty" and "nothing in that message" in refused.value.reason


async def test_too_much_is_refused_with_the_limit_named(chat: Chat) -> None:
    with pytest.raises(gateway.Refused) as refused:
        await chat.say("a" * 20_000)
    assert refused.value.code == "too_long" and "10,000" in refused.value.reason


async def test_a_report_of_ten_thousand_characters_is_read_in_full(chat: Chat) -> None:
    filler = "We went through the building and wrote down what was there. "
    text = (filler * 170)[: 10_000 - len(FIRST) - 2] + ". " + FIRST
    await chat.say(text)
    assert chat.value("age") == 16
    assert text in chat.record()["account"]


@pytest.mark.parametrize("words", [
    "😀😀😀", "مرحبا، هنا طفلة", "<script>alert(1)</script>", "**bold** {child} {0} %s", "a\x00b\x1bc",
    "/action_after_sending", "/inform{\"sent\": \"x\"}", "'; DROP TABLE reports; --", "#nonsense", "#danger=perhaps",
    "#change:nothing", "#taken=mars", "##", "=", "\u202egnirts", "1" * 300, "a " * 900,
])
async def test_strange_text_is_answered_and_harms_nothing(chat: Chat, words: str) -> None:
    await chat.say(FIRST)
    said = await chat.say(words)
    assert said, "no answer at all"
    assert "Traceback" not in said and "Something went wrong" not in said
    assert chat.value("age") == 16
    assert chat.reference is None
    await chat.say("#danger=no")
    assert chat.value("danger") == "no", "the next message did not go on"


@pytest.mark.parametrize(("words", "told"), [
    ("Girl from Moldova, she is 140 years old, alone at the station", "cannot be right"),
    ("Girl from Moldova, born 31/02/2010, alone at the station", "does not exist"),
    ("Girl from Moldova, date of birth 12/05/2031, alone at the station", "in the future"),
])
async def test_an_impossible_age_is_said_to_be_so_and_the_child_stays_a_child(
    chat: Chat, words: str, told: str
) -> None:
    said = await chat.say(words)
    assert told in said
    assert chat.value("age") is None
    assert chat.record()["persons"][0]["presumed_child"] is True


async def test_a_contradiction_is_asked_once_and_childhood_presumed_meanwhile(chat: Chat) -> None:
    said = await chat.say("Girl from Moldova, under 18 but born 1990, alone at the station")
    assert "do not fit together" in said
    assert chat.record()["persons"][0]["presumed_child"] is True
    assert chat.question == "age"
    await chat.say("#age=unclear")
    assert chat.question != "age"
    assert "do not fit together" not in chat.text


@pytest.mark.parametrize("words", ["5", "12345", "yes", "blue", "???"])
async def test_a_wrong_kind_of_answer_is_kept_and_the_question_put_again_with_its_replies(
    chat: Chat, words: str
) -> None:
    await chat.say(FIRST)
    await chat.to_summary_until("call_back")
    await chat.say(words)
    assert words in chat.record()["account"] or chat.question != "call_back"


async def test_a_place_of_digits_is_stored_as_written(chat: Chat) -> None:
    await chat.say("Boy, 16, from Albania, alone")
    await chat.to_summary_until("place")
    await chat.say("4711")
    assert chat.value("place") == "4711" or chat.question == "place"


async def test_the_same_id_is_one_turn_with_the_same_answer(chat: Chat) -> None:
    first = await gateway.post(chat.owner, chat.name, "web", FIRST, "id-1")
    again = await gateway.post(chat.owner, chat.name, "web", FIRST, "id-1")
    assert first.messages == again.messages and first.messages
    everything = await gateway.read(chat.owner, chat.name, 0)
    assert everything is not None
    assert sum(m["from"] == "responder" for m in everything.messages) == 1


async def test_one_conversation_floods_but_danger_is_never_counted(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PER_MINUTE", 3)
    await chat.say("one", "two", "three")
    with pytest.raises(gateway.Refused) as refused:
        await chat.say("four")
    assert refused.value.code == "too_many"
    await chat.say("he has a knife and will kill her now")
    assert chat.cases()


async def test_what_is_told_in_another_language_is_not_guessed_at_and_a_person_is_offered(chat: Chat) -> None:
    said = await chat.say("Am o fată de 14 ani la gară, un bărbat mai în vârstă îi ține pașaportul și îi este frică")
    assert "Citesc mai ales engleza" in said
    assert chat.value("age") == 14 and chat.value("missing") is None and chat.value("residence") is None
    assert "#human" in chat.taps
    assert "Citesc" not in await chat.say("Ea plânge și nu vrea să vorbească cu noi deloc acum")


async def test_broken_english_with_words_of_another_language_is_read(chat: Chat) -> None:
    said = await chat.say("17 anni, ragazza albanese of Fier. In 9 months with us excellent, now cugino waits outside")
    assert "Leggo" not in said and "#human" not in chat.taps
