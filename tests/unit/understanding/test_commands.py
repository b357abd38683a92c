"""What steers the chat, told from what only looks so."""
from __future__ import annotations

from datetime import date

import pytest

from bot.understanding.intents import understand

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(("text", "intent"), [
    ("im the girl. i am 16", "victim"),
    ("its me, im 15", "victim"),
    ("i am 16 and he makes me work", "victim"),
    ("I am the girl's teacher, she is 14 and Romanian", "inform"),
    ("I want to pick her up, i am her uncle", "controller"),
    ("can I pick him up? I am his father", "controller"),
    ("real person please", "human"),
])
def test_who_writes(text: str, intent: str) -> None:
    assert understand(text, TODAY, None, {})[0] == intent


@pytest.mark.parametrize(("text", "answer"), [
    ("can father come pick him up he's already on the way", "adult_takes_child"),
    ("are you a robot", "machine"),
])
def test_a_responders_question_is_answered(text: str, answer: str) -> None:
    intent, _, asked = understand(text, TODAY, None, {})
    assert (intent in ("ask", "inform"), asked) == (True, answer)
