"""Ages, sex and nationality as the trained reader sees them, beside what patterns found."""
from __future__ import annotations

from typing import Any

import pytest

from bot.understanding.learned import Opinion
from bot.understanding.mentions import AGE, NATIONALITY, Mention, countries, figures
from bot.understanding.reading import Fact, Person, Reading
from bot.understanding.weighed_people import weigh_ages, weigh_nationality, weigh_sexes


def ages(people: list[Person], shares: dict[int, float], grown: bool = False, between: str = " with ") -> list[Any]:
    text = between.join(f"{value:02}" for value in shares)
    apart = 2 + len(between)
    mentions = {Mention(value, number * apart, number * apart + 2): share
                for number, (value, share) in enumerate(shares.items())}
    weigh_ages(people, text, Opinion(mentions={AGE: mentions}), 0.6, 0.1, grown)
    return [person.age for person in people]


@pytest.mark.parametrize(("before", "shares", "after"), [
    (None, {14: 0.9, 30: 0.02}, 14), ([3, 14], {14: 0.9, 3: 0.01}, 14), (12, {12: 0.02, 15: 0.9}, 12),
    (14, {14: 0.02}, 14), (None, {14: 0.3}, None), (15, {40: 0.9, 15: 0.9}, 15), (None, {40: 0.95, 15: 0.9}, 15),
    (12, {12: 0.9, 16: 0.8}, 12),
])
def test_ages(before: Any, shares: dict[int, float], after: Any) -> None:
    assert ages([Person(age=before, child="yes")], shares) == [after]


@pytest.mark.parametrize("between", [", ", " and ", "/"])
def test_ages_of_one_list_go_together(between: str) -> None:
    assert ages([Person(age=12, child="yes")], {12: 0.9, 14: 0.9, 16: 0.8}, between=between) == [[12, 16]]
    assert ages([Person(child="yes")], {12: 0.9, 14: 0.9}, between=between) == [[12, 14]]


def test_an_age_that_only_the_trained_reader_saw_makes_an_adult_only_where_it_takes_them_for_one() -> None:
    for grown, child in ((True, "no"), (False, "unclear")):
        person = Person()
        ages([person], {25: 0.9}, grown)
        assert (person.age, person.child) == (25, child)
    girl = Person(child="yes")
    ages([girl], {19: 0.9}, True)
    assert girl.child == "yes"


@pytest.mark.parametrize(("age", "child"), [(19, "unclear"), (35, "no")])
def test_barely_an_adult_beside_a_child_s_age_is_uncertain(age: int, child: str) -> None:
    person = Person(age=age, child="no")
    ages([person], {age: 0.9, 16: 0.95}, True)
    assert person.child == child


def test_a_baby_of_somebody_keeps_its_age() -> None:
    assert ages([Person(age=17, child="yes"), Person(age=0, dependent="yes")], {17: 0.9, 0: 0.01}) == [17, 0]


def test_somebody_is_described_by_an_age_alone() -> None:
    people: list[Person] = []
    assert ages(people, {16: 0.9}) == [16] and people[0].child == "yes"


@pytest.mark.parametrize(("before", "female", "male", "after"), [
    (None, 0.9, 0.1, "female"), ("male", 0.9, 0.01, "female"), ("male", 0.3, 0.3, "male"), ("male", 0.02, 0.02, None),
    (None, 0.5, 0.4, None),
])
def test_sex(before: Any, female: float, male: float, after: str | None) -> None:
    person = Person(sex=before)
    weigh_sexes([person], Opinion({"gender.female": female, "gender.male": male}), 0.7, 0.05)
    assert person.sex == after


def test_people_who_were_told_apart_keep_their_sex() -> None:
    pair = [Person(sex="female"), Person(sex="male")]
    weigh_sexes(pair, Opinion({"gender.female": 0.01, "gender.male": 0.9}), 0.7, 0.05)
    assert [person.sex for person in pair] == ["female", "male"]


@pytest.mark.parametrize(("named", "shares", "after"), [
    (None, {"CD": 0.9, "BE": 0.01}, "CD"), ("BE", {"CD": 0.9, "BE": 0.01}, "CD"), ("BE", {"CD": 0.9, "BE": 0.4}, "BE"),
    ("BE", {"BE": 0.01}, "BE"), (None, {"CD": 0.3}, None),
])
def test_nationality(named: str | None, shares: dict[str, float], after: str | None) -> None:
    reading = Reading(facts=[Fact("nationality", named, "stated", "x", 0, 1)] if named else [])
    mentions = {Mention(code, number, number + 1): share for number, (code, share) in enumerate(shares.items())}
    weigh_nationality(reading, "some text", Opinion(mentions={NATIONALITY: mentions}), 0.6, 0.1)
    assert [fact.value for fact in reading.facts] == ([after] if after else [])


def test_numbers_and_countries_are_found_where_they_stand() -> None:
    text = "F16, thirteen-ish friend, gate 7 at 14:05, 3.50 eur, born 03/05/2009, Romanian, near Craiova, of Benin City"
    found = {text[one.start : one.end]: one.value for one in figures(text)}
    assert found["16"] == 16 and found["thirteen"] == 13 and not {"14", "50", "03", "05"} & set(found)
    assert {one.value for one in countries(text)} == {"RO", "NG"}
    assert "Craiova" not in [text[one.start : one.end] for one in countries(text)]
