"""The trained reader beside the patterns: what each may add, what neither may take away."""
from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.protocol.indicators import ASSESSMENT_GROUPS
from bot.understanding.intents import understand
from bot.understanding.learned import LEARNED, Opinion, reader, together
from bot.understanding.reading import Fact, Person, Reading, Sign
from bot.understanding.second import weigh

TEXT = "the girl was seen with a man at the station last night, said a clerk"
PAPERS, LOCKED = "documents.held_by_other", "control.cannot_leave"


def opinion(**shares: float) -> Opinion:
    """An opinion of a message about a person who may be exploited, with these shares."""
    named = {"about": 0.99, "exploited": 0.5, **{name.replace("__", "."): share for name, share in shares.items()}}
    return Opinion(named, dict.fromkeys(named, (4, 8)))


def sign(key: str, seen: Any = "observed") -> Sign:
    return Sign(key, seen, "girl", 4, 8)


def signs(reading: Reading) -> dict[str, tuple[str, bool]]:
    return {one.id: (one.seen, one.sure) for one in reading.signs}


def test_where_both_agree_a_sign_stands_as_it_was() -> None:
    made = weigh(Reading(signs=[sign(PAPERS)]), TEXT, opinion(group__document_control=0.9))
    assert signs(made) == {PAPERS: ("observed", True)}


def test_what_only_the_trained_reader_finds_is_unsure_and_shows_its_words() -> None:
    made = weigh(Reading(), TEXT, opinion(group__restricted_freedom=0.9))
    assert signs(made) == {LOCKED: ("suspected", False)}
    assert made.signs[0].words == "girl"


def test_whole_words_are_shown() -> None:
    heard = Opinion({"about": 0.9, "group.restricted_freedom": 0.9}, {"group.restricted_freedom": (5, 10)})
    assert weigh(Reading(), TEXT, heard).signs[0].words == "girl was"


def test_what_only_a_pattern_finds_and_the_trained_reader_refuses_is_left_out() -> None:
    assert signs(weigh(Reading(signs=[sign(PAPERS)]), TEXT, opinion(group__document_control=0.01))) == {}


def test_a_denial_is_never_overruled() -> None:
    made = weigh(Reading(signs=[sign(PAPERS, "denied")]), TEXT, opinion(group__document_control=0.99))
    assert signs(made) == {PAPERS: ("denied", True)}


def test_a_denial_that_only_the_trained_reader_read_is_recorded_and_takes_the_sign_away() -> None:
    heard = opinion(denied__document_control=0.9, group__document_control=0.2)
    assert signs(weigh(Reading(signs=[sign(PAPERS)]), TEXT, heard)) == {PAPERS: ("denied", False)}
    both = opinion(denied__document_control=0.6, group__document_control=0.8)
    assert signs(weigh(Reading(signs=[sign(PAPERS)]), TEXT, both)) == {PAPERS: ("observed", True)}


def test_a_few_words_are_left_to_the_patterns() -> None:
    given_one = Reading(signs=[sign(PAPERS)])
    assert weigh(given_one, "girl, 14", opinion(group__document_control=0.0, danger=0.99)) is given_one


@pytest.mark.parametrize(("label", "field", "value"), [
    ("danger", "danger", True), ("missing", "missing", "now"), ("asylum", "fear", "fear"),
    ("documents__none", "documents", "none"), ("accompanied__alone", "accompanied", "alone"),
    ("home", "residence", "here"), ("proven", "link_checked", "yes"),
])
def test_a_fact_that_no_pattern_knew(label: str, field: str, value: Any) -> None:
    made = weigh(Reading(), TEXT, opinion(**{label: 0.97}))
    assert [(fact.field, fact.value) for fact in made.facts] == [(field, value)]


def test_missing_now_replaces_missing_before() -> None:
    before = Fact("missing", "earlier", "stated", "girl", 4, 8)
    made = weigh(Reading(facts=[before]), TEXT, opinion(missing=0.95))
    assert [fact.value for fact in made.facts] == ["now"]


def test_nobody_becomes_an_adult_beside_a_word_for_a_child() -> None:
    for known in (Person(child="yes"), Person(child="unclear"), Person(age=15)):
        assert weigh(Reading(people=[known]), TEXT, opinion(child__no=0.99)).people[0].child != "no"


