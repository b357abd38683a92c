"""The answers to what responders ask in the middle of a referral: fitted to the case, each with its source.

One file per topic in `data/answers/`, each a list of entries: `id`; `title`, as a tap reply shows it; `answers`, of
which the first whose `when` holds is said (conditions as in advice.yml, the last variant has none); `source`; `keys`,
words that point to the question; and `phrasings`, one a line: from both `bot.understanding.questions` learns.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from bot.protocol.advice import facts_of
from bot.protocol.catalogue import cite, fields, sources
from bot.protocol.loading import DATA, SOURCE, TEXT, BrokenData, line_of, load
from bot.protocol.report import Data
from bot.protocol.routes import presumed_child

FOLDER = DATA / "answers"
PLACEHOLDERS = frozenset(
    {"child", "Child", "emergency", "duty_phone", "child_protection_name", "child_protection_phone", "is", "Is", "Has",
     "does", "was", "were"}
)
"""What may stand in braces: that which `bot.protocol.wording.fill` fills in."""

FEWEST_PHRASINGS = 12
_FACTS = ("child", "adult_near", "missing", "danger", "hurt", "offence", "fear", "settled", "age_unsure", "signs")
_SCHEMA: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "title", "answers", "source", "keys", "phrasings"],
        "properties": {
            "id": {"type": "string", "pattern": "^[a-z0-9_]+$"},
            "title": {"type": "string", "minLength": 1, "maxLength": 60},
            "answers": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["say"],
                    "properties": {
                        "when": {
                            "type": "object",
                            "additionalProperties": False,
                            "minProperties": 1,
                            "properties": {
                                **{fact: {"type": "boolean"} for fact in _FACTS},
                                "roles": {"type": "array", "minItems": 1, "items": TEXT},
                            },
                        },
                        "say": TEXT,
                        "source": SOURCE,
                    },
                },
            },
            "source": SOURCE,
            "keys": TEXT,
            "phrasings": TEXT,
        },
    },
}


@dataclass(frozen=True)
class Variant:
    """One wording of an answer and the facts under which it is the right one."""

    when: dict[str, Any]
    say: str
    source: str


@dataclass(frozen=True)
class Entry:
    """One question that responders ask: its answers, words that point to it, and how people word it."""

    id: str
    title: str
    variants: tuple[Variant, ...]
    keys: str
    phrasings: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What is said in this case, with its source; braces are filled in by `bot.protocol.wording.fill`."""

    say: str
    source: str


@lru_cache(maxsize=4)
def counsel(folder: Path = FOLDER) -> dict[str, Entry]:
    """Give all questions with their answers by id.

    Args:
        folder: where the topics' files are.

    Returns:
        The entries in the order of the files' names.

    Raises:
        BrokenData: an entry is broken, stands twice, names a role, source or brace that does not exist, has no
            answer for every case, or has too few phrasings.
    """
    found: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.yml")):
        for position, entry in enumerate(load(path, _SCHEMA)):
            phrasings = tuple(line.strip() for line in entry["phrasings"].splitlines() if line.strip())
            reason = "stands here twice" if entry["id"] in found else _wrong_with(entry, phrasings)
            if reason:
                raise BrokenData(path, line_of(path, [position]), f"{entry['id']}: {reason}")
            variants = tuple(
                Variant(v.get("when", {}), v["say"], cite(v.get("source", entry["source"]))) for v in entry["answers"]
            )
            found[entry["id"]] = Entry(entry["id"], entry["title"], variants, entry["keys"], phrasings)
    if not found:
        raise BrokenData(folder, 1, "holds no answers")
    return found


def _wrong_with(entry: dict[str, Any], phrasings: tuple[str, ...]) -> str | None:
    *fitted, last = entry["answers"]
    if "when" in last:
        return "the last answer must fit every case"
    if any("when" not in variant for variant in fitted):
        return "an answer without conditions hides those after it"
    roles = {*fields()["role"].values, "unknown"}
    for variant in entry["answers"]:
        if not set(variant.get("when", {}).get("roles", ())) <= roles:
            return "names a role that is not in fields.yml"
        try:
            names = {name for _, name, _, _ in Formatter().parse(variant["say"]) if name is not None}
        except ValueError as error:
            return str(error)
        if not names <= PLACEHOLDERS:
            return f"nobody fills in {sorted(names - PLACEHOLDERS)}"
    for source in [entry["source"], *(v["source"] for v in entry["answers"] if "source" in v)]:
        if source["doc"] not in sources():
            return f"source '{source['doc']}' is not in sources.yml"
    if len(set(phrasings)) < FEWEST_PHRASINGS:
        return f"has {len(set(phrasings))} phrasings, {FEWEST_PHRASINGS} are needed"
    return None


def answer_for(question: str, report: Data, here: str) -> Answer:
    """Choose the answer that fits the case at hand.

    Args:
        question: id of an entry.
        report: the report so far; an empty one is answered as for a child.
        here: ISO code of the country of the case.

    Returns:
        The first variant whose conditions hold.

    Raises:
        KeyError: there is no such question.
    """
    facts = facts_of(report, here)
    # Advice waits until a person was spoken of; an answer cannot, so whoever is not known to be an adult is a child.
    facts["child"] = not report["persons"] or any(presumed_child(p) is not False for p in report["persons"])
    variant = next(v for v in counsel()[question].variants if _holds(v.when, facts))
    return Answer(variant.say, variant.source)


def _holds(when: dict[str, Any], facts: dict[str, Any]) -> bool:
    return all(facts["role"] in want if key == "roles" else facts[key] == want for key, want in when.items())
