"""The coded indicators: what a responder may see or hear that points to trafficking, each with its source."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.protocol.loading import DATA, BrokenData, line_of, load

GROUPS = (
    "general",
    "child_specific",
    "recruitment_movement",
    "control",
    "documents",
    "accompaniment",
    "border_travel",
    "online",
    "sexual",
    "labour",
    "domestic_servitude",
    "begging",
    "criminality",
    "forced_marriage",
    "adoption_surrogacy_organs",
    "armed_conflict",
    "risk_group",
)
"""Groups of the catalogue, in the order in which a checklist shows them."""

DIMENSIONS = ("act", "means", "purpose", "vulnerability", "presentation")
"""Parts of the definition that an indicator speaks to; for a child, act and purpose are enough (Cycle 2.1b)."""

FORMS = (
    "general",
    "sexual",
    "labour",
    "domestic_servitude",
    "begging",
    "criminality",
    "forced_marriage",
    "illegal_adoption",
    "surrogacy",
    "organ_removal",
    "armed_conflict",
    "benefit_fraud",
)
"""Forms of exploitation; `general` where an indicator points to none in particular."""

ASSESSMENT_GROUPS = frozenset(
    {
        "recruitment_deception",
        "movement_control",
        "restricted_freedom",
        "document_control",
        "violence_or_threat",
        "debt_bondage",
        "coached_or_fearful_story",
        "adult_speaks_for_person",
        "unclear_relationship",
        "signs_of_injury_or_neglect",
        "inappropriate_work_or_hours",
        "no_or_little_pay",
        "living_at_workplace",
        "unexplained_money_goods_phone",
        "online_grooming",
        "multiple_children_one_adult",
        "repeated_missing_or_runaway",
        "school_absence",
        "third_party_paid_travel",
        "isolation_language",
        "psychological_abuse",
        "substance_use",
        "family_involved",
    }
)
"""The closed set of coarse groups in which understanding is assessed."""

_TEXT = {"type": "string", "minLength": 3}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["indicators"],
    "additionalProperties": False,
    "properties": {
        "indicators": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": [
                    "id",
                    "group",
                    "label",
                    "practice",
                    "dimension",
                    "form",
                    "child_specific",
                    "urgency",
                    "assessment",
                    "source",
                ],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string", "pattern": r"^[a-z_]+\.[a-z_]+$"},
                    "group": {"enum": list(GROUPS)},
                    "label": {"type": "string", "minLength": 3, "maxLength": 70},
                    "practice": _TEXT,
                    "dimension": {"enum": list(DIMENSIONS)},
                    "form": {"enum": list(FORMS)},
                    "child_specific": {"type": "boolean"},
                    "urgency": {"type": "integer", "minimum": 0, "maximum": 3},
                    "assessment": {
                        "type": "array",
                        "uniqueItems": True,
                        "items": {"enum": sorted(ASSESSMENT_GROUPS)},
                    },
                    "source": {
                        "oneOf": [
                            {
                                "type": "object",
                                "required": ["title", "section"],
                                "additionalProperties": False,
                                "properties": {"title": _TEXT, "section": _TEXT},
                            },
                            {
                                "type": "object",
                                "required": ["project", "note"],
                                "additionalProperties": False,
                                "properties": {"project": {"const": True}, "note": _TEXT},
                            },
                        ]
                    },
                },
            },
        }
    },
}
"""What `data/indicators.yml` must look like (JSON Schema 2020-12)."""


@dataclass(frozen=True)
class Source:
    """Where an indicator comes from.

    Args:
        title: title of the document, or "" where the entry is the project's own.
        section: place in that document, or "" likewise.
        note: for the project's own entries, why it is there.
    """

    title: str = ""
    section: str = ""
    note: str = ""

    @property
    def project(self) -> bool:
        """True where the entry rests on the project's judgement and not on a checked source."""
        return not self.title


@dataclass(frozen=True)
class Indicator:
    """One coded indicator.

    Args:
        id: group and name, such as `documents.held_by_other`.
        group: one of `GROUPS`.
        label: short wording for an officer.
        practice: what it looks like in practice, one sentence.
        dimension: one of `DIMENSIONS`.
        form: one of `FORMS`.
        child_specific: True where it means something for a child only.
        urgency: 0 (none) to 3 (now); hastens, never clears.
        assessment: the members of `ASSESSMENT_GROUPS` that it counts for, possibly none.
        source: where it comes from.
    """

    id: str
    group: str
    label: str
    practice: str
    dimension: str
    form: str
    child_specific: bool
    urgency: int
    assessment: tuple[str, ...]
    source: Source


def load_indicators(path: Path) -> dict[str, Indicator]:
    """Read a catalogue of indicators.

    Args:
        path: the YAML file.

    Returns:
        The indicators by id, in the order of the file.

    Raises:
        BrokenData: the file breaks the schema, an id stands twice, or an id does not begin with its group.
    """
    found: dict[str, Indicator] = {}
    for position, entry in enumerate(load(path, SCHEMA)["indicators"]):
        key, group = entry["id"], entry["group"]
        line_at: list[str | int] = ["indicators", position, "id"]
        if key in found:
            raise BrokenData(path, line_of(path, line_at), f"id '{key}' stands here twice")
        if not key.startswith(f"{group}."):
            raise BrokenData(path, line_of(path, line_at), f"id '{key}' does not begin with its group '{group}'")
        source = {name: value for name, value in entry["source"].items() if name != "project"}
        found[key] = Indicator(
            **{**entry, "assessment": tuple(entry["assessment"]), "source": Source(**source)},
        )
    return found


@lru_cache(maxsize=1)
def indicators() -> dict[str, Indicator]:
    """Give the catalogue of this project.

    Returns:
        The indicators by id, in the order of `data/indicators.yml`; read once, so treat it as read-only.

    Raises:
        BrokenData: the file is not what it must be.
    """
    return load_indicators(DATA / "indicators.yml")
