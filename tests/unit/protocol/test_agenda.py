"""The order of questions: most urgent first, nothing asked that is known, and less where there is danger."""

from __future__ import annotations

from typing import Any

import pytest

from bot.protocol.agenda import (
    asked_key,
    differs_possible,
    missing_labels,
    next_question,
    open_questions,
    person_asked,
    persons_meant,
)
from bot.protocol.answers import interpret, store, tap
from bot.protocol.catalogue import OPEN_ANSWERS, questions
from bot.protocol.report import Data, put
from tests.protocol_cases import ADULT, CHILD, case

REFERRAL = [q.id for q in questions().values() if q.tier in ("urgent", "referral")]


def ids(report: Data, full: bool | None = None) -> list[str]:
    return [q.id for q in open_questions(report, full)]


def walk(report: Data, answer: str = "unknown") -> list[str]:
    """Answer every question until none is open; give their ids in order."""
    asked = []
    while question := next_question(report):
        asked.append(question.id)
        assert len(asked) < 60, asked
        read = interpret(question, answer, set(), report)
        store(report, question, read if read is not None else "unknown", answer)
        report["asked"].append(question.id)
        report.pop("reopened", None)
        report["about_a_person"] = True
    return asked


def test_urgent_questions_come_before_what_can_wait() -> None:
    order = list(questions())
    assert order[:2] == ["account", "danger"]
    assert max(order.index(q) for q in REFERRAL) < min(
        order.index(q.id) for q in questions().values() if q.tier == "full"
    )


def test_an_empty_start_asks_twelve_questions_at_most() -> None:
    asked = walk(case())
    assert asked[0] == "account"
    assert asked[1] == "danger"
    assert len(asked) <= 12
    assert set(asked) <= set(REFERRAL)


def test_a_full_record_asks_twenty_five_at_most_and_three_in_free_words() -> None:
    report = case()
    report["full"] = True
    asked = walk(report)
    assert len(asked) <= 25
    assert len(asked) == len(set(asked))
    assert sum(questions()[q].kind == "free_text" for q in asked) <= 3


def test_in_danger_only_what_cannot_wait_is_asked() -> None:
    report = case(CHILD, danger="yes")
    assert ids(report) == ["danger", "place", "tonight"]
    assert len(walk(report)) <= 3


@pytest.mark.parametrize(
    ("field", "new", "short"),
    [
        ("danger", "yes", True),
        ("missing", "now", True),
        ("danger", "no", False),
        ("danger", "unknown", False),
        ("missing", "may_abscond", False),
        ("missing", "earlier", False),
    ],
)
def test_which_answers_shorten_the_referral(field: str, new: str, short: bool) -> None:
    assert ("company" not in ids(case(CHILD, **{field: new}))) is short


def test_a_writer_in_a_hurry_is_asked_no_more_than_in_danger() -> None:
    report = case(CHILD)
    report["hurry"] = True
    assert ids(report) == ["danger", "place", "tonight"]


def test_danger_is_asked_outright_even_where_a_message_spoke_of_it() -> None:
    assert next_question(case(CHILD, danger="no")).id == "danger"
    report = case(CHILD, danger="yes")
    report["asked"].append("danger")
    assert "danger" not in ids(report)


KNOWN = {"age": 14, "child": "yes", "feared": ["ER"]}


@pytest.mark.parametrize(
    "question", [q for q in questions().values() if q.unless and q.id != "account"], ids=lambda q: q.id
)
def test_what_is_known_is_not_asked(question: Any) -> None:
    for field in question.unless:
        about = ADULT if "adult" in question.only else {"age": 19} if "doubted" in question.only else {}
        known = {"fear": {"fear": "fear"}, "family_claimed": {"accompanied": "with_adult_relative_claimed"}}
        report = case(about, **{key: value for only in question.only for key, value in known.get(only, {}).items()})
        if "doubted" in question.only:
            put(report, "child", "unclear", source="message")
        report["full"] = True
        report["about_a_person"] = True
        assert question.id in ids(report)
        put(report, field, KNOWN.get(field, "known"), source="message")
        assert question.id not in ids(report)


