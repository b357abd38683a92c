"""The catalogues of fields, questions, sources and texts, checked against each other when loaded."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.protocol.loading import DATA, SOURCE, TEXT, BrokenData, line_of, load

OPEN_ANSWERS = {"unknown": "I don't know", "not_yet": "Not yet", "not_safe": "Not safe now"}
"""Answers that every question takes."""

OPEN_STATES = {"unknown": "not known", "not_yet": "not yet known", "not_safe": "not safe to ask now"}
"""The same in a record."""

_FIELDS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "required": ["scope", "kind", "section", "label", "ask"],
        "properties": {
            "scope": {"enum": ["report", "person"]},
            "kind": {"enum": ["choice", "age", "date", "country", "countries", "text", "phone", "list"]},
            "section": TEXT,
            "label": TEXT,
            "ask": TEXT,
            "values": {"type": "object", "minProperties": 1, "additionalProperties": TEXT},
            "private": {"const": True},
            "common": {"const": True},
            "found_by": {"enum": ["name", "born", "phone", "caller", "plate"]},
        },
    },
}
_QUESTIONS = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "tier", "kind", "field", "ask", "short", "why", "source"],
        "properties": {
            "id": TEXT,
            "tier": {"enum": ["urgent", "referral", "full"]},
            "kind": {"enum": ["choice", "age", "country", "countries", "text", "phone", "list", "home", "signs",
                              "free_text"]},
            "field": {"type": ["string", "null"]},
            "unless": {"type": "array", "items": TEXT},
            "only": {"type": "array", "items": {"enum": ["no_signs", "child", "adult", "doubted", "fear",
                                                         "family_claimed"]}},
            "each": {"const": True},
            "keeps_text_in": TEXT,
            "even_in_danger": {"const": True},
            "ask": TEXT,
            "short": {"type": "string", "maxLength": 40},
            "why": TEXT,
            "source": SOURCE,
            "options": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["key", "title"],
                    "properties": {
                        "key": {"type": "string", "pattern": "^[a-z0-9_]+$"},
                        "title": {"type": "string", "maxLength": 40},
                        "sets": {"type": "object", "minProperties": 1},
                        "sign": TEXT,
                        "none": {"const": True},
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Field:
    """One thing that a report can hold; `values` is empty where any text may stand.

    A `private` one is never said in a chat, and hidden at the desk. A `common` one says nothing of a single person, so
    that whoever may read of one of them may read it. `found_by` says what its value is found by.
    """

    id: str
    scope: str
    kind: str
    section: str
    label: str
    ask: str
    values: dict[str, str]
    private: bool
    common: bool
    found_by: str | None


@dataclass(frozen=True)
class Option:
    """One tap reply: what it stores, or the sign that it confirms; `none` says that no sign was seen."""

    key: str
    title: str
    sets: dict[str, Any]
    sign: str | None
    none: bool


@dataclass(frozen=True)
class Question:
    """One question of the agenda with its reason and source."""

    id: str
    tier: str
    kind: str
    field: str | None
    ask: str
    short: str
    why: str
    source: str
    unless: tuple[str, ...]
    only: tuple[str, ...]
    keeps_text_in: str | None
    even_in_danger: bool
    each: bool
    options: tuple[Option, ...]


@lru_cache(maxsize=1)
def sources() -> dict[str, str]:
    """Give the titles of the source documents by their key."""
    return dict(load(DATA / "sources.yml", {"type": "object", "additionalProperties": TEXT}))


def cite(source: dict[str, str]) -> str:
    """Write a source as people cite it: title and section."""
    title = sources().get(source["doc"], source["doc"])
    return f"{title}, {source['section']}"


@lru_cache(maxsize=1)
def fields() -> dict[str, Field]:
    """Give the fields of a report by id."""
    data = load(DATA / "fields.yml", _FIELDS)
    return {
        key: Field(key, e["scope"], e["kind"], e["section"], e["label"], e["ask"], e.get("values", {}),
                   e.get("private", False), e.get("common", False), e.get("found_by"))
        for key, e in data.items()
    }


@lru_cache(maxsize=1)
def questions() -> dict[str, Question]:
    """Give the agenda's questions by id, most urgent first.

    Raises:
        BrokenData: a question names a field, value or source that does not exist.
    """
    path = DATA / "questions.yml"
    found: dict[str, Question] = {}
    for position, entry in enumerate(load(path, _QUESTIONS)):
        reason = _wrong_with(entry, found)
        if reason:
            raise BrokenData(path, line_of(path, [position]), f"{entry['id']}: {reason}")
        found[entry["id"]] = Question(
            id=entry["id"],
            tier=entry["tier"],
            kind=entry["kind"],
            field=entry["field"],
            ask=entry["ask"],
            short=entry["short"],
            why=entry["why"],
            source=cite(entry["source"]),
            unless=tuple(entry.get("unless", ())),
            only=tuple(entry.get("only", ())),
            keeps_text_in=entry.get("keeps_text_in"),
            even_in_danger=entry.get("even_in_danger", False),
            each=entry.get("each", False),
            options=tuple(
                Option(o["key"], o["title"], o.get("sets", {}), o.get("sign"), o.get("none", False))
                for o in entry.get("options", ())
            ),
        )
    return found


def _wrong_with(entry: dict[str, Any], before: dict[str, Question]) -> str | None:
    if entry["id"] in before:
        return "stands here twice"
    if entry["source"]["doc"] not in sources():
        return f"source '{entry['source']['doc']}' is not in sources.yml"
    named = [entry["field"], entry.get("keeps_text_in"), *entry.get("unless", ())]
    for name in named:
        if name is not None and name not in fields():
            return f"field '{name}' is not in fields.yml"
    for option in entry.get("options", ()):
        for name, value in option.get("sets", {}).items():
            if name not in fields():
                return f"field '{name}' is not in fields.yml"
            allowed = fields()[name].values
            values = value if isinstance(value, list) and fields()[name].kind == "list" else [value]
            if allowed and any(v not in allowed for v in values):
                return f"'{value}' is not a value of '{name}'"
    return None


@lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    """Give the assistant's sentences by id; braces stand for what is filled in."""
    return dict(load(DATA / "texts.yml", {"type": "object", "additionalProperties": TEXT}))


@lru_cache(maxsize=1)
def tongues() -> dict[str, str]:
    """Give the short answers in languages that are not read here, by ISO 639-1 code."""
    return dict(load(DATA / "tongues.yml", {"type": "object", "additionalProperties": TEXT, "propertyNames": {
        "pattern": "^[a-z]{2}$"}}))


def text(key: str, **values: Any) -> str:
    """Fill in one of the assistant's sentences.

    Args:
        key: its id in texts.yml.
        values: what stands for the braces.

    Returns:
        The sentence.
    """
    return texts()[key].format(**values)
