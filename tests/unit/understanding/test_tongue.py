"""Messages in other languages: recognised, and answered in a language only where that is sure."""
from __future__ import annotations

import pytest

from bot.protocol.catalogue import tongues
from bot.understanding.tongue import tongue

KNOWN = frozenset(tongues())


@pytest.mark.parametrize(("text", "code"), [
    ("بنت عمرها 14 سنة في محطة الحافلات مع رجل كبير", "ar"),
    ("une fille de quatorze ans à la gare avec un homme âgé", "fr"),
    ("Mädchen, 15, am Bahnhof mit einem älteren Mann", "de"),
    ("dziewczynka 14 lat stoi sama na dworcu", "pl"),
    ("girl of 14 at the bus station with an older man", None),
    ("qwx zzk ppl", None),
])
def test_the_language_of_a_message(text: str, code: str | None) -> None:
    assert tongue(text, KNOWN) == code


def test_every_short_answer_gives_both_numbers() -> None:
    for words in tongues().values():
        assert "{emergency}" in words and "{duty_phone}" in words
