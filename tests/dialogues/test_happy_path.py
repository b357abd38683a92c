"""From the first message to a reference: the main job, and how few questions it takes."""
from __future__ import annotations

from tests.dialogues.conftest import Chat

RICH = (
    "Police, bus station Porto. Girl about 15, Romanian, no papers on her: the man of 40 with her keeps the passport, "
    "speaks for her and tried to drag her to his van just now, she is crying and says he will beat her."
)
ADULT = "Woman of 27 from Nepal in a hotel laundry, works 14 hours a day without pay, boss keeps her passport"


async def test_a_rich_urgent_first_message_needs_three_more(chat: Chat) -> None:
    first = await chat.say(RICH)
    assert first.startswith("Call 112 now")
    assert chat.question == "danger"
    await chat.say("#danger=yes")
    assert chat.question == "tonight"
    await chat.say("at our post until eight, then child protection")
    assert chat.at_summary, chat.text
    await chat.say("#send")
    assert chat.reference and f"Stored, reference {chat.reference}" in chat.text
    assert chat.sent - 1 <= 3
    assert chat.record()["persons"][0]["route"] == "nfp"


async def test_an_empty_start_needs_at_most_twelve_required_answers(chat: Chat) -> None:
    await chat.say("hello")
    asked = []
    while not chat.at_summary:
        asked.append(chat.question)
        words = "I am worried about somebody here" if chat.question == "account" else f"#{chat.question}=unknown"
        await chat.say(words)
    await chat.say("#send")
    assert len(asked) + 1 <= 12, asked
    assert len(asked) == len(set(asked)), "a question was put twice"
    assert asked[:2] == ["account", "danger"]


async def test_a_full_record_needs_at_most_25_questions_three_of_them_free_text(chat: Chat) -> None:
    from bot.protocol.catalogue import questions

    await chat.say("hello")
    asked = []
    for _ in range(60):
        if chat.at_summary:
            if "#more" not in chat.taps:
                break
            await chat.say("#more")
            continue
        asked.append(chat.question or "")
        answer = "a short note" if questions()[asked[-1]].kind == "free_text" else f"#{asked[-1]}=unknown"
        await chat.say(answer)
    assert chat.at_summary
    assert len(set(asked)) + 1 <= 25
    assert sum(questions()[q].kind == "free_text" for q in set(asked)) <= 3


async def test_the_sentence_of_the_first_demonstration(chat: Chat) -> None:
    said = await chat.say(
        "Girl about 14 at the bus station, says she is Moldovan, older man holds her passport and answers for her"
    )
    for line in ("Age: 14", "Sex: female", "Nationality: Moldova", "Papers: held by somebody else", "Where:"):
        assert line in said
    assert "Do not" in said, "nothing was said about what to do at once"
    await chat.to_summary(danger="no", role="police", fear="unknown", tonight="police post", call_back="+442079460222")
    said = await chat.say("send")
    assert chat.reference and chat.reference in said
    record = chat.record()
    assert record["status"] == "referral"
    assert [p["route"] for p in record["persons"]] == ["nfp"]
    assert record["firewall"] == {"standing": False, "known": False, "closed": ["*"], "on_agreement": [], "agreed": []}
    assert {s["id"] for s in record["signs"]} >= {"accompaniment.answers_for_child"}


async def test_somebody_with_nothing_to_say_is_led(chat: Chat) -> None:
    said = await chat.say("hi")
    assert "112" in said
    assert chat.question == "account"
    await chat.say("I don't know")
    assert chat.question == "danger"


async def test_an_adult_is_asked_for_consent_and_goes_to_the_adults_route(chat: Chat) -> None:
    await chat.say(ADULT)
    await chat.to_summary(danger="no", consent="given")
    assert chat.record()["persons"][0]["values"]["consent"]["value"] == "given"
    await chat.say("#send")
    assert chat.record()["persons"][0]["route"] == "nrm_adult"


async def test_an_adult_who_refuses_is_not_sent(chat: Chat) -> None:
    await chat.say(ADULT)
    await chat.to_summary(danger="no", consent="refused")
    said = await chat.say("#send")
    assert chat.reference is None and "An adult decides" in said


async def test_too_little_becomes_a_contact_and_never_nothing(chat: Chat) -> None:
    await chat.say("young man at the harbour, about 30, sits there every day")
    await chat.to_summary(danger="no", consent="given", signs="none")
    assert "clears nobody" in chat.text
    said = await chat.say("#send")
    assert chat.reference is None and "nothing has been decided" in said
    assert chat.record()["status"] == "contact"
    assert [c.reason for c in chat.cases()] == ["consult"]


async def test_traces_of_others_go_to_a_person_on_duty_until_the_adult_is_the_one_to_protect(chat: Chat) -> None:
    await chat.say("Man of 40 stopped at the border, six passports of young women in a bag, alone. No victims found.")
    await chat.to_summary(danger="no", consent="given")
    assert "none met so far, only traces of them" in chat.text and "person on duty" in chat.text
    await chat.say("#change:victims_met")
    assert "only traces of others" in chat.text
    await chat.say("The adult may need help")
    await chat.to_summary(danger="no", consent="given")
    assert "only traces" not in chat.text and "were found with an adult" not in chat.text