@pytest.mark.parametrize(("known", "share", "child"), [
    (Person(child="yes"), 0.99, "unclear"), (Person(child="yes", age=19), 0.99, "unclear"),
    (Person(child="yes"), 0.5, "yes"), (Person(child="yes", age=15), 0.99, "yes"),
    (Person(child="yes", dependent="yes"), 0.99, "yes"),
])
def test_a_word_for_a_child_in_a_message_about_an_adult_leaves_it_open(known: Person, share: float, child: str) -> None:
    assert weigh(Reading(people=[known]), TEXT, opinion(child__no=share)).people[0].child == child


@pytest.mark.parametrize("text", [TEXT, "he says she is 22, 15 tops"])
def test_whom_the_trained_reader_may_take_for_a_minor_is_no_adult(text: str) -> None:
    grown = Reading(people=[Person(age=22, child="no"), Person(age=2, child="yes", dependent="yes")])
    for share, child in ((0.1, "unclear"), (0.01, "no")):
        made = weigh(grown, text, opinion(child__no=0.9, child__unclear=share))
        assert [person.child for person in made.people] == [child, "yes"]


@pytest.mark.parametrize("words", [
    "driver: 'my fiancee, she is 21'. her: nods. me: 14 tops",
    "husband says 23, I would say 14. can they go?",
])
def test_a_short_question_sends_nobody_who_may_be_a_child_to_an_adults_route(words: str) -> None:
    assert "no" not in [p.child for p in understand(words, date(2026, 11, 21), None, {})[1].people]


def test_the_reading_that_was_given_is_not_changed() -> None:
    given_one = Reading(people=[Person()], signs=[sign(PAPERS)], facts=[Fact("danger", True, "stated", "girl", 4, 8)])
    before = given_one.to_dict()
    weigh(given_one, TEXT, opinion(group__document_control=0.01, danger=0.01, child__no=0.99))
    assert given_one.to_dict() == before


def test_every_group_of_the_assessment_can_be_found_alone() -> None:
    for group in ASSESSMENT_GROUPS:
        assert len(weigh(Reading(), TEXT, opinion(**{f"group__{group}": 0.99})).signs) == 1


def test_the_trained_reader_reads_what_no_pattern_says() -> None:
    found = reader().read("the lad kips on flattened boxes behind the fryers, bolt is on the outside of the door")
    assert found.shares["group.living_at_workplace"] > 0.5
    words = "the lad kips on flattened boxes behind the fryers, bolt is on the outside of the door"
    start, end = found.spans["group.living_at_workplace"]
    assert set(words[start:end].split()) & {"kips", "boxes", "fryers", "behind", "flattened", "on"}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_has_shares_between_0_and_1_and_words_of_its_own(text: str) -> None:
    found = reader().read(text)
    assert all(0 <= share <= 1 for share in found.shares.values())
    assert all(0 <= start <= end <= len(text) for start, end in found.spans.values())


def test_a_long_report_is_read_to_its_end() -> None:
    filler = "We spoke about the weather and the timetable of the buses. " * 120
    end = "He has kept her passport in his safe since March and she may not go out."
    assert len(filler) > 7_000
    assert reader().read(filler + end).shares["group.document_control"] > 0.5


def test_the_learned_files_are_small() -> None:
    assert sum(path.stat().st_size for path in LEARNED) < 3_100_000


def test_readers_are_believed_together() -> None:
    one = Opinion({"danger": 0.9, "missing": 0.2}, {"danger": (0, 3), "missing": (0, 3)}, {"embassy": 0.8, "cell": 0.2})
    other = Opinion({"danger": 0.3, "missing": 0.4}, {"danger": (5, 9), "missing": (5, 9)},
                    {"embassy": 0.4, "cell": 0.6})
    made = together([one, other])
    assert made.shares == pytest.approx({"danger": 0.6, "missing": 0.3})
    assert made.spans == {"danger": (0, 3), "missing": (5, 9)}
    assert made.questions == pytest.approx({"embassy": 0.6, "cell": 0.4})
    assert together([one]) == one


def test_in_a_piece_of_a_story_nothing_that_a_pattern_found_is_doubted() -> None:
    piece = "the girl gets 100 a week"
    assert signs(weigh(Reading(signs=[sign(PAPERS)]), piece, opinion(group__document_control=0.01)))
    assert signs(weigh(Reading(), piece, opinion(group__restricted_freedom=0.97)))
    assert not signs(weigh(Reading(), piece, opinion(group__restricted_freedom=0.9)))


