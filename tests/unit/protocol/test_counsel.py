"""Every answer is complete, fits the case, and never says what must not be said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.protocol.counsel import FEWEST_PHRASINGS, FOLDER, answer_for, counsel
from bot.protocol.loading import BrokenData
from bot.protocol.profile import load_profile
from bot.protocol.report import new_report, put
from bot.protocol.wording import Setting, fill

HERE = "QZ"
FORBIDDEN = [
    r"(?<!do not )(?<!not )\b(call|contact|phone|ring|inform|notify|ask) (the |an? |its |her |his |their )?"
    r"(embassy|consulate)",
    r"nothing to do",
    r"\bno need to (refer|report)",
    r"wait and treat",
    r"treat (them|him|her|the person) as an adult",
    r"wait (until|till|for) (the|your) (next|boss|superior|staff meeting)",
    r"embassy must",
    r"keep the promise",
    r"please (first )?answer",
    r"you must start again",
    r"send (her|him|them) back to (collect|fetch)(?<!do not send)",
    r"yes, (it is|that is)? ?quick",
    r"nobody ever sees",
    r"everything is public",
    r"is now (a |recognised|officially)",
    r"go and talk to (him|her|the man)",
    r"\b(she|he|the child|the person) is (not )?a victim\b",
    r"\bminors?\b",
    r"age test is (needed|required)",
    r"\byes\b[^.]*\bin every case",
    r"must be answered",
]


def about(**values: Any) -> dict[str, Any]:
    report = new_report()
    for field, value in values.items():
        put(report, field, value, source="answer")
    return report


CASES = {
    "nothing yet": about(),
    "child": about(child="yes", age=15),
    "child who fears": about(child="yes", fear="fear"),
    "child settled here": about(child="yes", residence="here"),
    "child in danger": about(child="yes", danger="yes"),
    "unclear age": about(child="unclear", age=[17, 20]),
    "adult": about(child="no", age=25),
    "adult who fears": about(child="no", age=25, fear="asylum"),
    "police": about(child="yes", role="police"),
    "teacher": about(child="yes", role="teacher"),
}
SETTING = Setting(load_profile("default"), True, HERE)


def said(question: str, case: str) -> str:
    return fill(answer_for(question, CASES[case], HERE).say, CASES[case], SETTING)


def test_there_are_sixty_and_more() -> None:
    assert len(counsel()) >= 60


@pytest.mark.parametrize("question", counsel())
def test_every_entry_is_complete(question: str) -> None:
    entry = counsel()[question]
    assert len(entry.title) <= 60
    assert entry.variants and not entry.variants[-1].when
    assert len(set(entry.phrasings)) >= FEWEST_PHRASINGS
    assert all(variant.source for variant in entry.variants)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("question", counsel())
def test_every_case_is_answered_without_a_forbidden_word(question: str, case: str) -> None:
    text = said(question, case)
    assert 60 <= len(text) <= 620
    assert "{" not in text
    assert answer_for(question, CASES[case], HERE).source
    for pattern in FORBIDDEN:
        assert not re.search(pattern, text, re.IGNORECASE), (pattern, text)


def test_no_phrasing_stands_under_two_questions() -> None:
    seen: dict[str, str] = {}
    for entry in counsel().values():
        for phrasing in entry.phrasings:
            assert seen.setdefault(phrasing.lower(), entry.id) == entry.id, phrasing


def test_embassy_differs_when_fear_stands() -> None:
    assert said("embassy", "child") != said("embassy", "child who fears")
    for case in CASES:
        assert said("embassy", case).startswith(("No", "Not"))
    assert "nothing at all goes to that country" in said("embassy", "child who fears")


def test_consent_differs_for_an_adult() -> None:
    assert said("consent_child", "child").startswith("No")
    assert said("consent_child", "adult").startswith("Yes")
    assert "informed consent" in said("consent_child", "adult")


@pytest.mark.parametrize("case", ["nothing yet", "unclear age", "child"])
def test_who_is_not_known_to_be_an_adult_is_answered_as_a_child(case: str) -> None:
    assert said("consent_child", case) == said("consent_child", "child")
    assert said("mandatory", case).startswith("Yes")


def test_one_child_among_adults_is_answered_as_a_child() -> None:
    report = about(child="no", age=30)
    report["persons"].append({"id": "p2", "count": 1, "values": {"age": {"value": 12}}})
    assert answer_for("mandatory", report, HERE).say.startswith("Yes")


def test_only_police_hear_that_they_may_hold_somebody() -> None:
    assert said("hold_man", "police").startswith("Yes")
    assert said("hold_man", "teacher").startswith("No")
    assert not said("hold_man", "child").startswith("Yes")


@pytest.mark.parametrize(
    "question",
    ["trafficker_outside", "drugs_inside", "suicidal", "missing", "human_now", "stop_continue", "head_teacher",
     "boss_permission", "what_now", "hold_man", "online", "hospital", "wants_to_leave"],
)
def test_where_danger_is_the_emergency_number_is_named(question: str) -> None:
    for case in ("nothing yet", "child", "child in danger", "adult", "teacher"):
        assert "112" in said(question, case)


ENTRY = """\
- id: one
  title: "One"
  answers:
    - say: "No. Call {emergency}."
  source: {doc: tor, section: "chapter 4"}
  keys: "one"
  phrasings: |
""" + "".join(f"    phrasing {number}\n" for number in range(FEWEST_PHRASINGS))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("doc: tor", "doc: nobody", "not in sources.yml"),
        ("{emergency}", "{hospital}", "nobody fills in"),
        ("{emergency}", "{emergency", "expected '}'"),
        ("    phrasing 3\n", "", "phrasings"),
        ("    - say:", "    - when: {child: true}\n      say:", "must fit every case"),
        ("    - say:", "    - say: \"Yes.\"\n    - say:", "hides"),
        ("    - say:", "    - when: {roles: [wizard]}\n      say: \"Yes.\"\n    - say:", "role"),
        ("    - say:", "    - when: {wet: true}\n      say: \"Yes.\"\n    - say:", "wet"),
        ('title: "One"', 'title: "' + "x" * 61 + '"', "title"),
    ],
)
def test_a_broken_entry_names_file_line_and_reason(tmp_path: Path, old: str, new: str, reason: str) -> None:
    (tmp_path / "topic.yml").write_text(ENTRY.replace(old, new), "utf-8")
    with pytest.raises(BrokenData, match=rf"topic\.yml:\d+: .*{reason}"):
        counsel(tmp_path)


def test_a_question_cannot_stand_twice(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(ENTRY, "utf-8")
    (tmp_path / "b.yml").write_text(ENTRY, "utf-8")
    with pytest.raises(BrokenData, match=r"b\.yml:1: one: stands here twice"):
        counsel(tmp_path)


def test_an_empty_folder_is_broken(tmp_path: Path) -> None:
    with pytest.raises(BrokenData, match="holds no answers"):
        counsel(tmp_path)


def test_the_folder_is_the_one_in_the_package() -> None:
    assert FOLDER.is_dir() and list(FOLDER.glob("*.yml"))
