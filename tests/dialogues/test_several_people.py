"""Several people in one report: told apart, asked about together where that is enough, each with an own record."""
from __future__ import annotations

from tests.dialogues.conftest import Chat

FIRST = "Girl, 15, from Albania, in a flat with men who come and pay"


async def test_another_person_is_added_by_a_tap_and_asked_about_alone(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.to_summary(danger="no", home="abroad")
    said = await chat.say("#person")
    assert "Noted as person 2" in said
    assert chat.question == "age" and "Person 2:" in said
    await chat.say("boy, 9")
    assert chat.question == "home" and "Person 2 (male, 9):" in chat.text and "Person 1" not in chat.text
    await chat.say("#home=here")
    assert chat.at_summary
    record = chat.record()
    assert [p["values"]["age"]["value"] for p in record["persons"]] == [15, 9]
    assert [p["route"] for p in record["persons"]] == ["nfp", "nrm_child"]
    await chat.say("#send")
    assert {r["route"] for r in chat.record()["receipts"]} == {"nfp", "nrm_child"}


async def test_another_person_is_added_in_words_with_what_is_said_of_them(chat: Chat) -> None:
    await chat.say(FIRST)
    said = await chat.say("there is also a boy of 9 from Kosovo")
    assert "Noted as person 2" in said and "Nationality" in said.title()
    one, two = chat.record()["persons"]
    assert one["values"]["nationality"]["value"] == "AL" and two["values"]["nationality"]["value"] == "XK"
    assert (two["values"]["age"]["value"], two["values"]["sex"]["value"]) == (9, "male")


async def test_also_something_about_the_same_child_adds_nobody(chat: Chat) -> None:
    await chat.say(FIRST)
    await chat.say("also she has bruises on both arms and no phone, she looks tired and is hungry")
    assert len(chat.record()["persons"]) == 1


async def test_one_line_of_one_person_is_changed_and_the_other_person_stays(chat: Chat) -> None:
    await chat.say(FIRST, "there is also a boy of 9 from Kosovo")
    await chat.to_summary(danger="no")
    await chat.say("#change:nationality@p2")
    assert "Person 2" in chat.text
    await chat.say("Serbia")
    one, two = chat.record()["persons"]
    assert one["values"]["nationality"]["value"] == "AL" and two["values"]["nationality"]["value"] == "RS"
    await chat.say("#change:age@p1")
    await chat.say("14")
    one, two = chat.record()["persons"]
    assert (one["values"]["age"]["value"], two["values"]["age"]["value"]) == (14, 9)


async def test_what_holds_for_all_is_asked_once_and_may_differ(chat: Chat) -> None:
    await chat.say("A girl of 15 and a boy of 9 begging at the station, both without papers")
    assert len(chat.record()["persons"]) == 2
    for _ in range(12):
        if chat.question == "home":
            break
        await chat.say("#danger=no" if chat.question == "danger" else f"#{chat.question}=unknown")
    assert chat.question == "home" and "the children" in chat.text
    assert "#home=differs" in chat.taps
    await chat.say("#home=differs")
    assert "Person 1" in chat.text
    await chat.say("#home=abroad")
    assert "Person 2" in chat.text
    await chat.say("#home=here")
    assert [p["values"]["residence"]["value"] for p in chat.record()["persons"]] == ["abroad", "here"]
    await chat.say("back")
    assert chat.question == "home" and "Person 2" in chat.text


async def test_a_mother_and_her_baby_are_two_records(chat: Chat) -> None:
    await chat.say("Woman of 24 from Nigeria with her baby of 8 months, a madam holds her passport, she owes 30000")
    mother, baby = chat.record()["persons"]
    assert mother["route"] == "nrm_adult" and baby["values"]["dependent"]["value"] == "yes"
    assert baby["presumed_child"] is True and baby["route"] == "nfp"
    assert chat.record()["assessment_summary"]["expected_route"] == "nrm_adult"


async def test_grown_women_beside_a_girl_have_a_record_of_their_own(chat: Chat) -> None:
    await chat.say("Raid on a flat: three women and a girl of 16 from Romania, their passports are with the owner")
    people = chat.record()["persons"]
    assert sorted((p["count"], p["presumed_child"]) for p in people) == [(1, True), (3, False)]


async def test_two_children_told_apart_later(chat: Chat) -> None:
    await chat.say("Two children from Syria alone at the ferry terminal")
    await chat.say("a girl of 14 and a boy of 9")
    people = chat.record()["persons"]
    assert [p["values"]["age"]["value"] for p in people] == [14, 9]
    assert all(p["values"]["nationality"]["value"] == "SY" for p in people)
    assert [p["count"] for p in people] == [1, 1]


async def test_a_child_beside_an_adult_who_says_no_is_sent_and_the_adult_is_not(chat: Chat) -> None:
    await chat.say("Raid on a flat: three women and a girl of 16 from Romania, their passports are with the owner")
    await chat.to_summary(danger="no")
    await chat.say("#consent=refused")
    await chat.to_summary()
    await chat.say("#send")
    assert [r["route"] for r in chat.record()["receipts"]] == ["nfp"]