@pytest.mark.parametrize("words", [
    "is he going to be charged or is it smuggling", "can we fine the employer or close the place",
])
def test_a_question_that_tells_nothing_brings_no_signs(words: str) -> None:
    _, found, asked = understand(words, date(2026, 11, 21), None, {})
    assert asked and found.signs == []


@pytest.mark.parametrize("words", ["at our post until eight, then child protection", "police post until 8"])
def test_an_answer_of_a_few_words_is_neither_a_question_nor_a_sign(words: str) -> None:
    intent, found, asked = understand(words, date(2026, 11, 21), None, {})
    assert (intent, asked, found.signs) == ("inform", None, [])


FOREIGN = {"non_national__yes": 0.97}
TOWN, NATION = Fact("country", "NG", "stated", "girl", 4, 8), Fact("nationality", "NG", "stated", "girl", 4, 8)


def fields_of(reading: Reading) -> dict[str, Any]:
    return {fact.field: fact.value for fact in reading.facts}


def test_who_was_found_again_is_not_missing_whatever_the_trained_reader_says() -> None:
    words = "Update on the 14yo boy reported missing at the main station friday: located sunday, report cancelled."
    _, reading, _ = understand(words, date(2026, 11, 21), "PT", {})
    assert [fact.value for fact in reading.facts if fact.field == "missing"] == ["earlier"]


@pytest.mark.parametrize("words", [
    "girl of 15 was missing from our home since six, now her mother called to say she is back, all are calm",
    "girl of 15 was missing from our home since friday, when she came back she smelled of smoke and went to bed",
])
def test_who_came_back_is_not_missing(words: str) -> None:
    _, reading, _ = understand(words, date(2026, 11, 21), "PT", {})
    assert [fact.value for fact in reading.facts if fact.field == "missing"] == ["earlier"]


@pytest.mark.parametrize("words", [
    "boy of 14 did not come for supper, his bed is empty. third time this month but usually he is back by eight",
    "girl 15 left by the window, has not come back. Last time a man drove her to a car park and she returned at dawn",
    "girl gone from the unit again, not seen since wednesday. before she always came back with bags of clothes",
    "girl of 15 missing from our home since six, she should have returned by eight, her phone is off",
    "boy of 14 went missing on his way from school at four, he was to be located by his mother's phone, it is off",
    "boy of 14 went missing on his way from school at four, his mother waits until he is back with her",
])
def test_who_came_back_at_other_times_is_missing_now(words: str) -> None:
    _, reading, _ = understand(words, date(2026, 11, 21), "PT", {})
    assert [fact.value for fact in reading.facts if fact.field == "missing"] == ["now"]


@pytest.mark.parametrize(("words", "share", "now"), [
    ("his bunk was empty at six and we all looked, he is back since ten, he had been in the chapel", 0.3, False),
    ("his bunk was empty at six and we all looked, he is back since ten, he had been in the chapel", 0.8, True),
    ("his bunk was empty at six and we all looked, he has not come back, nobody saw him in the chapel", 0.3, True),
    ("his bunk was empty at six and we all looked, usually he is back home by ten, nobody saw him go", 0.3, True),
])
def test_where_only_the_trained_reader_misses_somebody_who_came_back_it_must_be_likely(
    words: str, share: float, now: bool
) -> None:
    made = weigh(Reading(), words, opinion(missing=share))
    assert [fact.value for fact in made.facts if fact.field == "missing"] == (["now"] if now else [])


def test_a_class_is_nobodys_age_in_a_general_question() -> None:
    words = "Do you have posters about online safety for class 6 in polish?"
    _, reading, _ = understand(words, date(2026, 11, 21), "PT", {})
    assert not reading.people and not reading.about_a_person


@pytest.mark.parametrize("words", ["not afraid of going home", "not with her mother, with her aunt",
                                   "she is not missing", "no asylum wish, no injuries"])
def test_a_few_words_that_deny_one_thing_deny_no_other(words: str) -> None:
    _, reading, _ = understand(words, date(2026, 11, 21), "PT", {})
    assert {sign.id for sign in reading.signs if sign.seen == "denied"} <= {"general.untreated_injury_or_illness"}
    assert not [fact for fact in reading.facts if fact.field in ("danger", "missing") and fact.value in (True, "now")]


