"""Families of wording that responders use: whose nationality, which form, how old, proven links, danger."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from bot.understanding.danger import danger
from bot.understanding.reader import read

TODAY = dt.date(2026, 11, 21)


def _values(text: str, field: str) -> list[Any]:
    return [f.value for f in read(text, TODAY).facts if f.field == field and f.status != "denied"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Eritrean boy, 15, off a container from Zeebrugge", ["ER"]),
        ("Croatian mother and her two kids at the desk", ["HR"]),
        ("boy 12 on a Swedish passport that is not his", []),
        ("girl 16, albanian? no, from Kosovo", ["XK"]),
    ],
)
def test_whose_nationality(text: str, codes: list[str]) -> None:
    assert _values(text, "nationality") == codes


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("f15 with two men in their late 20s", 15),
        ("3 Thai f 24 27 31, passports with the owner", [24, 31]),
        ("her daughter (7) came for a check-up", 7),
        ("Norwegian boy 14 carries pills on the tram", 14),
    ],
)
def test_whose_age(text: str, age: Any) -> None:
    assert read(text, TODAY).people[0].age == age


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("boy 13 sells roses at the traffic lights and must bring 40 euro a day", "begging"),
        ("girl 15 irons and minds the twins, sleeps on the kitchen floor", "domestic_servitude"),
        ("boy 16 carried a rifle for the militia for two years", "armed_conflict"),
        ("girl 16 must see eight clients every night in the flat", "sexual"),
    ],
)
def test_form(text: str, form: str) -> None:
    assert form in _values(text, "exploitation")


def test_a_link_is_proven_by_papers_and_never_where_it_is_doubted() -> None:
    assert _values("boy 8 with his mother, birth certificate seen and passports match", "link_checked") == ["yes"]
    assert _values("boy 8 with a man who claims to be his father, birth certificate seen", "link_checked") == []


def test_danger_is_to_people_and_not_to_their_papers() -> None:
    assert danger("he is dragging her to the car")
    assert not danger("the owner keeps her passport in the safe")


def test_an_older_man_with_a_passport_is_no_crime_of_the_child() -> None:
    facts = read("older man holds her passport and answers for her", dt.date(2026, 11, 21)).facts
    assert [fact.value for fact in facts if fact.field == "exploitation"] == []


@pytest.mark.parametrize(("text", "grown"), [
    ("A woman of 24 from Brazil and a girl of 15 from Nigeria, both forced to see clients", 24),
    ("Two persons: a woman, 31 years, and a girl of 15. The woman owes the bar", 31),
    ("a girl of 15 and a woman of 26 in one room", 26), ("a woman and a girl of 12 in the stable", None),
])
def test_a_grown_up_who_is_named_together_with_a_child_is_a_person_of_their_own(text: str, grown: int | None) -> None:
    people = read(text, TODAY).people
    assert [(p.child, p.age) for p in people][1:] == [("no", grown)] and people[0].child == "yes"


@pytest.mark.parametrize("text", ["woman 35 with a girl of 14, says she is her aunt", "girl 16 and her boyfriend 24"])
def test_a_grown_up_who_is_with_a_child_is_not(text: str) -> None:
    assert [p.child for p in read(text, TODAY).people] == ["yes"]
