"""The presumption of childhood in reading: no doubt is read away."""
from __future__ import annotations

from datetime import date

import pytest

from bot.understanding.reader import read

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize("text", [
    "man of 44 from Bulgaria with an infant that is not in his papers",
    "woman 31 brought a schoolgirl to the desk and did all the talking",
    "adult on paper, 22, colleague thinks about 16",
    "woman 19 on the bus, a doll on her knees, the man answers for her",
    "22 on paper, a milk tooth came out at the desk",
    "the 29 year old runs the page, born 2010 it says under the photos",
])
def test_an_adult_beside_any_sign_of_a_child_is_uncertain(text: str) -> None:
    people = read(text, TODAY).people
    assert not people or any(person.child in ("yes", "unclear") for person in people)


@pytest.mark.parametrize("text", [
    "Woman, 27, from Nepal, works 14 hours a day in a laundry without pay",
    "three men in their 30s from Ghana on the trawler",
])
def test_an_adult_without_any_such_sign_stays_an_adult(text: str) -> None:
    assert [person.child for person in read(text, TODAY).people] == ["no"]
