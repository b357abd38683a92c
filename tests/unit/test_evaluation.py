"""What is understood does not get worse: the figures of the labelled set against the stored baseline."""
from __future__ import annotations

import json

import pytest

from evaluation.run import BASELINE, HERE, baseline_of, load, score, score_questions

TOLERANCE = 0.01
"""A figure may move by this much without being a drop: two or three messages of a half."""

MOST_DENIED = 0.02
"""Share of the signs that a text denies which may be taken as present: a condition, not a goal."""


@pytest.mark.parametrize("half", ["open", "held"])
def test_no_figure_drops(half: str) -> None:
    figures = score([row for row in load() if row["half"] == half])
    assert not figures["unsafe"], "somebody who may be a child goes an adult's way"
    assert figures["denied_as_present"] <= MOST_DENIED
    figures["questions"] = score_questions([row for row in load(HERE / "questions") if row["half"] == half])
    kept = json.loads(BASELINE.read_text("utf-8"))[half]
    dropped = {key: (kept[key], now) for key, now in baseline_of(figures).items() if now < kept[key] - TOLERANCE}
    assert not dropped, f"before and now: {dropped}; an intended change is kept by `make evaluate WRITE=--write`"
