"""Advice fits the case and the role: nobody but police and border staff is told to separate anybody."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.protocol.advice import AT_ONCE, advice_now, catalogue, facts_of
from bot.protocol.catalogue import fields, sources
from bot.protocol.report import Data, put, value
from bot.protocol.wording import fill
from tests.protocol_cases import ADULT, CHILD, SETTING, SIGN, case, reports

HERE = "QZ"
ROLES = [*fields()["role"].values, "unknown"]
MAY_SEPARATE = {"police", "border"}


def said(report: Data) -> list[str]:
    """Give the ids of all advice that the report hears in the end, in order."""
    report = {**report, "advised": []}
    found: list[str] = []
    while now := advice_now(report, HERE):
        assert len(now) <= AT_ONCE
        report["advised"] += [a.id for a in now]
        found += [a.id for a in now]
    assert len(found) == len(set(found))
    return found


def words(report: Data) -> str:
    by_id = {a.id: a for a in catalogue()}
    return " ".join(fill(by_id[a].say, report, SETTING) for a in said(report))


@settings(max_examples=200, deadline=None)
@given(reports(), st.sampled_from(ROLES))
def test_nobody_but_police_and_border_is_told_to_separate(report: Data, role: str) -> None:
    put(report, "role", role, source="answer")
    low = words(report).lower()
    if role not in MAY_SEPARATE:
        assert "separate" not in low
        assert "identify the adult" not in low
        assert "private room" not in low


@settings(max_examples=100, deadline=None)
@given(reports())
def test_where_the_role_is_not_known_nobody_is_told_to_separate(report: Data) -> None:
    report["values"].pop("role", None)
    assert "separate" not in words(report).lower()


@settings(max_examples=150, deadline=None)
@given(reports(), st.sampled_from(ROLES))
def test_nobody_is_told_to_test_an_age_to_question_or_to_call_the_family(report: Data, role: str) -> None:
    put(report, "role", role, source="answer")
    low = words(report).lower()
    assert "age test" not in low or "do not order an age test" in low
    assert "embassy" not in low or "do not contact an embassy" in low
    assert "interview the child" not in low


@settings(max_examples=150, deadline=None)
@given(reports())
def test_advice_for_an_adult_is_never_given_for_a_child_nor_the_other_way(report: Data) -> None:
    first = facts_of(report, HERE)["child"]
    by_id = {a.id: a for a in catalogue()}
    assert all(by_id[a].when.get("child", first) == first for a in said(report))


def with_adult(**values: Any) -> Data:
    return case(CHILD, accompanied="with_other_adult", **values)


@pytest.mark.parametrize("role", ROLES)
def test_beside_an_adult_every_role_hears_one_of_two(role: str) -> None:
    found = said(with_adult(role=role))
    assert ("separate_police" in found) is (role in MAY_SEPARATE)
    assert ("do_not_confront" in found) is (role not in MAY_SEPARATE)


def test_without_an_adult_nearby_neither_is_said() -> None:
    for report in (
        case(CHILD, accompanied="alone", role="police"),
        case(CHILD, role="teacher"),
        with_adult(role="police", link_checked="yes"),
    ):
        assert not {"separate_police", "do_not_confront"} & set(said(report))


@pytest.mark.parametrize(
    ("advice", "report", "heard"),
    [
        ("missing_alert", case(CHILD, missing="now"), True),
        ("missing_alert", case(CHILD, missing="may_abscond"), False),
        ("medical", case(CHILD, danger="yes", signs=("general.untreated_injury_or_illness",)), True),
        ("no_cell", case(CHILD, offences="held"), True),
        ("no_cell", case(ADULT, offences="held"), False),
        ("no_embassy", case(CHILD), True),
        ("no_embassy", case({**CHILD, "residence": "here"}), False),
        ("firewall", case(CHILD, fear="asylum"), True),
        ("firewall", case(CHILD, fear="not_safe"), False),
        ("no_age_test", case({"child": "unclear"}), True),
        ("no_age_test", case({"age": [15, 19]}), True),
        ("no_age_test", case(CHILD), False),
        ("school_lead", case(CHILD, role="teacher"), True),
        ("school_lead", case(CHILD, role="ngo"), False),
        ("adult_choice", case(ADULT), True),
        ("adult_choice", case(CHILD), False),
        ("reflection", case(ADULT, signs=(SIGN,)), True),
        ("reflection", case(ADULT), False),
        ("tell_the_child", case(CHILD), True),
        ("tell_the_child", case(ADULT), False),
    ],
)
def test_when_advice_is_said(advice: str, report: Data, heard: bool) -> None:
    assert (advice in said(report)) is heard


def test_a_missing_child_comes_before_everything() -> None:
    assert said(with_adult(role="police", missing="now"))[0] == "missing_alert"


def test_every_advice_can_be_heard_in_some_case() -> None:
    heard: set[str] = set()
    for role in ROLES:
        for person in (CHILD, ADULT, {"child": "unclear"}):
            for more in ({}, {"fear": "fear"}):
                heard |= set(
                    said(
                        case(
                            person,
                            role=role,
                            accompanied="with_other_adult",
                            danger="yes",
                            missing="now",
                            offences="yes",
                            signs=(SIGN, "general.untreated_injury_or_illness"),
                            **more,
                        )
                    )
                )
    assert heard == {a.id for a in catalogue()}


def test_every_advice_has_a_source_that_exists() -> None:
    for advice in catalogue():
        assert any(advice.source.startswith(f"{title}, ") for title in sources().values())
        assert value({"values": {}, "persons": []}, "role") is None
