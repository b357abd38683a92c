"""Scores the signs found in the example cases: precision, recall and F1 for each assessment group and in all.

Usage: python tools/score_signs.py [cases.jsonl] [-v]
"""
from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from bot.protocol.indicators import indicators
from bot.understanding.signs import find_signs

CASES = Path(__file__).parents[2] / "shared" / "examples" / "cases.jsonl"


def groups(messages: list[str]) -> dict[str, str]:
    """Give the assessment groups that messages speak of, denied ones left out, each with the words found."""
    found: dict[str, str] = {}
    for message in messages:
        for sign in find_signs(message):
            if sign.seen != "denied":
                for group in indicators()[sign.id].assessment:
                    found.setdefault(group, f"{sign.words} ({sign.id}{'' if sign.sure else ', weak'})")
    return found


def _line(name: str, hit: int, extra: int, missed: int) -> str:
    precision = hit / (hit + extra) if hit + extra else 0.0
    recall = hit / (hit + missed) if hit + missed else 0.0
    both = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return f"{name:32} {precision:5.2f} {recall:5.2f} {both:5.2f}   {hit:3} right {extra:3} extra {missed:3} missed"


def main(args: list[str]) -> int:
    """Print the scores; 0 also where there are no cases."""
    names = [arg for arg in args if not arg.startswith("-")]
    path = Path(names[0]) if names else CASES
    if not path.is_file():
        print(f"no cases at {path}")
        return 0
    hit: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for case in map(json.loads, path.read_text("utf-8").splitlines()):
        found, gold = groups(case["messages"]), set(case["gold"]["indicator_groups"])
        free = set((case.get("alt") or {}).get("optional_indicators", []))
        hit.update(gold & set(found))
        extra.update(set(found) - gold - free)
        missed.update(gold - set(found) - free)
        if "-v" in args:
            print(case["id"], *(f"\n  + {g}: {found[g]}" for g in sorted(set(found) - gold - free)),
                  *(f"\n  - {g}" for g in sorted(gold - set(found) - free)))
    print(f"{'':32}  prec   rec    F1")
    for group in sorted({*hit, *extra, *missed}):
        print(_line(group, hit[group], extra[group], missed[group]))
    print(_line("all (micro)", hit.total(), extra.total(), missed.total()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
