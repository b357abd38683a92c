"""`make evaluate`: reads every labelled message, compares with its labels, and prints the table."""
from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from bot.protocol.agenda import open_questions
from bot.protocol.answers import store, tap
from bot.protocol.catalogue import questions
from bot.protocol.entering import take
from bot.protocol.indicators import indicators
from bot.protocol.record import assess_all
from bot.protocol.report import Data, new_report, signs_present
from bot.protocol.routes import here_of
from bot.understanding.intents import understand

HERE = Path(__file__).parent
HUMAN = "human_now"
"""The answer to whoever wants to speak to a person."""
BASELINE = HERE / "baseline.json"
AS_OF = date(2026, 11, 21)
"""The date for which ages in the labels hold."""
HOME = "QZ"
"""The fictional country of a responder whose message names none."""

FACTS = ("child", "age", "gender", "nationality", "non_national", "accompanied", "documents",
         "asylum_or_fear_of_return", "immediate_danger", "missing_child")
EMPTY: tuple[Any, ...] = (None, "unknown", "unclear", False)
"""Values that say that nothing was stated."""


def load(folder: Path = HERE / "messages") -> list[dict[str, Any]]:
    """Load the labelled messages.

    Returns:
        One dict a message; `half` is `open` (may be looked at) or `held` (is not, until the end), turn by turn.
    """
    rows = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines()):
            rows.append({**json.loads(line), "half": "held" if number % 2 else "open"})
    return rows


def read_case(case: dict[str, Any]) -> tuple[Data, list[float]]:
    """Read the messages of a case into a report; gives the report and the milliseconds of each message."""
    report, times = new_report(), []
    for words in case["messages"]:
        started = time.process_time()
        intent, reading, _ = understand(words, AS_OF, None, {})
        times.append((time.process_time() - started) * 1000)
        take(report, reading.to_dict(), intent == "correct")
    return report, times


def answer_from_labels(report: Data, gold: dict[str, Any]) -> None:
    """Answer what is asked before sending, and tap what is shown as unsure, as somebody would who knows the labels."""
    groups, forms = set(gold["indicator_groups"]), set(gold["exploitation"])
    report["signs"] = {key: {**sign, "sure": True} for key, sign in report["signs"].items()
                       if sign["sure"] or sign["seen"] == "denied" or groups & set(indicators()[key].assessment)
                       or indicators()[key].form in forms}
    company = {"alone": "alone", "with_adult_relative_claimed": "claimed", "with_other_adult": "other",
               "with_children": "children"}
    chosen = {
        "danger": "missing" if gold["missing_child"] else "yes" if gold["immediate_danger"] else "no",
        "age": {"yes": "u18", "unclear": "unclear", "no": "adult"}[gold["child"]],
        "company": "proven" if _link(gold) == "yes" else company.get(gold["accompanied"]),
        "home": _home(gold),
        "grown": {"unclear": "unclear", "no": "adult"}.get(gold["child"]),
        "fear": "fear" if gold["asylum_or_fear_of_return"] else "no",
        "link": _link(gold),
    }
    for name, key in chosen.items():
        answer = tap(questions()[name], key) if key else None
        asked = name == "danger" or questions()[name] in open_questions(report)
        if answer is not None and asked:
            store(report, questions()[name], answer, "")
    if not signs_present(report) and gold["indicator_groups"]:
        sign = next(i.id for i in indicators().values() if gold["indicator_groups"][0] in i.assessment)
        report["signs"][sign] = {"seen": "observed", "words": "", "sure": True}


def _home(gold: dict[str, Any]) -> str | None:
    """Tell where the settled home is: a national on the focal point's route is one who is abroad."""
    national = gold["non_national"] == "no"
    if gold["expected_route"] == "nfp" and national:
        return "taken"
    return "here" if national or gold["expected_route"] == "nrm_child" else {"yes": "abroad"}.get(gold["non_national"])


def _link(gold: dict[str, Any]) -> str | None:
    """Tell whether the family is proven: the labels say so by a route that an unproven one never has."""
    if gold["child"] != "yes" or gold["accompanied"] != "with_adult_relative_claimed":
        return None
    return "yes" if gold["expected_route"] in ("consult", "child_protection") else "no"


