"""What is denied is never asserted, what is doubted is marked, and what only looks like a denial stays."""

from __future__ import annotations

import pytest

from bot.understanding.negation import clauses, status


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("no wounds seen", "wounds", "denied"),
        ("kid denies violence, threats and debt", "debt", "denied"),
        ("nobody threatened him", "threatened", "denied"),
        ("no phone, cash or luggage", "luggage", "denied"),
        ("hunger: none", "hunger", "denied"),
        ("debt? no. own flat", "debt", "denied"),
        ("pas de violence", "violence", "denied"),
        ("I don't think he was hit", "hit", "denied"),
        ("beatings were not reported", "beatings", "denied"),
        ("no luggage, burns on both hands", "burns", "stated"),
        ("not hungry but has burns", "burns", "stated"),
        ("no doubt that he was hit", "hit", "stated"),
        ("not only hit but starved", "starved", "stated"),
        ("does not attend class and scrubs floors", "scrubs", "stated"),
        ("the phone no. is known. hit twice", "hit", "stated"),
        ("maybe Serbian", "Serbian", "hedged"),
        ("Serbian, we suppose", "Serbian", "hedged"),
        ("Serbian?", "Serbian", "hedged"),
        ("stepfather (so he says) waits", "stepfather", "hedged"),
        ("claims to be her stepfather", "stepfather", "hedged"),
        ("we do not know who hit him", "hit", "hedged"),
        ("cannot rule out begging", "begging", "hedged"),
        ("says he was hit", "hit", "stated"),
    ],
)
def test_status(text: str, words: str, expected: str) -> None:
    start = text.index(words)
    assert status(text, start, start + len(words)) == expected


def test_cue_inside_the_words_does_not_deny_them() -> None:
    text = "she is not allowed out"
    assert status(text, text.index("not"), len(text)) == "stated"


def test_clauses_point_at_their_words() -> None:
    text = "No food, boy 9 - approx. 2 weeks here, but calm. No. 12 at 02.10; ok"
    found = clauses(text)
    assert [clause.text for clause in found] == [
        "No food",
        "boy 9",
        "approx. 2 weeks here",
        "but calm",
        "No. 12 at 02.10",
        "ok",
    ]
    assert all(text[clause.start : clause.end] == clause.text for clause in found)