def test_a_foreigners_own_town_is_not_the_country_of_the_case() -> None:
    assert "country" not in fields_of(weigh(Reading(facts=[TOWN, NATION]), TEXT, opinion(**FOREIGN)))


@pytest.mark.parametrize(("facts", "shares"), [
    ([TOWN], FOREIGN),
    ([TOWN, Fact("nationality", "VN", "stated", "girl", 4, 8)], FOREIGN),
    ([TOWN, NATION], {"non_national__yes": 0.85}),
    ([TOWN, NATION], {**FOREIGN, "home": 0.6}),
    ([TOWN, NATION, Fact("residence", "here", "stated", "girl", 4, 8)], {**FOREIGN, "home": 0.2}),
])
def test_the_country_of_the_case_stays_where_nothing_speaks_against_it(
    facts: list[Fact], shares: dict[str, float]
) -> None:
    assert fields_of(weigh(Reading(facts=facts), TEXT, opinion(**shares)))["country"] == "NG"


@pytest.mark.parametrize(("country", "home"), [("NG", "here"), ("PT", "abroad")])
def test_a_home_that_may_be_elsewhere_than_the_passport_says_is_noted_as_unsure(country: str, home: str) -> None:
    place = Fact("country", country, "stated", "girl", 4, 8)
    made = weigh(Reading(facts=[place, NATION]), TEXT, opinion(home=0.3))
    assert [(f.value, f.status) for f in made.facts if f.field == "residence"] == [(home, "hedged")]
    assert "residence" not in fields_of(weigh(Reading(facts=[place, NATION]), TEXT, opinion(home=0.05)))


@pytest.mark.parametrize(("here", "home"), [("NG", "here"), ("PT", "abroad"), (None, "abroad")])
def test_the_responders_country_tells_whether_a_doubted_home_is_theirs(here: str | None, home: str) -> None:
    made = weigh(Reading(facts=[NATION]), TEXT, opinion(home=0.2), here)
    assert [(f.value, f.status) for f in made.facts if f.field == "residence"] == [(home, "hedged")]


def test_a_home_abroad_that_the_trained_reader_doubts_is_asked_for() -> None:
    abroad = Fact("residence", "abroad", "stated", "girl", 4, 8)
    made = weigh(Reading(facts=[abroad]), TEXT, opinion(home=0.9))
    assert [(f.value, f.status) for f in made.facts] == [("abroad", "hedged")]
    assert abroad.status == "stated"


def test_where_nobody_seems_exploited_signs_are_unsure_and_still_there() -> None:
    heard = opinion(exploited=0.05, group__document_control=0.4)
    assert signs(weigh(Reading(signs=[sign(PAPERS)]), TEXT, heard)) == {PAPERS: ("observed", False)}
    assert signs(weigh(Reading(signs=[sign(PAPERS, "denied")]), TEXT, heard)) == {PAPERS: ("denied", True)}
    form = Fact("exploitation", "labour", "stated", "girl", 4, 8)
    for child, kept in (("no", False), ("yes", True)):
        reading = Reading(people=[Person(child=child)], facts=[form])
        heard = opinion(exploited=0.05, form__labour=0.6, child__no=0.9)
        assert ("exploitation" in fields_of(weigh(reading, TEXT, heard))) is kept


def test_a_general_question_describes_nobody() -> None:
    reading = Reading(people=[Person(child="yes")], signs=[sign(PAPERS)], about_a_person=True)
    heard = opinion(about=0.01, group__document_control=0.9)
    made = weigh(reading, TEXT, heard)
    assert (made.people, made.signs, made.about_a_person) == ([], [], False)


@pytest.mark.parametrize("reading", [
    Reading(people=[Person(age=15, child="yes")]),
    Reading(people=[Person(child="yes")], facts=[Fact("danger", True, "stated", "girl", 4, 8)]),
    Reading(people=[Person(child="yes")], facts=[Fact("missing", "now", "stated", "girl", 4, 8)]),
])
def test_an_age_or_danger_is_about_somebody_whatever_the_trained_reader_says(reading: Reading) -> None:
    made = weigh(reading, TEXT, opinion(about=0.01, danger=0.9, missing=0.9))
    assert made.people
