"""Scores the reading of the example cases, fact by fact; for development, its figures are no promise."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from bot.understanding.reader import read  # noqa: E402
from bot.understanding.reading import Fact, Reading  # noqa: E402

CASES = ROOT.parent / "shared" / "examples" / "cases.jsonl"
TODAY = dt.date(2026, 11, 21)
FIELDS = (
    "child",
    "age",
    "gender",
    "nationality",
    "non_national",
    "accompanied",
    "documents",
    "asylum_or_fear_of_return",
    "immediate_danger",
    "missing_child",
    "exploitation",
)
EMPTY = (None, "unknown", False, [], ["unknown"])


def assess(reading: Reading) -> dict[str, Any]:
    """Derive the fields of an example from a reading, simply."""

    def best(name: str) -> Fact | None:
        listed = [fact for fact in reading.facts if fact.field == name and fact.status != "denied"]
        return next((f for f in listed if f.status == "stated"), listed[0] if listed else None)

    def value(name: str) -> Any:
        fact = best(name)
        return fact.value if fact else None

    first = reading.people[0] if reading.people else None
    nations = sorted({fact.value for fact in reading.facts if fact.field == "nationality" and fact.status != "denied"})
    country, lives = value("country"), value("residence")
    foreign = "unknown"
    if nations:
        foreign = "no" if country in nations or (lives == "here" and country is None) else "yes"
    elif lives:
        foreign = "no" if lives == "here" else "yes"
    return {
        "child": (first.child if first else None) or "unclear",
        "age": first.age if first else None,
        "gender": (first.sex if first else None) or "unknown",
        "nationality": nations[0] if len(nations) == 1 else None,
        "non_national": foreign,
        "accompanied": value("accompanied") or "unknown",
        "documents": value("documents") or "unknown",
        "asylum_or_fear_of_return": value("fear") in ("asylum", "fear"),
        "immediate_danger": value("danger") is True,
        "missing_child": value("missing") == "now",
        "exploitation": sorted({f.value for f in reading.facts if f.field == "exploitation" and f.status != "denied"}),
    }


def main() -> None:
    """Print precision, recall and F1 per field, and with -v every difference."""
    if not CASES.exists():
        sys.exit(f"{CASES} is not there")
    counts: dict[str, Counter[str]] = {name: Counter() for name in FIELDS}
    for line in CASES.read_text("utf-8").splitlines():
        case = json.loads(line)
        if case["gold"]["expected_route"] == "out_of_scope":
            continue
        got = assess(read("\n".join(case["messages"]), TODAY, signs=lambda _: []))
        for name in FIELDS:
            wanted = case["gold"][name]
            right = [wanted, *case["alt"].get(name, [])]
            ours = got[name]
            if name == "exploitation":
                right = [sorted(value) if value != ["unknown"] else [] for value in right]
            fits = ours in right
            counts[name]["right" if fits else "wrong"] += 1
            counts[name]["tp"] += fits and ours not in EMPTY
            counts[name]["fp"] += not fits and ours not in EMPTY
            counts[name]["fn"] += not fits and wanted not in EMPTY
            if not fits and "-v" in sys.argv:
                print(f"{case['id']} {name}: {ours!r} instead of {right!r}")
    for name, seen in counts.items():
        precision, recall = (seen["tp"] / max(1, seen["tp"] + seen[other]) for other in ("fp", "fn"))
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        total = seen["right"] + seen["wrong"]
        print(f"{name:26} P {precision:.2f} R {recall:.2f} F1 {f1:.2f}  right {seen['right']}/{total}")


if __name__ == "__main__":
    main()
