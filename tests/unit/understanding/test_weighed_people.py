"""Ages, sex and nationality as the trained reader sees them, beside what patterns found."""
from __future__ import annotations

from typing import Any

import pytest

from bot.understanding.learned import Opinion
from bot.understanding.mentions import AGE, NATIONALITY, Mention, countries, figures
from bot.understanding.reading import Fact, Person, Reading
from bot.understanding.weighed_people import doubt_grown, leave_to_children, weigh_ages, weigh_nationality, weigh_sexes


def ages(people: list[Person], shares: dict[int, float], grown: bool = False, between: str = " with ") -> list[Any]:
    text = between.join(f"{value:02}" for value in shares)
    apart = 2 + len(between)
    mentions = {Mention(value, number * apart, number * apart + 2): share
                for number, (value, share) in enumerate(shares.items())}
    weigh_ages(people, text, Opinion(mentions={AGE: mentions}), 0.6, 0.1, grown)
    return [person.age for person in people]


@pytest.mark.parametrize(("before", "shares", "after"), [
    (None, {14: 0.9, 30: 0.02}, 14), ([3, 14], {14: 0.9, 3: 0.01}, 14), (12, {12: 0.02, 15: 0.9}, 15),
    (12, {12: 0.02, 25: 0.9}, 12),
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


def test_an_adult_age_of_somebody_else_is_left_out_but_a_child_s_never_is() -> None:
    assert ages([Person(age=[14, 31], child="unclear")], {14: 0.9, 31: 0.4}) == [14]
    assert ages([Person(age=[17, 24], child="unclear")], {17: 0.9, 24: 0.8}) == [[17, 24]]
    assert ages([Person(age=[15, 24], child="unclear")], {15: 0.3, 24: 0.9}) == [[15, 24]]


@pytest.mark.parametrize(("age", "shares", "after"), [
    (58, {58: 0.9, 15: 0.95}, 15), (22, {22: 0.95, 16: 0.95}, [16, 22]), (58, {58: 0.9, 15: 0.7}, 58),
    (40, {40: 0.02, 17: 0.7}, 17),
    ([16, 33], {16: 0.9, 33: 0.95}, 16), ([16, 24], {16: 0.9, 24: 0.95}, [16, 24]),
])
def test_of_somebody_who_may_be_a_child_a_childs_age_counts(age: Any, shares: dict[int, float], after: Any) -> None:
    person = Person(age=age, child="unclear")
    assert ages([person], shares) == [after]
    assert person.child == ("yes" if after in (15, 16, 17) else "unclear")


def test_of_an_adult_an_adults_age_counts() -> None:
    assert ages([Person(age=[16, 33], child="unclear")], {16: 0.9, 33: 0.95}, grown=True) == [[16, 33]]
    assert ages([Person(age=58, child="no")], {58: 0.9, 15: 0.95}, grown=True) == [58]


def test_ages_that_stand_as_a_range_stay_one() -> None:
    assert ages([Person(age=[16, 33], child="unclear")], {16: 0.9, 33: 0.95}, between=" to ") == [[16, 33]]


def test_a_word_for_a_child_beside_an_adult_s_age_leaves_it_open() -> None:
    person = Person(child="yes")
    ages([person], {26: 0.9}, True)
    assert (person.age, person.child) == (26, "unclear")


def age_shares(shares: dict[int, float]) -> Opinion:
    return Opinion(mentions={AGE: {Mention(value, value, value + 1): share for value, share in shares.items()}})


@pytest.mark.parametrize(("age", "after"), [([3, 5], 29), (5, 29), ([5, 29], 29)])
def test_a_mother_s_age_is_hers_alone_and_is_asked_about(age: Any, after: int) -> None:
    mother = Person(age=age, child="yes")
    leave_to_children([mother], age_shares({29: 0.9, 5: 0.9, 3: 0.9}), 0.8)
    assert (mother.age, mother.child) == (after, "unclear")


def test_ages_of_children_alone_stay() -> None:
    people = [Person(age=5, child="yes")]
    leave_to_children(people, age_shares({5: 0.9, 29: 0.3}), 0.8)
    assert (people[0].age, people[0].child) == (5, "yes")


@pytest.mark.parametrize(("shares", "child"), [({39: 0.9, 16: 0.6}, "unclear"), ({39: 0.9, 16: 0.3}, "no"),
                                               ({39: 0.9, 8: 0.9}, "no"), ({39: 0.9, 40: 0.9}, "no")])
def test_a_minor_s_age_that_is_nobody_s_makes_all_uncertain(shares: dict[int, float], child: str) -> None:
    people = [Person(age=39, child="no")]
    doubt_grown(people, age_shares(shares))
    assert people[0].child == child


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
    ("BE", {"CD": 0.9, "BE": 0.2}, "CD"),
    ("BE", {"BE": 0.01}, "BE"), (None, {"CD": 0.3}, None),
])
def test_nationality(named: str | None, shares: dict[str, float], after: str | None) -> None:
    reading = Reading(facts=[Fact("nationality", named, "stated", "x", 0, 1)] if named else [])
    mentions = {Mention(code, number, number + 1): share for number, (code, share) in enumerate(shares.items())}
    weigh_nationality(reading, "some text", Opinion(mentions={NATIONALITY: mentions}), 0.6, 0.1)
    assert [fact.value for fact in reading.facts] == ([after] if after else [])