class Tally:
    """Counts of right, wrong and missed, per name."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)

    def value(self, name: str, got: Any, allowed: list[Any]) -> None:
        """Count one single-valued field."""
        if got in allowed:
            self.counts[name]["tp" if got not in EMPTY else "tn"] += 1
            return
        if got not in EMPTY:
            self.counts[name]["fp"] += 1
        if all(value not in EMPTY for value in allowed):
            self.counts[name]["fn"] += 1

    def sets(self, names: str, got: set[str], gold: set[str]) -> None:
        """Count one set-valued field, each member by its own name."""
        for member in got | gold:
            kind = "tp" if member in got and member in gold else "fp" if member in got else "fn"
            self.counts[f"{names}.{member}"][kind] += 1

    def figures(self, prefix: tuple[str, ...] | str) -> dict[str, float]:
        """Give precision, recall and F1 over all names that begin so."""
        total: Counter[str] = Counter()
        for name, count in self.counts.items():
            if name.startswith(prefix):
                total += count
        precision = total["tp"] / max(1, total["tp"] + total["fp"])
        recall = total["tp"] / max(1, total["tp"] + total["fn"])
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        return {"precision": precision, "recall": recall, "f1": f1, "n": total["tp"] + total["fn"]}


def score(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Score a set of cases.

    Args:
        cases: as `load` gives them.

    Returns:
        Figures by name; `confusion` of routes; `unsafe`: ids of presumed children sent to an adult's route.
    """
    tally, confusion, unsafe, times = Tally(), Counter(), [], []
    right, answered_right, denied, denied_wrong = 0, 0, 0, 0
    for case in cases:
        gold, alt = case["gold"], case.get("alt", {})
        report, spent = read_case(case)
        times += [(ms, len(words)) for ms, words in zip(spent, case["messages"], strict=True)]
        got = assess_all(report, here_of(report, HOME))[1]
        routes = [gold["expected_route"], *alt.get("expected_route", [])]
        right += got["expected_route"] in routes
        confusion[(gold["expected_route"], got["expected_route"])] += 1
        if gold["expected_route"] == "out_of_scope":
            answered_right += got["expected_route"] in routes
            continue
        for field in FACTS:
            tally.value(field, got[field], [gold[field], *alt.get(field, [])])
        forms = [set(gold["exploitation"]), *(set(f) for f in alt.get("exploitation", []))]
        mine = set(got["exploitation"])
        best = mine if mine in forms else forms[0]
        tally.sets("form", mine - {"unknown"}, best - {"unknown"})
        optional = set(alt.get("optional_indicators", []))
        groups = set(got["indicator_groups"])
        tally.sets("group", groups - optional, set(gold["indicator_groups"]) - optional)
        for group in set(case.get("denied", [])) - set(gold["indicator_groups"]) - optional:
            denied += 1
            denied_wrong += group in groups
        answer_from_labels(report, gold)
        after = assess_all(report, here_of(report, HOME))[1]
        answered_right += after["expected_route"] in routes
        # An age that is disputed is a child's until shown otherwise.
        presumed = "no" not in (gold["child"], *alt.get("child", []))
        if presumed and after["expected_route"] == "nrm_adult" and "nrm_adult" not in routes:
            unsafe.append(case["id"])
    return {
        "cases": len(cases),
        "facts": tally.figures(FACTS),
        "forms": tally.figures("form."),
        "groups": tally.figures("group."),
        **{field: tally.figures((field,)) for field in FACTS},
        "each_group": {name.removeprefix("group."): tally.figures(name)
                       for name in sorted(tally.counts) if name.startswith("group.")},
        "route": right / max(1, len(cases)),
        "route_answered": answered_right / max(1, len(cases)),
        "denied_as_present": denied_wrong / max(1, denied),
        "unsafe": unsafe,
        "confusion": {f"{a} -> {b}": n for (a, b), n in sorted(confusion.items()) if a != b},
        "ms_median": statistics.median(ms for ms, _ in times),
        "ms_650": statistics.median([ms for ms, size in times if size >= 500] or [0.0]),
    }


