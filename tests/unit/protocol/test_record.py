"""The record: valid by its published schema whatever was told, closed to unknown keys, and the schema is up to date."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.protocol.answers import choices, interpret, store, tap
from bot.protocol.catalogue import fields, questions
from bot.protocol.indicators import indicators
from bot.protocol.record import assess_all, build, schema
from bot.protocol.report import Data, new_report
from bot.settings import ROOT
from tests.protocol_cases import ADULT, CASES, CHILD, SIGN, case, reports

HERE = "QZ"
AROUND = {
    "status": "draft",
    "conversation": "c",
    "reference": None,
    "state": "bot",
    "country": HERE,
    "created_at": "2026-11-21T10:00:00+00:00",
    "updated_at": "2026-11-21T10:00:00+00:00",
    "sent_at": None,
    "reporter_verified": False,
    "receipts": [],
    "amendments": [],
    "desk": None,
    "transcript": [],
}
"""What the store adds to the content of a report."""
VALIDATOR = jsonschema_rs.Draft202012Validator(schema())


def record(report: Data) -> Data:
    """Write the record as it goes out: through JSON."""
    return dict(json.loads(json.dumps({**build(report, HERE), **AROUND})))


def test_the_published_schema_is_the_generated_one() -> None:
    published = json.loads((ROOT / "docs" / "record.schema.json").read_text("utf-8"))
    assert published == schema(), "the catalogues changed: run `make schema`"


def test_the_schema_is_a_schema() -> None:
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema())


@pytest.mark.parametrize("name", CASES)
def test_a_record_is_valid(name: str) -> None:
    VALIDATOR.validate(record(CASES[name]))


@settings(max_examples=150, deadline=None)
@given(reports())
def test_every_record_is_valid(report: Data) -> None:
    VALIDATOR.validate(record(report))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_is_answered_the_record_is_valid(data: st.DataObject) -> None:
    report = case(CHILD) if data.draw(st.booleans()) else new_report()
    for question in data.draw(st.lists(st.sampled_from(list(questions().values())), max_size=8)):
        payload = data.draw(st.sampled_from([p for p, _ in choices(question, report)]))
        words = data.draw(
            st.sampled_from(["Bahnhof \u200f\u05e9\u05dc\u05d5\u05dd", "+49 171 5550100", "\U0001f622", payload])
        )
        tapped = words == payload
        answer = tap(question, words.split("=", 1)[1]) if tapped else interpret(question, words, set(), report)
        if answer is not None:
            store(report, question, answer, words)
    VALIDATOR.validate(record(report))


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("firewall",),
        ("persons", 0),
        ("persons", 0, "values"),
        ("values",),
        ("values", "danger"),
        ("signs", 0),
        ("assessment", 0),
        ("assessment_summary",),
        ("persons", 0, "rules", 0),
        ("playback", 0),
    ],
    ids=str,
)
def test_an_unknown_key_is_refused(path: tuple[Any, ...]) -> None:
    whole = record(case(CHILD, danger="yes", signs=(SIGN,)))
    VALIDATOR.validate(whole)
    place: Any = whole
    for step in path:
        place = place[step]
    place["surname"] = "x"
    assert not VALIDATOR.is_valid(whole)


@pytest.mark.parametrize("key", schema()["required"])
def test_every_key_is_there(key: str) -> None:
    whole = record(case(CHILD))
    del whole[key]
    assert not VALIDATOR.is_valid(whole)


@pytest.mark.parametrize("field", [f for f in fields().values() if f.values], ids=lambda f: f.id)
def test_a_value_that_no_catalogue_knows_is_refused(field: Any) -> None:
    whole = record(case(CHILD))
    target = whole["persons"][0]["values"] if field.scope == "person" else whole["values"]
    target[field.id] = {
        "value": ["made up"] if field.kind == "list" else "made up",
        "status": "stated",
        "source": "message",
        "words": "",
        "open": None,
    }
    assert not VALIDATOR.is_valid(whole)


@pytest.mark.parametrize(
    ("age", "valid"),
    [
        (0, True),
        (17, True),
        ([15, 17], True),
        (121, False),
        (-1, False),
        ([15], False),
        ([1, 2, 3], False),
        ("15", False),
        (15.5, False),
    ],
    ids=str,
)
def test_ages_of_the_schema(age: Any, valid: bool) -> None:
    whole = record(case(CHILD))
    whole["persons"][0]["values"]["age"]["value"] = age
    assert VALIDATOR.is_valid(whole) is valid


def test_an_open_answer_stands_as_such() -> None:
    whole = record(case({**CHILD, "nationality": "not_safe"}, fear="not_yet"))
    assert whole["values"]["fear"]["open"] == "not_yet"
    assert whole["persons"][0]["values"]["nationality"] == {
        "value": None,
        "status": "stated",
        "source": "answer",
        "words": "said",
        "open": "not_safe",
    }
    assert "Not yet" not in whole["missing_answers"]
    assert {
        "field": "fear",
        "label": "Fear of return or asylum",
        "value": "not yet known",
        "words": "said",
        "sure": True,
    } in whole["playback"]


def test_a_denied_sign_is_recorded_as_denied_and_counts_nowhere() -> None:
    report = case(CHILD, signs=(SIGN,))
    report["signs"][SIGN]["seen"] = "denied"
    whole = record(report)
    assert [(s["id"], s["seen"]) for s in whole["signs"]] == [(SIGN, "denied")]
    assert whole["assessment"][0]["indicator_groups"] == []
    assert SIGN not in [line["field"] for line in whole["playback"]]


def test_exploitation_of_no_known_form_is_suspected_by_a_sign_that_is_sure() -> None:
    report = case(CHILD, signs=(SIGN,))
    assert assess_all(report, HERE)[1]["exploitation"] == ["unknown"]
    report["signs"][SIGN]["sure"] = False
    assert assess_all(report, HERE)[1]["exploitation"] == []


def test_each_person_is_assessed_and_the_children_speak_for_the_group() -> None:
    report = case(
        {**ADULT, "sex": "female", "nationality": "RO"},
        {"age": 9, "sex": "male", "nationality": "RO"},
        {"age": 15, "sex": "female", "nationality": "MD"},
        signs=(SIGN,),
    )
    each, whole = assess_all(report, HERE)
    assert [(e["child"], e["age"], e["expected_route"]) for e in each] == [
        ("no", 31, "nrm_adult"),
        ("yes", 9, "nfp"),
        ("yes", 15, "nfp"),
    ]
    assert (whole["child"], whole["age"], whole["gender"], whole["nationality"]) == ("yes", [9, 15], "unknown", None)
    assert whole["expected_route"] == "nfp"


def test_nothing_about_a_person_is_out_of_scope() -> None:
    assert assess_all(new_report(), HERE)[1]["expected_route"] == "out_of_scope"
    about = new_report()
    about["about_a_person"] = True
    assert assess_all(about, HERE)[1]["expected_route"] == "consult"


def test_a_sign_names_its_label_and_group() -> None:
    [sign] = record(case(CHILD, signs=(SIGN,)))["signs"]
    assert (sign["label"], sign["group"]) == (indicators()[SIGN].label, "documents")
