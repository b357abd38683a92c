"""Ages of those to be protected are found in all their spellings; other numbers and other people's ages are not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from bot.understanding.reader import read
from bot.understanding.reading import Reading

TODAY = dt.date(2026, 11, 21)


def _read(text: str) -> Reading:
    return read(text, TODAY, signs=lambda _: [])


@pytest.mark.parametrize(
    ("text", "age", "child"),
    [
        ("lad of about 14 at the desk", 14, "yes"),
        ("M16 hiding in a container", 16, "yes"),
        ("f/17 in cubicle 4", 17, "yes"),
        ("26F with head wound", 26, "no"),
        ("girl thirteen years old", 13, "yes"),
        ("kid, twelve", 12, "yes"),
        ("boys 11-14 in the van", [11, 14], "yes"),
        ("a boy, 14 or 15", [14, 15], "yes"),
        ("claims 20, looks 15", [15, 20], "unclear"),
        ("says she is 16, colleague would say early 20s", [16, 23], "unclear"),
        ("young woman maybe 19", [17, 21], "unclear"),
        ("lady in her 40s", [40, 49], "no"),
        ("mother, father, kids 7, 9 and 12 at the desk", [7, 12], "yes"),
        ("children, from 6 to maybe 15", [6, 15], "yes"),
        ("berry pickers Lapland, 14 thai women 20 to 40", [20, 40], "no"),
        ("stop of minibus M1 j14, lithuanian man, 36, in the back", 36, "no"),
        ("control on M3, woman of 30", 30, "no"),
        ("turk 33 w wife and two sons in a camper", 33, "no"),
        ("newborn baby, 10 days old", 0, "yes"),
        ("infant of 7 months", 0, "yes"),
        ("turns 18 tomorrow, pupil", 17, "yes"),
        ("girl, 18 in march", 17, "yes"),
        ("pupil, she is 18 on 3 december", 17, "yes"),
        ("boy turned 18 in march", 18, "unclear"),
        ("colleague says 14", 14, "yes"),
        ("mother says 14, girl is at the desk", 14, "yes"),
        ("man at the border says he is 16", 16, "yes"),
        ("F/16, unbooked, approx 30/40, contractions", 16, "yes"),
        ("two brazilian girls, friends, 19 and 20", 19, "unclear"),
        ("boy, he said 17 then said 19", [17, 19], "unclear"),
        ("a girl was with her, maybe 16 17", [16, 17], "yes"),
        ("kid says 14, on seaman book 22", [14, 22], "unclear"),
        ("boy about 13, weight of an 8 yr old", 13, "yes"),
        ("newborn girl ~10 days", 0, "yes"),
        ("infant 7 mo with both parents", 0, "yes"),
        ("Y8 boy, 12", 12, "yes"),
        ("man about 40, drinks", 40, "no"),
        ("camp of maybe 40 pakistani men, among them boys, 15 to 17", [15, 17], "yes"),
        ("a lad rang 999 from a phone box, he is 16", 16, "yes"),
        ("room booked 6 nights by a man, girl inside says 19", 19, "unclear"),
        ("year 9 boy", [13, 14], "yes"),
        ("elle dit quinze ans", 15, "yes"),
        ("Junge, 16 Jahre alt", 16, "yes"),
        ("chica de 14 anos", 14, "yes"),
        ("dob 02/12/2009, boy", 16, "yes"),
        ("born 3 May 2012, girl", 14, "yes"),
        ("boy born 2009", [16, 17], "yes"),
        ("female born 2008", [17, 18], "yes"),
        ("was 14 three years ago, girl", 17, "yes"),
        ("She is 23 now, sold at 14", 23, "no"),
        ("girl, age unknown", None, "yes"),
        ("woman, 31, syrian", 31, "no"),
        ("16", 16, "yes"),
        ("Boliviano man, 30s, off a boat", [30, 39], "no"),
        ("worker (40s) with a swollen hand", [40, 49], "no"),
        ("lad from Hue, Jahrgang 2011", [14, 15], "yes"),
        ("two girls, both rocznik 2010", [15, 16], "yes"),
        ("boy, the passport says 4.5.2009", 17, "yes"),
        ("woman, on the residence card 1997", [28, 29], "no"),
        ("lad gives year 2011", [14, 15], "yes"),
        ("boy. 10? 11? Not in any school", [10, 11], "yes"),
        ("number six is a boy, seventeen he says", 17, "yes"),
        ("boy, eighteen on the 2nd of december", 17, "yes"),
        ("baby m 4 months, fever", 0, "yes"),
        ("hello am 30 f and alone", 30, "no"),
        ("girl, in april she finished 16", 16, "yes"),
        ("crew list 5, we count 6, one boy is 17", 17, "yes"),
        ("boy of 16 who was a porter for M23 near the lake", 16, "yes"),
        ("a man of 25, there since he has 9 years", 25, "unclear"),
        ("girl booked in as 18 but the record has 03/12/2010", 15, "yes"),
        ("girl, in her passport is 11.02.2011", 15, "yes"),
        ("M, gives 31.12.08, alone inside", 17, "yes"),
        ("lad whose paperwork says 01/01/2003", 23, "unclear"),
        ("two girls, on the wristband is 2010 both", [15, 16], "yes"),
        ("17 boys, 12 till 17, beam across the door", [12, 17], "yes"),
        ("lass, 15 on the 30th, at her uncle's", 14, "yes"),
        ("lass, 16 in a fortnight", 15, "yes"),
        ("registering a 5/52 baby girl as hers", 0, "yes"),
        ("girl 17.5 years, alone", 17, "yes"),
        ("girl, 17½", 17, "yes"),
        ("boy 13 1/2 from Mali", 13, "yes"),
        ("girl of 15 years and 2 months", 15, "yes"),
        ("UK-born boy 12", 12, "yes"),
        ("UK born boy 12", 12, "yes"),
        ("Nigerian-born woman 25", 25, "no"),
        ("girl born in 09", [16, 17], "yes"),
        ("Romanian f 17, alone", 17, "yes"),
        ("found m 16 afghan", 16, "yes"),
        ("girl 16 passport in order", 16, "yes"),
        ("boys 14 2 phones, alone", 14, "yes"),
        ("3 girls 14 16 Dover road", 14, "yes"),
        ("boys 14 15 and 9 bags", [14, 15], "yes"),
        ("girls 14 15 16 in the van", [14, 16], "yes"),
        ("boys 14 15 and 16 yrs", [14, 16], "yes"),
    ],
)
def test_age(text: str, age: Any, child: str) -> None:
    person = _read(text).people[0]
    assert (person.age, person.child) == (age, child)


@pytest.mark.parametrize(
    "text",
    [
        "boy waiting at gate 14",
        "girl with 15 euros",
        "child kept eleven days",
        "girl in bus 16",
        "boy at 16:30 in room 12",
        "girl, her boyfriend is 24",
        "boy with a man of 51",
        "girl got 17 calls",
        "girl works 12/7 in a bakery",
        "girl works 6/7 in a salon",
        "girl of the crew of 12 pickers",
        "her 9th missing episode, girl",
        "girl came in 2009 and the card shows 2021",
        "girl says 2020 was worse",
        "girl in room 15 on the 3rd floor",
        "girl at gate f 22",
        "boy on bus m 14",
        "girl paid 12.5 euros",
    ],
)
def test_other_numbers_are_no_ages(text: str) -> None:
    assert _read(text).people[0].age is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("man 140 years old", "impossible_age"),
        ("dob 31/02/2010", "impossible_date"),
        ("date of birth 01.01.2031", "future_birth_date"),
        ("born 1990 but she is under 18", "contradiction"),
    ],
)
def test_problem(text: str, problem: str) -> None:
    assert problem in [fact.value for fact in _read(text).facts if fact.field == "age_problem"]


def test_birthday_decides_on_its_day() -> None:
    assert _read("boy dob 21/11/2008").people[0].child == "no"
    assert _read("boy dob 22/11/2008").people[0].child == "yes"


def test_children_of_different_sex_are_two_people() -> None:
    found = [(p.sex, p.age) for p in _read("a girl 9 and a boy 5 without parents").people]
    assert found == [("female", 9), ("male", 5)]


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("3 girls 12 14 and 15 and an adult woman 30, Moldovan", [12, 14, 15]),
        ("2 girls 13 15, Roma", [13, 15]),
        ("four kids 4 6 9 and 11", [4, 6, 9, 11]),
        ("3 women 19 24 31 in the flat", [19, 24, 31]),
    ],
)
def test_ages_of_several_with_nothing_between_them(text: str, ages: list[int]) -> None:
    assert [person.age for person in _read(text).people][:len(ages)] == ages


def test_children_come_before_adults_of_one_group() -> None:
    people = _read("20 workers in a shed, one is 16").people
    assert [(p.count, p.child) for p in people] == [(1, "yes"), (19, "no")]


@pytest.mark.parametrize("text", [
    "m Tajik 42, wife, four children, papers of all", "Couple 47/45 and a newborn, certificate looks odd",
    "man 38 with three kids in the back of a van",
])
def test_a_grown_up_s_age_is_not_that_of_the_children_beside(text: str) -> None:
    assert "yes" in [person.child for person in _read(text).people]


@pytest.mark.parametrize("text", [
    "girl 15 texts that she is afraid", "boy 16 shakes all over", "girl 14 studies at home",
])
def test_a_verb_behind_an_age_is_nothing_that_is_counted(text: str) -> None:
    assert [person.age for person in _read(text).people] == [int(text.split()[1])]


def test_english_words_that_look_like_foreign_words_for_people_mean_nobody() -> None:
    found = _read("his manner was kind of rude. woman, 30").people
    assert [(person.count, person.age, person.sex) for person in found] == [(1, 30, "female")]
