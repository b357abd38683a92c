"""Answers to the open question: taps, numbers, titles, open answers, phones, ages, words."""

from __future__ import annotations

from typing import Any

import pytest

from bot.protocol.answers import MAX_SHORT, choices, interpret, store, tap
from bot.protocol.catalogue import OPEN_ANSWERS, Option, questions
from bot.protocol.report import Data, entry_of, value
from tests.protocol_cases import CHILD, case

ALL = list(questions().values())
WITH_OPTIONS = [q for q in ALL if q.options]


def key_of(answer: Any) -> Any:
    return answer.key if isinstance(answer, Option) else answer


@pytest.mark.parametrize("question", ALL, ids=lambda q: q.id)
def test_every_question_offers_the_open_answers_last(question: Any) -> None:
    offered = choices(question, case())
    assert [title for _, title in offered[-3:]] == list(OPEN_ANSWERS.values())
    assert len({payload for payload, _ in offered}) == len(offered)
    assert len({title.lower() for _, title in offered}) == len(offered)
    for payload, _ in offered:
        question_id, _, key = payload.removeprefix("#").partition("=")
        assert question_id == question.id
        assert key_of(tap(question, key)) == key


@pytest.mark.parametrize(("words", "read"), [
    ("she just told me she is 16", {"age", "child", "sex"}), ("not afraid of going home", {"fear"})])
def test_what_tells_an_age_or_of_fear_is_no_place(words: str, read: set[str]) -> None:
    assert interpret(questions()["place"], words, read, case()) is None


def test_a_tap_that_was_never_offered_means_nothing() -> None:
    assert tap(questions()["danger"], "maybe") is None
    assert tap(questions()["danger"], "") is None


@pytest.mark.parametrize("question", [q for q in ALL if q.kind not in ("age", "phone")], ids=lambda q: q.id)
def test_a_number_chooses_from_the_list(question: Any) -> None:
    offered = choices(question, case())
    for number, (payload, _) in enumerate(offered, start=1):
        assert key_of(interpret(question, f" {number}. ", set(), case())) == payload.split("=", 1)[1]
    for beyond in ("0", str(len(offered) + 1), "99"):
        assert not isinstance(interpret(question, beyond, set(), case()), (Option, str))


def test_a_number_to_the_question_of_age_or_phone_is_no_place_in_the_list() -> None:
    assert interpret(questions()["age"], "3", set(), case()) is None
    assert interpret(questions()["call_back"], "1", set(), case()) is None


@pytest.mark.parametrize("question", WITH_OPTIONS, ids=lambda q: q.id)
def test_a_title_is_read_in_any_letter_case(question: Any) -> None:
    for option in question.options:
        for words in (option.title, option.title.upper(), f"  {option.title}. "):
            assert interpret(question, words, set(), case()) == option


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("I don't know", "unknown"),
        ("dont know", "unknown"),
        ("unknown", "unknown"),
        ("No idea!", "unknown"),
        ("?", "unknown"),
        ("can't say", "unknown"),
        ("not sure", "unknown"),
        ("not yet", "not_yet"),
        ("Later", "not_yet"),
        ("no time now", "not_yet"),
        ("not safe", "not_safe"),
        ("Not safe now.", "not_safe"),
        ("can't ask now", "not_safe"),
    ],
)
@pytest.mark.parametrize("question", ["danger", "age", "home", "place", "fear", "call_back", "wishes"])
def test_open_answers_in_words(question: str, words: str, key: str) -> None:
    assert interpret(questions()[question], words, set(), case()) == key


@pytest.mark.parametrize(
    ("question", "words", "key"),
    [
        ("danger", "yes", "yes"),
        ("danger", "Yes please hurry", "yes"),
        ("danger", "no", "no"),
        ("danger", "Nope", "no"),
        ("danger", "oui", "yes"),
        ("danger", "nein", "no"),
        ("adults", "y", "yes"),
        ("offences", "no", "no"),
        ("signs", "none", "none"),
        ("signs", "nothing no", None),
        ("documents", "none", "none"),
        ("fear", "no", "no"),
        ("authorities", "nobody", "none"),
        ("health", "no", "none"),
        ("company", "nobody", "alone"),
        ("danger", "no danger", "no"),
        ("danger", "no, not in danger right now", "no"),
        ("danger", "No she is safe here", "no"),
        ("fear", "no fear", "no"),
        ("fear", "no, she is not afraid", "no"),
        ("danger", "no passport", None),
        ("danger", "no debt", None),
        ("danger", "no shoes and cold", None),
        ("danger", "no papers, crying", None),
        ("fear", "no papers", None),
        ("fear", "no money", None),
        ("fear", "nobody asked", None),
        ("fear", "no, not known", None),
        ("fear", "nobody said anything", None),
        ("fear", "no authorities", None),
        ("fear", "no question", None),
        ("offences", "no passport", None),
    ],
)
def test_yes_and_no_in_words(question: str, words: str, key: str | None) -> None:
    assert key_of(interpret(questions()[question], words, set(), case())) == key


