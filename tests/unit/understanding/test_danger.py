"""Danger now is found, danger that is denied or past is not; a wish for a human and a listener are noticed."""

from __future__ import annotations

import pytest

from bot.understanding.danger import cannot_talk, danger, wants_human


@pytest.mark.parametrize(
    "text",
    [
        "pimp is waiting outside in a car",
        "he says he will kill her",
        "the uncle is here and has a knife",
        "she is locked in the bathroom",
        "man has no pulse",
        "girl is unconscious",
        "she wants to kill herself",
        "boy missing since tonight",
        "they are coming to take her now",
        "she is bleeding heavily",
        "he is threatening her",
        "help me now",
        "flight leaves in an hour",
        "keeps telling us she'll jump",
        "says if the film comes out at school she jumps",
        "she has her mums tablets on the bed in front of her",
        "police got him off the railings of the bridge",
        "boy of 4 alone on the window sill, third floor",
        "surgeons are coming, the hernia is strangulated",
    ],
)
def test_danger(text: str) -> None:
    assert danger(text)


@pytest.mark.parametrize(
    "text",
    [
        "boy reported missing friday, located sunday, report cancelled", "needs emergency pill again",
        "she is not locked in", "he has no gun", "the man is not outside", "the boy is not missing",
        "no one in danger right now",
        "he locked her in last year",
        "she is safe now with us",
        "not an emergency",
        "girl 15, no injuries",
        "what is the NFP",
        "two years ago he threatened to kill her",
        "she denies that he is threatening her",
        "boy 14 works in a kitchen",
    ],
)
def test_no_danger(text: str) -> None:
    assert danger(text) == []


@pytest.mark.parametrize(
    "text", ["I want to speak to a human", "real person please", "can someone call me", "put me through to an officer"]
)
def test_wants_human(text: str) -> None:
    assert wants_human(text)


@pytest.mark.parametrize("text", [
    "boys wait for lorries and they jump on at night", "asks if they jump into trucks here",
    "girl 15 alone", "she does not want to talk to anyone", "the officer found her", "are you a real person",
    "are you a robot",
])
def test_wants_no_human(text: str) -> None:
    assert not wants_human(text)


@pytest.mark.parametrize("text", ["she is next to me", "can't talk", "he is listening", "don't call me"])
def test_cannot_talk(text: str) -> None:
    assert cannot_talk(text)


@pytest.mark.parametrize("text", ["boy 15 found at the port", "she keeps looking at the door"])
def test_can_talk(text: str) -> None:
    assert not cannot_talk(text)
