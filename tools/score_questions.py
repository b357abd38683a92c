"""Scores the matching of questions: leave-one-out over the own phrasings, and the example questions where present."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from bot.understanding import questions as q  # noqa: E402

EXAMPLES = ROOT.parent / "shared" / "examples"
EXPECTED = {
    "eq-01": "embassy", "eq-02": "what_is_nfp", "eq-03": "trafficker_outside", "eq-04": "who_reads",
    "eq-05": "human_now", "eq-06": "pregnant_father", "eq-07": "head_teacher", "eq-08": "promise_secrecy",
    "eq-09": "photos", "eq-10": "settled_here", "eq-11": "turning_18", "eq-12": "child_then_adult_now",
    "eq-13": "no_signs_alone", "eq-14": "officially_victim", "eq-15": "papers_held", "eq-16": "child_interpreter",
    "eq-17": "private_place", "eq-18": "learning_disability", "eq-19": "stop_continue", "eq-20": "why_nationality_age",
}  # fmt: skip


def leave_one_out(index: q.Index) -> np.ndarray:
    """Score every text as if it had not been learned from (the inverse of the smoothed kernel gives it at once)."""
    kernel = index.kernel.astype(np.float64)
    inverse = np.linalg.inv(kernel + q._RIDGE * np.eye(len(kernel)))
    wanted = np.eye(len(index.labels))[index.targets]
    learned = wanted - (inverse @ wanted) / np.diag(inverse)[:, None]
    near = kernel.copy()
    np.fill_diagonal(near, 0)
    return index.mixed(learned, near)


def own_phrasings(verbose: bool) -> None:
    """Print what leave-one-out finds."""
    index = q.index()
    scores = leave_one_out(index)
    right = accepted = false = none = asking = 0
    confused: Counter[tuple[str, str]] = Counter()
    for text, target, row in zip(index.texts, index.targets, scores, strict=True):
        label = index.labels[target]
        asked = q.is_question(text)
        found = q._judged(row, text, q.ASKED if asked else q.TOLD)
        if label == q.NONE:
            none += 1
            false += found is not None
            if found and verbose:
                print(f"  FALSE {found.score:.2f} {found.id:22} {text}")
            continue
        asking += asked
        right += index.labels[int(np.argmax(row))] == label
        accepted += found is not None and found.id == label
        if found is None or found.id != label:
            confused[label, found.id if found else "-"] += 1
            if verbose:
                print(f"  {row.max():.2f} {label:22} -> {found.id if found else '-':22} {text}")
    total = len(index.texts) - none
    print(f"own phrasings, leave-one-out: {total} texts of {len(index.labels) - 1} questions")
    print(f"  nearest is right {right / total:.3f}; answered rightly {accepted / total:.3f}; "
          f"recognised as questions {asking / total:.3f}")
    print(f"  texts without an answer: {none}, wrongly answered {false} ({false / none:.3f})")
    print("  most confused:", ", ".join(f"{a}>{b} {n}" for (a, b), n in confused.most_common(12)))


def examples() -> None:
    """Print the example questions that are matched, and the stories that wrongly are."""
    path = EXAMPLES / "questions.jsonl"
    if not path.exists():
        return
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    hits = 0
    for row in rows:
        found = q.find_question(row["question"])
        hit = bool(found and found.id == EXPECTED.get(row["id"]))
        hits += hit
        if not hit:
            print(f"  {row['id']} {row['question']!r} -> {found}")
    print(f"example questions: {hits} of {len(rows)}")
    stories = [m for line in (EXAMPLES / "cases.jsonl").read_text("utf-8").splitlines()
               for m in json.loads(line)["messages"]]
    answered = [(m, f) for m in stories if (f := q.find_question(m))]
    for message, found in answered:
        print(f"  {found.score:.2f} {found.id} <- {found.words!r} in {message[:100]!r}")
    print(f"example stories answered as questions: {len(answered)} of {len(stories)} (some do ask)")


def main() -> None:
    """Print everything; -v names each miss."""
    start = time.perf_counter()
    q.index()
    print(f"built in {time.perf_counter() - start:.2f} s")
    own_phrasings("-v" in sys.argv)
    texts = q.index().texts[:: max(1, len(q.index().texts) // 200)]
    start = time.perf_counter()
    for text in texts:
        q.find_question(text)
    print(f"one look-up: {(time.perf_counter() - start) / len(texts) * 1000:.2f} ms")
    examples()


if __name__ == "__main__":
    main()
