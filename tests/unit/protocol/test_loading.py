"""A broken entry stops the start with its file, line and reason; an answer "yes" stays a text."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.protocol import advice, catalogue, indicators, loading, routes
from bot.protocol.loading import DATA, BrokenData, line_of, load
from bot.setup import check_data

CACHES = (
    catalogue.sources,
    catalogue.fields,
    catalogue.questions,
    catalogue.texts,
    advice.catalogue,
    routes._table,
    indicators.indicators,
)
Break = Callable[[str, str, str], int]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Break]:
    """Change one place of one catalogue in a copy; gives the line on which it stands."""
    copy = tmp_path / "data"
    shutil.copytree(DATA, copy)
    for module in (advice, catalogue, indicators, loading, routes):
        monkeypatch.setattr(module, "DATA", copy)

    def change(name: str, old: str, new: str) -> int:
        content = (copy / name).read_text("utf-8")
        assert old in content, f"{name} has no {old!r} any more"
        (copy / name).write_text(content.replace(old, new, 1), "utf-8")
        for cache in CACHES:
            cache.cache_clear()
        return content[: content.index(old)].count("\n") + 1

    yield change
    monkeypatch.undo()
    for cache in CACHES:
        cache.cache_clear()


def test_the_catalogues_are_sound() -> None:
    assert check_data().endswith("all sound.")


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        # questions.yml
        ("questions.yml", "- id: danger\n  tier: urgent", "- id: danger\n  tier: hasty", "tier.*hasty"),
        ("questions.yml", "- id: danger\n", "- id: account\n", "account: stands here twice"),
        ("questions.yml", "  field: danger\n", "  field: danger_level\n", "field 'danger_level' is not in fields.yml"),
        ("questions.yml", "  unless: [fear]\n", "  unless: [feer]\n", "field 'feer' is not in fields.yml"),
        ("questions.yml", "sets: {danger: no}", "sets: {danger: maybe}", "'maybe' is not a value of 'danger'"),
        ("questions.yml", "sets: {danger: no}", "sets: {dangr: no}", "field 'dangr' is not in fields.yml"),
        ("questions.yml", "sets: {needs: [legal]}", "sets: {needs: [lawyer]}", "lawyer.* is not a value of 'needs'"),
        ("questions.yml", "source: {doc: cycle,", "source: {doc: circle,", "source 'circle' is not in sources.yml"),
        ("questions.yml", "sign: documents.held_by_other", "sign: documents.held", "no such indicator: documents.held"),
        ("questions.yml", "{Is} {child} in danger", "{Are} {kid} in danger", "cannot be filled in: '(Are|kid)'"),
        ("questions.yml", '  short: "Danger now?"', '  short: "Danger {now?"', "cannot be filled in"),
        ("questions.yml", '  short: "Danger now?"', '  short: "Danger?"\n  short: "Now?"', "'short' stands here twice"),
        ("questions.yml", '  why: "Danger changes', '  because: "Danger changes', "why|because"),
        # fields.yml
        ("fields.yml", "kind: phone", "kind: telephone", "telephone"),
        ("fields.yml", "ask: call_back, ", "ask: phone_back, ", "call_back: no such question: phone_back"),
        ("fields.yml", "scope: person, kind: age", "scope: child, kind: age", "scope"),
        # routes.yml
        ("routes.yml", "    route: nrm_adult", "    route: nrm_adults", "nrm_adults"),
        ("routes.yml", "home: [taken_abroad], sign", "home: [taken], sign", "taken"),
        ("routes.yml", "    when: {}", "    when: {child: true}", "the last row must fit everybody"),
        (
            "routes.yml",
            "  - id: child_harmed\n    when: {child: true, sign: false",
            "  - id: child_harmed\n    when: {kid: true, sign: false",
            "kid",
        ),
        (
            "routes.yml",
            'source: {doc: tor, section: "chapter 2, duty 16"}',
            'source: {doc: rot, section: "2"}',
            "taken_abroad: source is not in sources.yml",
        ),
        (
            "routes.yml",
            '{doc: aect, section: "section 3, age',
            '{doc: act, section: "section 3, age',
            "presumed_child: source is not in sources.yml",
        ),
        ("routes.yml", "  may_abscond: {", "  may_run: {", "may_abscond"),
        ("routes.yml", "  consult: A person on duty\n", "", "consult"),
        ("routes.yml", "violence_or_threat, family", "violence, family", "violence"),
        # advice.yml
        (
            "advice.yml",
            "roles: [police, border]",
            "roles: [police, boarder]",
            "separate_police: unknown role or source",
        ),
        ("advice.yml", "  order: 1\n", "  order: first\n", "order"),
        ("advice.yml", "adult_near: true", "adult_nearby: true", "adult_nearby"),
        # texts.yml, sources.yml, indicators.yml
        ("texts.yml", "welcome:", 'emergency: "Twice"\nwelcome:', "'emergency' stands here twice"),
        (
            "texts.yml",
            'duty_line: "Duty desk: {duty_phone}."',
            'duty_line: "Duty desk: {duty_phone."',
            "cannot be filled in",
        ),
        ("texts.yml", 'start_over_yes: "Yes, start afresh"', "start_over_yes: 1", "start_over_yes"),
        ("sources.yml", "aect: ", "aect ", "."),
        ("indicators.yml", "urgency: 1", "urgency: 9", "urgency"),
        ("indicators.yml", "form: general", "form: genral", "form"),
    ],
    ids=lambda value: value.strip()[:30] if isinstance(value, str) else None,
)
def test_a_broken_entry_stops_the_start(broken: Break, name: str, old: str, new: str, reason: str) -> None:
    line = broken(name, old, new)
    with pytest.raises(BrokenData, match=rf"^{name}:\d+: .*(?:{reason})") as stopped:
        check_data()
    # The line named is that of the entry: at most its first line, a few above the value itself.
    named = int(str(stopped.value).split(":")[1])
    assert named == 1 or line - 16 <= named <= line + 3, (named, line)


@pytest.mark.parametrize(
    "name", ["questions.yml", "fields.yml", "routes.yml", "advice.yml", "texts.yml", "sources.yml", "indicators.yml"]
)
def test_a_missing_or_unreadable_catalogue_stops_the_start(broken: Break, name: str, tmp_path: Path) -> None:
    whole = (tmp_path / "data" / name).read_text("utf-8")
    broken(name, whole, whole + "\n  : [")
    with pytest.raises(BrokenData, match=rf"^{name}:\d+: "):
        check_data()
    (tmp_path / "data" / name).unlink()
    with pytest.raises(BrokenData, match=rf"^{name}:1: No such file"):
        check_data()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("NO", "NO"),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("3", 3),
        ('"112"', "112"),
        ("~", None),
    ],
)
def test_only_true_and_false_are_truth_values(tmp_path: Path, written: str, read: object) -> None:
    path = tmp_path / "one.yml"
    path.write_text(
        f"answer: {written}\n{written}: key\n" if isinstance(read, str) else f"answer: {written}\n", "utf-8"
    )
    content = load(path, {})
    assert content["answer"] == read
    assert type(content["answer"]) is type(read)
    if isinstance(read, str):
        assert content[read] == "key"


def test_country_code_of_norway_is_a_text(tmp_path: Path) -> None:
    path = tmp_path / "one.yml"
    path.write_text("codes: [SE, NO, FI]\n", "utf-8")
    assert load(path, {"properties": {"codes": {"items": {"type": "string"}}}})["codes"] == ["SE", "NO", "FI"]


def test_the_line_is_that_of_the_value(tmp_path: Path) -> None:
    path = tmp_path / "one.yml"
    path.write_text("# about\nfirst:\n  - {a: 1}\n  - a: 2\n    b: 3\nsecond: 4\n", "utf-8")
    assert line_of(path, []) == 1
    assert line_of(path, ["first"]) == 2
    assert line_of(path, ["first", 1]) == 4
    assert line_of(path, ["first", 1, "b"]) == 5
    assert line_of(path, ["first", 1, "missing"]) == 4
    assert line_of(path, ["first", 9]) == 2
    assert line_of(path, ["second", "deeper"]) == 6


def test_nothing_but_plain_data_is_read(tmp_path: Path) -> None:
    path = tmp_path / "one.yml"
    path.write_text("a: !!python/object/apply:os.system ['true']\n", "utf-8")
    with pytest.raises(BrokenData, match=r"^one\.yml:1: "):
        load(path, {})


def test_bytes_that_are_no_text_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "one.yml"
    path.write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(BrokenData, match=r"^one\.yml:1: "):
        load(path, {})
