"""The catalogues as they are: every question with reason and source, every text fillable, the field's own words."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
import yaml

from bot.protocol.advice import catalogue
from bot.protocol.catalogue import fields, questions, sources, texts
from bot.protocol.indicators import indicators
from bot.protocol.loading import DATA
from bot.protocol.report import Data
from bot.protocol.routes import _table
from bot.protocol.wording import fill, whom
from tests.protocol_cases import CASES, SETTING

FILLED = {
    "child",
    "Child",
    "is",
    "Is",
    "Has",
    "does",
    "was",
    "emergency",
    "duty_phone",
    "child_protection_name",
    "child_protection_phone",
}
"""Placeholders that `fill` knows by itself."""
MORE = {
    "words",
    "title",
    "because",
    "source",
    "number",
    "countries",
    "which",
    "minutes",
    "closed",
    "labels",
    "count",
    "reference",
    "receiver",
    "phone",
    "label",
    "name",
    "when",
    "decision",
    "organisation",
    "state",
    "country",
    "profile",
    "why",
    "who",
    "limit",
}
"""Placeholders that whoever says a text hands over."""

_SAID = {
    **{f"texts.{key}": text for key, text in texts().items()},
    **{f"questions.{q.id}.ask": q.ask for q in questions().values()},
    **{f"questions.{q.id}.short": q.short for q in questions().values()},
    **{f"advice.{a.id}": a.say for a in catalogue()},
}
_READ = {
    **_SAID,
    **{f"questions.{q.id}.why": q.why for q in questions().values()},
    **{f"questions.{q.id}.{o.key}": o.title for q in questions().values() for o in q.options},
    **{f"fields.{f.id}": " ".join([f.label, *f.values.values()]) for f in fields().values()},
    **{f"routes.{row['id']}": row["because"] for row in _table()["rows"]},
    **{f"routes.{name}": rule["text"] for name, rule in _table()["rules"].items()},
    **{f"routes.title.{name}": title for name, title in _table()["titles"].items()},
    **{f"indicators.{i.id}": f"{i.label} {i.practice}" for i in indicators().values()},
}


def braces(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("question", list(questions().values()), ids=lambda q: q.id)
def test_every_question_has_a_reason_and_a_source(question: Any) -> None:
    assert question.why.endswith(".") and len(question.why) > 20
    assert any(question.source.startswith(f"{title}, ") for title in sources().values())
    assert question.source.split(", ", 1)[1]
    assert question.ask.rstrip()[-1] in "?.!"


@pytest.mark.parametrize("who", CASES)
@pytest.mark.parametrize("key", _SAID)
def test_every_placeholder_can_be_filled(key: str, who: str) -> None:
    assert braces(_SAID[key]) <= FILLED | MORE, key
    said = fill(_SAID[key], CASES[who], SETTING, **{name: "x" for name in MORE & braces(_SAID[key])})
    assert "{" not in said and "}" not in said
    assert not re.search(r"\bthe children (?:is|has|was|does)\b|\b(?:Is|Has|does|was) the children\b", said), said
    assert not re.search(
        r"\bthe (?:child|person) (?:are|have|were|do)\b|\b(?:Are|Have) the (?:child|person)\b", said
    ), said


@pytest.mark.parametrize("key", [k for k in _SAID if k.startswith(("questions.", "advice."))])
def test_questions_and_advice_need_nothing_but_the_case(key: str) -> None:
    assert braces(_SAID[key]) <= FILLED


@pytest.mark.parametrize(
    ("who", "called"),
    [
        ("one child", "the child"),
        ("several children", "the children"),
        ("children apart", "the children"),
        ("an adult", "the person"),
        ("nobody", "the child"),
    ],
)
def test_whom_a_text_speaks_of(who: str, called: str) -> None:
    assert whom(CASES[who]) == called


@pytest.mark.parametrize("key", _READ)
def test_the_words_are_those_of_the_field(key: str) -> None:
    low = _READ[key].lower()
    assert not re.search(r"\bminors?\b|\bunderage\b|\billegal (?:migrant|immigrant|alien)s?\b|\bprostitutes?\b", low)
    # Nobody is told that somebody is, or is not, a victim.
    assert not re.search(
        r"\b(?:is|are|isn't|aren't|was|were) (?:not |no |clearly |definitely )?(?:a |the )?"
        r"(?:real |true |trafficking )?victims?\b",
        low,
    )


def test_identifying_detail_is_never_asked() -> None:
    for question in questions().values():
        for words in (question.ask, question.short):
            low = words.lower()
            for asked in (
                "full name",
                "surname",
                "what is the name",
                "date of birth",
                "birth date",
                "exact address",
                "street",
                "photo",
            ):
                assert asked not in low, question.id
    assert "leave out names" in questions()["account"].ask
    assert "No address" in questions()["place"].ask


@pytest.mark.parametrize("question", list(questions().values()), ids=lambda q: q.id)
def test_the_discreet_form_is_short(question: Any) -> None:
    assert len(question.short.split()) <= 7
    assert "traffick" not in question.short.lower() and "victim" not in question.short.lower()


def test_every_line_of_a_record_can_be_changed() -> None:
    for field in fields().values():
        assert field.ask in questions(), field.id


def test_every_sign_of_a_question_is_in_the_catalogue() -> None:
    assert {o.sign for q in questions().values() for o in q.options if o.sign} <= set(indicators())


@pytest.mark.parametrize("name", ["texts.yml", "sources.yml"])
def test_every_entry_is_a_text(name: str) -> None:
    entries: Data = yaml.safe_load((DATA / name).read_text("utf-8"))
    assert all(isinstance(entry, str) and entry.strip() for entry in entries.values())