def test_a_long_sentence_that_begins_with_no_is_no_answer_to_a_choice() -> None:
    words = "no idea where he comes from but he has a scar on his cheek"
    assert interpret(questions()["danger"], words, set(), case()) is None


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("+49 171 5550100", "+49 171 5550100"),
        ("call 0171-555 01 00 please", "0171-555 01 00"),
        ("(030) 55501", "030) 55501"),
        ("my ext is 12", None),
        ("yes", None),
        ("", None),
    ],
)
def test_phone_numbers(words: str, number: str | None) -> None:
    assert interpret(questions()["call_back"], words, set(), case()) == ({"call_back": number} if number else None)


def test_what_the_reading_found_answers_the_question() -> None:
    assert interpret(questions()["age"], "she is about fifteen", {"age"}, case()) == {}
    assert interpret(questions()["home"], "Moldova", {"nationality"}, case()) == {}
    assert interpret(questions()["home"], "somewhere far", set(), case()) is None


def test_words_are_kept_as_a_short_text() -> None:
    assert interpret(questions()["place"], " Bus station, Norvik ", set(), case()) == {"place": "Bus station, Norvik"}
    long = "x" * (MAX_SHORT + 50)
    assert interpret(questions()["place"], long, set(), case()) == {"place": "x" * MAX_SHORT}


def test_a_place_that_was_asked_for_is_kept_whole() -> None:
    for words, read in (("bar at the harbour, Lisbon", {"place", "country"}), ("Bus station, Porto", {"country"})):
        assert interpret(questions()["place"], words, read, case()) == {"place": words}
    assert interpret(questions()["place"], "we are at the harbour, he is not well", {"place", "health"}, case()) == {}


def test_a_story_is_no_place() -> None:
    story = "the girl is fourteen and came with a man who talks for her all the time and it is dark"
    assert interpret(questions()["place"], story, {"age"}, case()) is None
    assert interpret(questions()["wishes"], story, {"age"}, case()) == {"wishes": story}


def test_looks_of_an_adult_are_kept_beside_the_choice() -> None:
    words = "tall man, red jacket, limps, white van, plate ends in 77"
    assert interpret(questions()["adults"], words, set(), case()) == {"adults": words}


@pytest.mark.parametrize("question", WITH_OPTIONS, ids=lambda q: q.id)
def test_every_option_is_stored_as_it_says(question: Any) -> None:
    for option in question.options:
        report = case(CHILD)
        changed = store(report, question, option, option.title)
        for field, new in option.sets.items():
            assert value(report, field) == new
            assert entry_of(report, field)["source"] == "answer"
            assert field in changed
        if option.sign:
            assert report["signs"][option.sign]["seen"] == "observed"
        if option.none:
            assert report["no_signs_seen"] and not report["signs"]


@pytest.mark.parametrize("key", list(OPEN_ANSWERS))
@pytest.mark.parametrize("question", [q for q in ALL if q.field], ids=lambda q: q.id)
def test_an_open_answer_is_stored_as_such_and_is_no_value(question: Any, key: str) -> None:
    report = case(CHILD)
    store(report, question, key, key)
    entry = entry_of(report, question.field)
    assert (entry["open"], entry["value"]) == (key, None)
    assert value(report, question.field) is None


@pytest.mark.parametrize("key", list(OPEN_ANSWERS))
def test_not_knowing_takes_no_danger_back(key: str) -> None:
    for values in ({"danger": "yes"}, {"missing": "now"}):
        report = case(CHILD, **values)
        store(report, questions()["danger"], key, key)
        assert {field: value(report, field) for field in values} == values
    report = case(CHILD, danger="yes")
    store(report, questions()["danger"], tap(questions()["danger"], "no"), "No")
    assert value(report, "danger") == "no"


def test_an_open_answer_about_nobody_makes_no_person() -> None:
    report: Data = case()
    store(report, questions()["age"], "unknown", "?")
    assert report["persons"] == []


def test_a_second_need_adds_to_the_first() -> None:
    report = case(CHILD)
    for key in ("medical", "social", "medical"):
        store(report, questions()["needs"], tap(questions()["needs"], key), key)
    assert value(report, "needs") == ["medical", "social"]


def test_an_answer_to_a_person_s_question_goes_to_everybody_found_together() -> None:
    report = case(CHILD, {"age": 9})
    store(report, questions()["home"], tap(questions()["home"], "abroad"), "abroad")
    assert [p["values"]["residence"]["value"] for p in report["persons"]] == ["abroad", "abroad"]