def test_of_several_nationalities_those_stay_that_the_trained_reader_gives_something() -> None:
    reading = Reading(facts=[Fact("nationality", code, "stated", code, 0, 1) for code in ("BR", "GB", "PT")])
    mentions = {Mention("BR", 0, 1): 0.9, Mention("GB", 2, 3): 0.2, Mention("PT", 4, 5): 0.4}
    weigh_nationality(reading, "some text", Opinion(mentions={NATIONALITY: mentions}), 0.6, 0.1)
    assert [fact.value for fact in reading.facts] == ["BR", "PT"]


def test_an_adult_s_age_is_given_to_no_newborn() -> None:
    baby = Person(child="yes", words="newborn")
    ages([baby], {47: 0.95}, False)
    assert (baby.age, baby.child) == (None, "yes")


@pytest.mark.parametrize(
    "text",
    ["gate 13, girl alone", "flat 17, three girls inside", "room no. 16, young girl", "class of 15, one girl",
     "crew of 19 Syrian men", "shoe size 12, big boy", "16 weeks pregnant, girl", "he owes 15 thousand, boy, cook",
     "Y10, girl from Ruse", "Yr 11 lad", "year 9 girl", "lass, 14 in January",
     "8 teeth missing, child", "works 12/7, girl", "open 6/7, the girl cooks", "at 14 o'clock a girl ran in"],
)
def test_numbers_of_something_else_are_left_out(text: str) -> None:
    assert [one.value for one in figures(text) if one.value != 1] == []


@pytest.mark.parametrize("text", ["in room 15 yo girl", "boy 15 phones from a trunk", "woman of 15 calls", "unit, 15",
                                  "15/16", "ward m15", "house 15 f"])
def test_an_age_beside_such_words_stays(text: str) -> None:
    assert 15 in [one.value for one in figures(text)]


def test_numbers_and_countries_are_found_where_they_stand() -> None:
    text = "F16, thirteen-ish friend, gate 7 at 14:05, 3.50 eur, born 03/05/2009, Romanian, near Craiova, of Benin City"
    found = {text[one.start : one.end]: one.value for one in figures(text)}
    assert found["16"] == 16 and found["thirteen"] == 13 and not {"14", "50", "03", "05"} & set(found)
    assert {one.value for one in countries(text)} == {"RO", "NG"}
    assert "Craiova" not in [text[one.start : one.end] for one in countries(text)]


@pytest.mark.parametrize("text", ["Thai massage salon, girl inside", "a Swiss watch on his arm", "speaks only Russian",
                                  "a lorry with Bulgarian plates", "needs a Turkish interpreter"])
def test_words_for_a_language_or_a_thing_are_no_people(text: str) -> None:
    assert countries(text) == []


@pytest.mark.parametrize(("text", "code"), [("girl from Dominica", "DM"), ("boy from the Republic of the Congo", "CG"),
                                            ("boy from Samoa", "WS"), ("Dominican girl", "DO")])
def test_small_countries_are_known(text: str, code: str) -> None:
    assert [one.value for one in countries(text)] == [code]
