"""The catalogue of indicators: complete, coherent, and refused with file and line where an entry is broken."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.protocol.indicators import ASSESSMENT_GROUPS, DIMENSIONS, FORMS, GROUPS, indicators, load_indicators
from bot.protocol.loading import DATA, BrokenData

ENTRY = """\
indicators:
  - id: control.example
    group: control
    label: 'An example'
    practice: 'Something to see.'
    dimension: means
    form: general
    child_specific: false
    urgency: 1
    assessment: []
    source: {title: 'A book', section: 'part 1'}
"""


def test_every_group_has_several_indicators() -> None:
    for group in GROUPS:
        assert sum(entry.group == group for entry in indicators().values()) >= 3, group


def test_every_assessment_group_is_reached() -> None:
    assert {name for entry in indicators().values() for name in entry.assessment} == ASSESSMENT_GROUPS


def test_values_come_from_the_closed_sets() -> None:
    for key, entry in indicators().items():
        assert key == entry.id
        assert key.startswith(f"{entry.group}.")
        assert entry.dimension in DIMENSIONS
        assert entry.form in FORMS
        assert 0 <= entry.urgency <= 3
        assert entry.source.project or entry.source.section


def test_the_questions_offer_only_known_indicators() -> None:
    questions = yaml.safe_load((DATA / "questions.yml").read_text("utf-8"))
    named = [o["sign"] for q in _dicts(questions) for o in q.get("options", []) if isinstance(o, dict) and "sign" in o]
    assert named
    assert set(named) <= set(indicators())


def _dicts(value: object) -> list[dict[str, list[object]]]:
    if isinstance(value, dict):
        return [value, *(found for part in value.values() for found in _dicts(part))]
    if isinstance(value, list):
        return [found for part in value for found in _dicts(part)]
    return []


def test_a_good_entry_is_read(tmp_path: Path) -> None:
    path = tmp_path / "indicators.yml"
    path.write_text(ENTRY, "utf-8")
    assert load_indicators(path)["control.example"].source.section == "part 1"


@pytest.mark.parametrize(
    ("good", "broken", "line"),
    [
        ("urgency: 1", "urgency: 4", 9),
        ("dimension: means", "dimension: guess", 6),
        ("assessment: []", "assessment: [unheard_of]", 10),
        ("id: control.example", "id: documents.example", 2),
        ("    label: 'An example'\n", "", 2),
        ("source: {title: 'A book', section: 'part 1'}", "source: {title: 'A book'}", 11),
    ],
)
def test_a_broken_entry_names_file_and_line(tmp_path: Path, good: str, broken: str, line: int) -> None:
    path = tmp_path / "indicators.yml"
    path.write_text(ENTRY.replace(good, broken), "utf-8")
    with pytest.raises(BrokenData, match=rf"^indicators\.yml:{line}: "):
        load_indicators(path)


def test_an_id_written_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "indicators.yml"
    path.write_text(ENTRY + ENTRY.removeprefix("indicators:\n"), "utf-8")
    with pytest.raises(BrokenData, match=r"^indicators\.yml:12: .*twice"):
        load_indicators(path)
