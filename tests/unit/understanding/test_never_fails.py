"""No message, whatever its characters, makes the reading fail: 2,000 generated ones."""
from __future__ import annotations

import json
import os
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.danger import cannot_talk, danger, wants_human
from bot.understanding.intents import understand

WORDS = st.sampled_from([
    "girl", "boy", "14", "f17", "M/15", "dob", "31/02/2010", "born", "not", "no", "says", "she", "he", "passport",
    "older", "man", "uncle", "from", "Romania", "Benin City", "locked", "in", "?", "can I", "status", "sorry",
    "#danger=yes",
    "help", "now", ",", ".", "-", "\n", "'", '"', "...", "2 girls 13 and 15",
    "km", "€", "nigerain", "🙏", "ñ", "дитина",
])
EXAMPLES = int(os.environ.get("FIRSTLINE_SOAK", "2000"))
MESSAGES = st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=60).map(" ".join))


@settings(max_examples=EXAMPLES, deadline=None)
@given(MESSAGES)
def test_any_text_is_read_into_plain_data(text: str) -> None:
    intent, reading, asked = understand(text, date(2026, 11, 21), "QZ", {})
    assert intent and (asked is None or isinstance(asked, str))
    json.dumps(reading.to_dict())
    danger(text), wants_human(text), cannot_talk(text)