@pytest.mark.parametrize("answer", list(OPEN_ANSWERS))
def test_an_open_answer_is_an_answer(answer: str) -> None:
    report = case(CHILD, accompanied=answer)
    assert "company" not in ids(report)


@pytest.mark.parametrize(("question", "field", "value"), [
    ("home", "residence", "here"), ("link", "link_checked", "yes"),
])
def test_what_was_read_between_the_lines_is_still_asked_where_it_decides(question: str, field: str, value: str) -> None:
    for status, asked in (("hedged", True), ("stated", False)):
        report = case(CHILD, accompanied="with_adult_relative_claimed")
        put(report, field, value, source="message", status=status)
        assert (question in ids(report)) is asked
    put(report, field, value, source="answer", status="hedged")
    assert question not in ids(report)


@pytest.mark.parametrize(("age", "child", "source", "asked"), [
    (19, "unclear", "message", True), ([18, 21], "unclear", "message", True), (19, "no", "message", False),
    ([14, 19], "unclear", "message", False), (19, "unclear", "answer", False), (16, "unclear", "message", False),
])
def test_somebody_of_an_adult_age_who_was_read_as_perhaps_a_child_is_asked_about(
    age: Any, child: str, source: str, asked: bool
) -> None:
    report = case({"age": age, "child": child}, source=source)
    assert ("grown" in ids(report)) is asked
    report["asked"].append(asked_key(questions()["grown"], report["persons"][0]["id"]))
    report["asked"].append("grown")
    assert "grown" not in ids(report)


@pytest.mark.parametrize(("nationality", "status", "asked"), [
    ("PT", "hedged", True), ("PT", "stated", False), ("VN", "hedged", False),
])
def test_a_nationality_that_may_be_no_more_than_the_place_leaves_the_home_open(
    nationality: str, status: str, asked: bool
) -> None:
    report = case(CHILD, country="PT")
    put(report, "nationality", nationality, source="message", status=status, person=report["persons"][0])
    assert ("home" in ids(report)) is asked


def test_whether_family_is_proven_is_asked_only_where_somebody_said_family_and_nothing_else_is_wrong() -> None:
    family = case(CHILD, accompanied="with_adult_relative_claimed")
    assert "link" in ids(family)
    family["signs"]["documents.held_by_other"] = {"seen": "observed", "words": "", "sure": True}
    assert "link" not in ids(family)
    assert "link" not in ids(case(CHILD, accompanied="with_other_adult"))
    assert "link" not in ids(case(ADULT, accompanied="with_adult_relative_claimed"))


def test_what_a_message_denied_is_still_asked_and_what_was_answered_is_not() -> None:
    report = case(CHILD)
    put(report, "fear", "denied", source="message", status="denied")
    assert "fear" in ids(report)
    put(report, "fear", "denied", source="answer")
    assert "fear" not in ids(report)


def test_a_question_that_was_passed_does_not_come_again() -> None:
    report = case(CHILD)
    report["asked"] += ["danger", "company"]
    assert not {"danger", "company"} & set(ids(report))


def test_the_account_is_asked_only_where_nothing_was_told() -> None:
    assert "account" in ids(case())
    assert "account" not in ids(case(CHILD))
    report = case()
    report["account"].append("She is alone here")
    assert "account" not in ids(report)


@pytest.mark.parametrize(
    ("signs", "values", "asked"),
    [((), {}, True), (("documents.held_by_other",), {}, False), ((), {"exploitation": ["begging"]}, False)],
    ids=["none", "a sign", "a form"],
)
def test_signs_are_asked_only_where_none_is_known(signs: tuple[str, ...], values: Data, asked: bool) -> None:
    assert ("signs" in ids(case(CHILD, signs=signs, **values))) is asked