def score_questions(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Score a set of questions.

    Args:
        rows: as `load` gives them from the folder of questions; `answer` is an id or null, `also` further right ids.

    Returns:
        Shares of questions answered rightly, wrongly, and sent to a person; and of those without an answer that are
        told so.
    """
    counts: Counter[str] = Counter()
    for row in rows:
        intent, _, asked = understand(row["question"], AS_OF, None, {})
        # Who asks for a person gets one at once, which is what that answer says.
        asked = HUMAN if intent == "human" else asked
        if row["answer"] is None:
            counts["null"] += 1
            counts["null_right"] += not asked
        else:
            counts["asked"] += 1
            counts["right" if asked in (row["answer"], *row.get("also", [])) else "wrong" if asked else "person"] += 1
    asked_in_all, null = max(1, counts["asked"]), max(1, counts["null"])
    return {"questions": len(rows), "right": counts["right"] / asked_in_all, "wrong": counts["wrong"] / asked_in_all,
            "person": counts["person"] / asked_in_all, "no_answer_said": counts["null_right"] / null}


GOALS = {"facts": 0.92, "groups": 0.80, "forms": 0.85, "route": 0.85, "route_answered": 0.97}


def table(name: str, figures: dict[str, Any]) -> str:
    """Write the figures of one half as a table."""
    out = [f"\n{name}: {figures['cases']} cases", f"{'':28}{'prec.':>7}{'recall':>8}{'F1':>7}{'n':>6}  goal"]
    for key in ("facts", *FACTS, "forms", "groups"):
        f = figures[key]
        goal = f"{GOALS[key]:.2f}" if key in GOALS else ""
        out.append(f"{key:28}{f['precision']:7.2f}{f['recall']:8.2f}{f['f1']:7.2f}{f['n']:6d}  {goal}")
    for group, f in figures["each_group"].items():
        out.append(f"  {group:26}{f['precision']:7.2f}{f['recall']:8.2f}{f['f1']:7.2f}{f['n']:6d}")
    out.append(f"{'route, messages alone':28}{figures['route']:22.2f}        {GOALS['route']:.2f}")
    answered = figures["route_answered"]
    out.append(f"{'route, questions answered':28}{answered:22.2f}        {GOALS['route_answered']:.2f}")
    out.append(f"{'denied sign as present':28}{figures['denied_as_present']:22.2f}        0.02 at most")
    out.append(f"{'child to an adult route':28}{len(figures['unsafe']):22d}        0   {' '.join(figures['unsafe'])}")
    out.append(f"CPU per message: median {figures['ms_median']:.1f} ms, from 500 characters {figures['ms_650']:.1f} ms")
    out.append("confusion: " + ", ".join(f"{k} {n}" for k, n in figures["confusion"].items()))
    return "\n".join(out)


def baseline_of(figures: dict[str, Any]) -> dict[str, float]:
    """Give the figures that must not drop."""
    kept = {key: figures[key]["f1"] if isinstance(figures[key], dict) else figures[key] for key in (*GOALS, *FACTS)}
    return {key: round(value, 4) for key, value in {**kept, "questions": figures["questions"]["right"]}.items()}


def main() -> int:
    """Print the figures of both halves; with `--write` keep them as the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the figures as the baseline")
    parser.add_argument("--half", choices=["open", "held"], help="one half alone")
    arguments = parser.parse_args()
    rows = load()
    understand("warm-up", AS_OF, None, {})
    figures = {half: score([r for r in rows if r["half"] == half])
               for half in ("open", "held") if arguments.half in (None, half)}
    questions_asked = load(HERE / "questions")
    for half, found in figures.items():
        print(table(half, found))
        found["questions"] = score_questions([r for r in questions_asked if r["half"] == half])
        q = found["questions"]
        print(f"questions ({q['questions']}): right {q['right']:.2f} (goal 0.92), wrong {q['wrong']:.2f}, "
              f"sent to a person {q['person']:.2f}; without an answer and told so {q['no_answer_said']:.2f}")
    if arguments.write:
        kept = {half: baseline_of(found) for half, found in figures.items()}
        BASELINE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
