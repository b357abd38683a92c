"""One message read as a whole, and the promise that reading never raises and stays fast."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.reader import read
from bot.understanding.reading import Reading

TODAY = dt.date(2026, 11, 21)


def _read(text: str) -> Reading:
    return read(text, TODAY, signs=lambda _: [])


def _values(text: str, field: str) -> list[object]:
    return [fact.value for fact in _read(text).facts if fact.field == field and fact.status != "denied"]


def test_a_whole_message() -> None:
    reading = _read(
        "Nurse here, Graz. Albanian girl 16, husband of 40 speaks for her, he keeps her passport. She asks for asylum."
    )
    person = reading.people[0]
    assert (person.count, person.age, person.child, person.sex) == (1, 16, "yes", "female")
    facts = {fact.field: fact.value for fact in reading.facts}
    assert facts["nationality"] == "AL"
    assert facts["country"] == "AT"
    assert facts["documents"] == "held_by_other"
    assert facts["fear"] == "asylum"
    assert facts["role"] == "health"


@pytest.mark.parametrize(
    ("text", "fear"),
    [
        ("boy wants asylum", "asylum"),
        ("afraid to be sent back", "fear"),
        ("cannot return home", "fear"),
        ("recognised refugee in Italy", "refugee"),
        ("does not claim asylum", "denied"),
        ("no wish for asylum", "denied"),
    ],
)
def test_fear(text: str, fear: str) -> None:
    assert _values(text, "fear") == [fear]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("girl missing since monday", "now"),
        ("girl gone since tuesday, phone located in another town", "now"),
        ("boy 13, misper closed 0200, hes back with nan", "earlier"),
        ("boy reported missing friday, located sunday, report cancelled", "earlier"),
        ("girl missing from lessons since autumn", None),
        ("boy vanished from the shelter last night", "now"),
        ("she may abscond", "may_abscond"),
        ("runs away every weekend", "earlier"),
        ("girl 15 at school", None),
        ("boy, 16, in SIS since september from a home in Tours", "now"),
        ("SIS hit on the boy at the gate", "now"),
        ("girl of 13 on the train, her name is in SIS, art 32", "now"),
        ("girl says 18, an Interpol yellow notice says 15", "now"),
        ("girl 14, there is an open search for her in Graz", "now"),
        ("home calls: one kid short at supper, boy 12", "now"),
        ("girl 12 never got off the train at Lyon", "now"),
        ("girl of 9 did not come out of the school bus at four", "now"),
        ("girl 15 never turned up at the shelter", "now"),
        ("girl 14 never made it home last night", "now"),
        ("girl 15, she never got off the phone", None),
        ("girl 15 waits, the interpreter did not turn up", None),
        ("girl 14 in a car that is in SIS since may", None),
        ("boy 15, has a sis in Lyon since 2020", None),
    ],
)
def test_missing(text: str, missing: str | None) -> None:
    assert (_values(text, "missing") or [None])[0] == missing


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("girl made to sleep with men for cash", "sexual"),
        ("boy works on a farm without pay", "labour"),
        ("cooks and cleans the house for the family all day", "domestic_servitude"),
        ("boy begs at the church", "begging"),
        ("kid forced to sell drugs", "criminality"),
        ("she must marry an older cousin", "forced_marriage"),
        ("newborn sold to a couple", "illegal_adoption"),
        ("promised money for a kidney", "organ_removal"),
        ("ex child soldier", "armed_conflict"),
        ("man collects child benefit in her name", "benefit_fraud"),
        ("surrogate mother", "surrogacy"),
    ],
)
def test_exploitation(text: str, form: str) -> None:
    assert form in _values(text, "exploitation")


def test_denied_forms_are_not_asserted() -> None:
    assert _values("no begging, no prostitution", "exploitation") == []


@pytest.mark.parametrize("text", ["what is the NFP?", "will it rain in Oslo tonight", "who reads this", ""])
def test_not_about_a_person(text: str) -> None:
    assert not _read(text).about_a_person


def test_what_was_not_read_is_given_back() -> None:
    assert _read("girl 15. The weather was awful.").not_understood == ["The weather was awful"]


def test_every_finding_points_at_its_words() -> None:
    text = "Gïrl 15 from Łódź… “no papers” 😀 her uncle waits outside"
    for fact in _read(text).facts:
        assert text[fact.start : fact.end].strip() == fact.words.strip()


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.lists(
            st.sampled_from(
                [
                    "girl",
                    "boy",
                    "15",
                    "born",
                    "31/02/2010",
                    "no",
                    "not",
                    "?",
                    "(",
                    "in",
                    "from",
                    "Lagos",
                    "passport",
                    "uncle",
                    "M14",
                    ",",
                    ".",
                    "2030",
                    "years",
                    "\u202e",
                    "١٥",
                    "ſ",
                    "İ",
                ]
            ),
            max_size=40,
        ).map(" ".join),
    )
)
def test_never_raises(text: str) -> None:
    reading = _read(text)
    assert Reading.from_dict(reading.to_dict()) == reading


@pytest.mark.parametrize("piece", ["boy 15, ", "no ", "(", "the man with ", "1 ", "born 01, 02 "])
def test_ten_thousand_characters_take_no_more_than_their_share(piece: str) -> None:
    """Ten times the text may take some forty times as long, not the hundred of a search that begins anew each time."""
    text = piece * 10_000
    _read(text[:1000])
    assert min(_seconds(text[:10_000]) for _ in range(2)) < 40 * min(_seconds(text[:1000]) for _ in range(5))


def _seconds(text: str) -> float:
    begun = time.process_time()
    _read(text)
    return time.process_time() - begun


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("boy 15 lives here since 4 years with his parents", ["here"]),
        ("girl 16 from Vietnam was locked in a house here for three years by the boss", []),
        ("boy, 15, lives here since 4 years with a madam who beats him", []),
        ("girl, 16, somali citizen, here since 3 weeks on visit visa", []),
    ],
)
def test_years_under_an_exploiter_are_no_residence(text: str, home: list[str]) -> None:
    assert _values(text, "residence") == home


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("Man of 40 stopped, six passports of young women in a bag. No victims found.", ["no"]),
        ("man, 51, alone in his car, IDs of other people and a list of girls with prices", ["no"]),
        ("driver 52, eight sim cards, empty van with mattresses", []),
        ("driver 52, eight sim cards, mattresses, no girls found", ["no"]),
        ("Woman 30 in a flat with 3 phones, nobody else inside", []),
        ("girl of 15 with the passports of two other girls", []),
    ],
)
def test_only_traces_of_people_whom_nobody_met(text: str, met: list[str]) -> None:
    assert _values(text, "victims_met") == met


def test_things_of_others_take_nobody_away_who_was_met() -> None:
    (girl,) = _read("girl 14, 2 passports of other women in her bag, nobody else in the car").people
    assert (girl.age, girl.child, girl.count) == (14, "yes", 1)


def test_who_bears_the_signs_of_the_exploited_is_no_trace() -> None:
    text = "Woman 30, passports of other girls in a drawer, nobody else inside, she owes the agency 5000"
    assert not [fact for fact in read(text, TODAY).facts if fact.field == "victims_met"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("woman of 30, trafficked to Libya when she was 15", ["yes"]),
        ("She is 21 now, sold to a bar at 15", ["yes"]),
        ("woman of 30, works in a bar since 15 months", []),
        ("girl of 16, sold when she was 12", []),
    ],
)
def test_an_adult_exploited_as_a_child(text: str, told: list[str]) -> None:
    assert _values(text, "exploited_as_child") == told


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Woman of 24 with her baby of 8 months", [(1, 24, "no", None), (1, 0, "yes", "yes")]),
        ("girl, 16, with her newborn baby", [(1, 16, "yes", None), (1, None, "yes", "yes")]),
        ("woman of 30, her son is back home with grandmother", [(1, 30, "no", None)]),
        ("man with his daughter, 14, begging", [(1, 14, "yes", None)]),
        ("three women and a girl of 16 in the flat", [(1, 16, "yes", None), (3, None, "no", None)]),
        ("Young mother, 24, with a baby of 6 months", [(1, 24, "no", None), (1, 0, "yes", "yes")]),
        ("Two girls, 13 and 15, at the border", [(1, 13, "yes", None), (1, 15, "yes", None)]),
        ("3 boys 12, 14 and 15 from Syria", [(1, 12, "yes", None), (1, 14, "yes", None), (1, 15, "yes", None)]),
        ("2 girls 13-15 at the border", [(2, [13, 15], "yes", None)]),
        ("2 girls caught, both 13", [(2, 13, "yes", None)]),
        ("a girl of 16 with three women", [(1, 16, "yes", None)]),
    ],
)
def test_who_is_beside_them(text: str, people: list[object]) -> None:
    assert [(p.count, p.age, p.child, p.dependent) for p in _read(text).people] == people


def test_two_women_with_a_baby_that_is_not_said_to_be_theirs_are_about_the_baby() -> None:
    assert [p.child for p in _read("two women with a baby at the border, baby has no papers").people] == ["yes"]


@pytest.mark.parametrize(
    ("text", "offence"),
    [
        ("boy 15 in custody for the cannabis house", ["held"]),
        ("2 girls caught pick pocketing on line 1", ["yes"]),
        ("boy of 16, colleagues want to charge him as skipper", ["yes"]),
        ("the driver was arrested for smuggling, boy 14 beside him", []),
        ("girl, 15, not suspected of theft", []),
    ],
)
def test_offences_held_against_the_child(text: str, offence: list[str]) -> None:
    assert _values(text, "offences") == offence
