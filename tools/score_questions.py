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
from bot.understanding import likeness  # noqa: E402
from bot.understanding.question_words import is_question, reduced  # noqa: E402
from bot.understanding.questions import find_question, judge  # noqa: E402
from evaluation import run  # noqa: E402

EXAMPLES = ROOT.parent / "shared" / "examples"
EXPECTED = {
    "eq-01": "embassy", "eq-02": "what_is_nfp", "eq-03": "trafficker_outside", "eq-04": "who_reads",
    "eq-05": "human_now", "eq-06": "pregnant_father", "eq-07": "head_teacher", "eq-08": "promise_secrecy",
    "eq-09": "photos", "eq-10": "settled_here", "eq-11": "turning_18", "eq-12": "child_then_adult_now",
    "eq-13": "no_signs_alone", "eq-14": "officially_victim", "eq-15": "papers_held", "eq-16": "child_interpreter",
    "eq-17": "private_place", "eq-18": "learning_disability", "eq-19": "stop_continue", "eq-20": "why_nationality_age",
}  # fmt: skip


def _lengths(counts: np.ndarray) -> np.ndarray:
    there = counts > 0
    rarity = np.log((1 + len(counts)) / (1 + there.sum(axis=0))) + 1
    return np.linalg.norm(np.where(there, 1 + np.log(np.where(there, counts, 1)), 0) * rarity, axis=1)


def leave_one_out(index: likeness.Index) -> tuple[np.ndarray, np.ndarray]:
    """Score every text as if it did not stand in the catalogue; the key words of its answer stay."""
    kernel = index.kernel.astype(np.float64)
    inverse = np.linalg.inv(kernel + likeness.SMOOTHING * np.eye(len(kernel)))
    member = np.eye(len(index.labels))[index.targets]
    learned = member - (inverse @ member) / np.diag(inverse)[:, None]
    np.fill_diagonal(kernel, 0)
    profiled: list[list[np.ndarray]] = [[], []]
    lengths_of = [_lengths(summed) for summed in index.profile_counts]
    for number, target in enumerate(index.targets):
        for block, (counts, summed) in enumerate(zip(index.counts, index.profile_counts, strict=True)):
            columns = counts[number].indices
            without = summed[:, columns].copy()
            without[target] -= counts[number].data
            there = without > 0
            rarity = np.log((1 + len(summed)) / (1 + there.sum(axis=0))) + 1
            rarity[~there.any(axis=0)] = 0
            weighed = np.where(there, 1 + np.log(np.where(there, without, 1)), 0) * rarity
            lengths = lengths_of[block]
            own = counts[number].data * rarity
            profiled[block].append((weighed / lengths[:, None]) @ (own / (np.linalg.norm(own) or 1)))
    known = np.array([index.share_known(reduced(text), number) for number, text in enumerate(index.texts)])
    blocks = [np.array(rows) for rows in profiled]
    near = index.nearest(kernel)
    return likeness.mixed(blocks, learned, near) * known[:, None], near


def own_phrasings(verbose: bool) -> None:
    """Print what leave-one-out finds."""
    index = likeness.index()
    scores, near = leave_one_out(index)
    count: Counter[str] = Counter()
    confused: Counter[tuple[str, str]] = Counter()
    for text, target, row, close in zip(index.texts, index.targets, scores, near, strict=True):
        label = index.labels[target]
        asked = is_question(text)
        found = judge(row, close, text, asked)
        if label in (likeness.ELSEWHERE, likeness.STORY):
            count[label] += 1
            count[f"{label} answered"] += found is not None
            if found and verbose:
                print(f"  FALSE {found.score:.2f} {found.id:22} {text}")
            continue
        count["all"] += 1
        count["asked"] += asked
        count["nearest"] += index.labels[int(np.argmax(row[:-2]))] == label
        count["right"] += found is not None and found.id == label
        count["none"] += found is None
        if found is None or found.id != label:
            confused[label, found.id if found else "-"] += 1
            if verbose:
                print(f"  {row[:-2].max():.2f} {label:22} -> {found.id if found else '-':22} {text}")
    total = count["all"]
    print(f"own phrasings, leave-one-out: {total} texts of {len(index.labels) - 2} questions")
    print(f"  the right one is nearest {count['nearest'] / total:.3f}, is answered {count['right'] / total:.3f}; "
          f"no answer {count['none'] / total:.3f}; recognised as asking {count['asked'] / total:.3f}")
    for label, name in ((likeness.ELSEWHERE, "about something else"), (likeness.STORY, "stories and replies")):
        wrong = count[f"{label} answered"]
        print(f"  {name}: {count[label]} texts, wrongly answered {wrong} ({wrong / count[label]:.3f})")
    print("  most confused:", ", ".join(f"{a}>{b} {n}" for (a, b), n in confused.most_common(12)))


def examples() -> None:
    """Print the example questions that are matched, and the stories that wrongly are."""
    path = EXAMPLES / "questions.jsonl"
    if not path.exists():
        return
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    hits = 0
    for row in rows:
        found = find_question(row["question"])
        hit = bool(found and found.id == EXPECTED.get(row["id"]))
        hits += hit
        if not hit:
            print(f"  {row['id']} {row['question']!r} -> {found}")
    print(f"example questions: {hits} of {len(rows)}")
    stories = [m for line in (EXAMPLES / "cases.jsonl").read_text("utf-8").splitlines()
               for m in json.loads(line)["messages"]]
    answered = [(m, f) for m in stories if (f := find_question(m))]
    for message, found in answered:
        print(f"  {found.score:.2f} {found.id} <- {found.words!r} in {message[:100]!r}")
    print(f"example stories answered as questions: {len(answered)} of {len(stories)} (some do ask)")


def open_half() -> None:
    """Print the figures of the labelled questions that may be looked at."""
    rows = [row for row in run.load(run.HERE / "questions") if row["half"] == "open"]
    found = run.score_questions(rows)
    print(f"open half: {len(rows)} questions, right {found['right']:.3f}, wrong {found['wrong']:.3f}, "
          f"sent to a person {found['person']:.3f}; without an answer and told so {found['no_answer_said']:.3f}")


def main() -> None:
    """Print everything; -v names each miss."""
    start = time.perf_counter()
    likeness.index()
    print(f"built in {time.perf_counter() - start:.2f} s")
    own_phrasings("-v" in sys.argv)
    texts = likeness.index().texts[:: max(1, len(likeness.index().texts) // 200)]
    start = time.perf_counter()
    for text in texts:
        find_question(text)
    print(f"one look-up: {(time.perf_counter() - start) / len(texts) * 1000:.2f} ms")
    examples()
    open_half()


if __name__ == "__main__":
    main()