def test_a_denied_sign_is_no_sign() -> None:
    report = case(CHILD, signs=("documents.held_by_other",))
    report["signs"]["documents.held_by_other"]["seen"] = "denied"
    assert "signs" in ids(report)


def test_an_adult_is_asked_before_sending_and_a_child_is_not_held_up() -> None:
    assert "consent" in ids(case(ADULT))
    assert "consent" not in ids(case(CHILD))
    assert "consent" not in ids(case({"child": "unclear"}))
    # Where one of several may be a child, the referral does not wait.
    assert "consent" not in ids(case(ADULT, CHILD))
    assert "consent" not in ids(case())
    assert "told" in ids(case(CHILD), full=True)
    assert "told" not in ids(case(ADULT), full=True)
    assert "consent" in ids(case(ADULT, CHILD), full=True)


def test_an_answered_consent_is_not_asked_again() -> None:
    assert "consent" not in ids(case({**ADULT, "consent": "refused"}))


def test_a_line_that_was_tapped_comes_first() -> None:
    report = case(CHILD)
    report["reopened"] = "nationality"
    assert next_question(report).id == "nationality"


def test_an_age_that_cannot_be_is_asked_once() -> None:
    report = case(CHILD)
    report["age_problem"] = "contradiction"
    assert next_question(report).id == "age"
    report["age_problem_asked"] = True
    assert next_question(report).id != "age"


def test_the_full_agenda_is_offered_and_not_forced() -> None:
    report = case(CHILD)
    walk(report)
    assert next_question(report) is None
    assert "wishes" in ids(report, full=True)


def test_what_is_missing_is_named_by_the_labels_of_the_record() -> None:
    labels = missing_labels(case(CHILD, place="station", danger="unknown"))
    assert "Danger now" in labels and "With" in labels
    assert "Where" not in labels and "Age" not in labels
    assert "Language" not in labels


def test_each_of_several_is_asked_for_the_age_and_all_together_for_the_rest() -> None:
    report = case({}, {"age": 9, "child": "yes"}, {})
    report["asked"] = ["account", "danger"]
    for expected in ("p1", "p3"):
        question = next_question(report)
        assert (question.id, person_asked(report, question)) == ("age", expected)
        report["asked"].append(asked_key(question, expected))
    question = next_question(report)
    assert question.id == "company" and person_asked(report, question) is None
    home = questions()["home"]
    assert person_asked(report, home) is None and differs_possible(report, home)


def test_where_it_differs_each_is_asked() -> None:
    report = case(CHILD, {"age": 9, "child": "yes", "residence": "here"}, {"age": 3, "child": "yes"})
    home = questions()["home"]
    assert [p["id"] for p in persons_meant(report, home)] == ["p1", "p3"]
    report["differs"] = ["home"]
    assert person_asked(report, home) == "p1" and not differs_possible(report, home)
    store(report, home, tap(home, "abroad"), "", "p1")
    report["asked"].append("home@p1")
    assert person_asked(report, home) == "p3"
    assert [p["values"].get("residence", {}).get("value") for p in report["persons"]] == ["abroad", "here", None]


def test_an_answer_for_all_leaves_what_is_known_of_one() -> None:
    report = case(CHILD, {"age": 9, "child": "yes", "residence": "here"})
    home = questions()["home"]
    store(report, home, tap(home, "abroad"), "")
    assert [p["values"]["residence"]["value"] for p in report["persons"]] == ["abroad", "here"]


def test_the_consent_of_an_adult_is_not_stored_for_the_child_beside_them() -> None:
    report = case(ADULT, CHILD)
    consent = questions()["consent"]
    store(report, consent, tap(consent, "given"), "")
    assert "consent" in report["persons"][0]["values"] and "consent" not in report["persons"][1]["values"]


def test_which_country_is_feared_is_asked_only_under_fear() -> None:
    assert "feared" in ids(case(CHILD, fear="asylum"), full=True)
    assert "feared" not in ids(case(CHILD, fear="denied"), full=True)
    assert "feared" not in ids(case(ADULT, fear="asylum"), full=True)
