"""How what a later message says of people enters a report: nobody is lost, no child becomes grown by a word."""
from __future__ import annotations

from datetime import date

import pytest

from bot.protocol.entering import take
from bot.protocol.report import Data, new_report
from bot.protocol.routes import presumed_child
from bot.understanding.intents import understand

DAY = date(2026, 11, 21)


def _told(*messages: str) -> Data:
    report = new_report()
    for words in messages:
        intent, reading, _ = understand(words, DAY, "PT", {})
        report["account"].append(words)
        take(report, reading.to_dict(), intent == "correct")
    return report


def _of(report: Data, field: str) -> list[object]:
    return [person["values"].get(field, {}).get("value") for person in report["persons"]]


@pytest.mark.parametrize("later", ["she just told me she is 16", "she now says she is 16", "colleague says 16",
                                   "her passport says she is 16"])
def test_a_minor_age_told_later_makes_an_adult_one_uncertain_and_is_asked_about(later: str) -> None:
    report = _told("woman, 22, romanian, passport held by the boss", later)
    assert len(report["persons"]) == 1
    assert presumed_child(report["persons"][0]) is True
    assert _of(report, "age") == [[16, 22]] and _of(report, "child") == ["unclear"]
    assert report["age_problem"] == "two_ages" and not report["age_problem_asked"]


def test_one_of_several_adults_may_be_a_child() -> None:
    report = _told("2 women, 22 and 25, romanian, passports held by the boss", "one of the women says she is 16")
    assert any(presumed_child(person) for person in report["persons"])


@pytest.mark.parametrize("later", ["colleague says 14", "her school card says she is 14", "mother says 14"])
def test_two_ages_of_a_child_both_stand_until_one_is_chosen(later: str) -> None:
    report = _told("girl, 16, romanian, at the bus station with a man", later)
    assert _of(report, "age") == [[14, 16]] and _of(report, "child") == ["yes"]
    assert report["persons"][0]["values"]["age"]["status"] == "hedged"
    assert report["age_problem"] == "two_ages"


def test_a_correction_leaves_one_age_and_nothing_to_ask() -> None:
    report = _told("girl, 16, romanian, at the bus station", "colleague says 14", "sorry, it is 15")
    assert _of(report, "age") == [15] and report["age_problem"] is None


@pytest.mark.parametrize("later", ["she was 14 when it began", "been in care since she was 12",
                                   "he first met her when she was 13", "she looks about 16", "she will be 17 in march"])
def test_an_age_of_the_past_or_one_that_fits_changes_nothing(later: str) -> None:
    report = _told("girl, 16, romanian, at the bus station with a man", later)
    assert _of(report, "age") == [16] and report["age_problem"] is None


@pytest.mark.parametrize(("first", "later", "ages"), [
    ("woman 30, romanian, passport held by the boss", "her daughter is 8", [30, 8]),
    ("woman 30, romanian, passport held by the boss", "the girl is 8 and does not go to school", [30, 8]),
    ("girl, 16, romanian, at the bus station", "her sister is 12", [16, 12]),
    ("girl, 16, romanian, at the bus station", "the boy is 9, he has no shoes", [16, 9]),
    ("girl, 16, romanian, at the bus station", "his little brother, 9, is in the car", [16, 9]),
])
def test_a_child_told_of_later_gets_an_entry_of_its_own(first: str, later: str, ages: list[int]) -> None:
    report = _told(first, later)
    assert _of(report, "age") == ages
    assert presumed_child(report["persons"][1]) is True


def test_a_child_by_word_alone_makes_an_adult_uncertain() -> None:
    report = _told("woman from Nigeria, works in a bar, passport held by the boss", "the girl is very frightened")
    assert presumed_child(report["persons"][0]) is True


@pytest.mark.parametrize(("said", "sex"), [("not a boy, a girl", "female"), ("sorry, a girl not a boy", "female")])
def test_a_sex_is_corrected_by_what_it_is_not(said: str, sex: str) -> None:
    assert _of(_told("boy 15 from Lagos", said), "sex") == [sex]


@pytest.mark.parametrize("said", ["not afraid of going home", "he is not afraid to go back", "not scared to go home"])
def test_a_fear_that_was_told_is_asked_about_when_it_is_denied_later(said: str) -> None:
    report = _told("boy 15 from Lagos, afraid to go back", said)
    assert report["values"]["fear"]["value"] == "fear"
    assert report["reopened"] == "fear"


def test_a_fear_is_taken_back_by_a_correction() -> None:
    report = _told("boy 15 from Lagos, afraid to go back", "wrong, he is not afraid to go back")
    assert report["values"]["fear"]["value"] == "denied" and not report.get("reopened")


@pytest.mark.parametrize("said", ["not injured", "not missing"])
def test_what_only_denies_corrects_nothing(said: str) -> None:
    assert understand(said, DAY, "PT", {})[0] != "correct"


@pytest.mark.parametrize(("first", "later", "nationalities"), [
    ("moldovan girl 15 at the bus station, he keeps her passport",
     "also 2 Bulgarian girls, 13 and 17, came off the same bus with him", ["MD", "BG", "BG"]),
    ("girl 15 at the bus station, an older man keeps her passport",
     "also 2 Bulgarian girls, 13 and 17, came off the same bus with him", [None, "BG", "BG"]),
    ("girl 15 at the bus station, an older man keeps her passport",
     "her sister is 12, both are Bulgarian", ["BG", "BG"]),
])
def test_a_nationality_told_with_new_children_is_theirs(first: str, later: str, nationalities: list[object]) -> None:
    assert _of(_told(first, later), "nationality") == nationalities


def test_other_children_told_of_later_send_no_adult_away() -> None:
    report = _told("girl 15 at the bus station, an older man keeps her passport",
                   "also 2 Bulgarian girls, 13 and 17, came off the same bus")
    assert report["values"]["accompanied"]["value"] == "with_other_adult"
