"""With whom somebody is, and what became of the papers."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.understanding.reader import read


def _value(text: str, field: str) -> str | None:
    facts = read(text, dt.date(2026, 11, 21), signs=lambda _: []).facts
    return next((f.value for f in facts if f.field == field and f.status != "denied"), None)


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("boy 14 alone on a bench", "alone"),
        ("unaccompanied girl 16", "alone"),
        ("girl walked into the station", "alone"),
        ("she ran away from her uncle and came to us", "alone"),
        ("girl 12 with her uncle", "with_adult_relative_claimed"),
        ("man says he is the father, girl 6", "with_adult_relative_claimed"),
        ("boy 9 with an unrelated man", "with_other_adult"),
        ("baby with a couple, not her mother", "with_other_adult"),
        ("workers in a farm, boss present", "with_other_adult"),
        ("girl 8 with two brothers", "with_children"),
        ("3 girls 12 14 and 15 and an adult woman 30", "with_other_adult"),
        ("two boys 9 and 11 and a man called us", "with_children"),
        ("brother and sister from Kabul, 10 & 8", "with_children"),
        ("girl 8 and her brother who is 30", "with_adult_relative_claimed"),
        ("talked to the girl alone, she lives with her aunt", "with_adult_relative_claimed"),
    ],
)
def test_company(text: str, company: str) -> None:
    assert _value(text, "accompanied") == company


@pytest.mark.parametrize(
    ("text", "papers"),
    [
        ("girl without papers", "none"),
        ("docs: none, boy 15", "none"),
        ("her passport is held by the boss", "held_by_other"),
        ("boss keeps their ids", "held_by_other"),
        ("No passport, the agency has it", "held_by_other"),
        ("girl, passport is with him", "held_by_other"),
        ("girls 12 and 14 and a woman of 30, she has the passports", "held_by_other"),
        ("girl 15, he is 58 and keeps her passport", "held_by_other"),
        ("girl 15, she keeps her passport herself", "own"),
        ("girl 15 says he has her passport in his car", "held_by_other"),
        ("boy with a forged passport", "false_or_suspect"),
        ("passport does not match the girl", "false_or_suspect"),
        ("woman shows us her passport", "own"),
        ("man 30, valid residence permit", "own"),
        ("boy 13 sells flowers", None),
    ],
)
def test_documents(text: str, papers: str | None) -> None:
    assert _value(text, "documents") == papers


def test_an_age_is_no_part_of_the_place() -> None:
    assert _value("girl 15 at bus station Porto", "place") == "at bus station"
