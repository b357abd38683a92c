"""What the trained reader learns from: which labels hold for a piece of a story, and which are not known there."""
from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.understanding.encoder import adapted, base_weights
from bot.understanding.learned import LEARNED
from learning.network import Network
from learning.packing import pack
from learning.rows import ANSWERS, LABELS, PLACE, Row, Rows, asked_questions, labelled_messages
from learning.train import learned_before

TOLD: dict[str, Any] = {
    "role": "police", "text": "Girl of 15 alone at the bus station. A man in a van keeps her passport.", "child": "yes",
    "age": 15, "gender": "female", "nationality": None, "non_national": "yes", "accompanied": "alone",
    "documents": "held_by_other", "asylum": False, "danger": False, "missing": False, "forms": {"unknown": []},
    "groups": {"document_control": ["keeps her passport"]}, "denied": {},
    "why": {"accompanied": ["alone at the bus station"], "documents": ["keeps her passport"]}, "route": "nfp",
}


class Draw(random.Random):
    """Cuts at the only border, and keeps the part that is wanted."""

    def __init__(self, first: bool) -> None:
        super().__init__(1)
        self.first = first

    def random(self) -> float:
        return 0.0 if self.first else 0.9


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows(base_weights()[1])


def known(row: Row, label: str) -> float | None:
    """Give what is known of a label: 1, 0, or None where it is not known."""
    return float(row.labels[PLACE[label]]) if row.weights[PLACE[label]] else None


@pytest.mark.parametrize(("first", "held", "alone"), [(True, None, 1.0), (False, 1.0, None)])
def test_a_label_holds_for_the_piece_in_which_its_words_stand(
    rows: Rows, first: bool, held: float | None, alone: float | None
) -> None:
    (piece,) = rows.pieces([TOLD], Draw(first))
    assert (known(piece, "group.document_control"), known(piece, "accompanied.alone")) == (held, alone)
    assert known(piece, "group.debt_bondage") == 0.0
    assert known(piece, "gender.female") is None


def test_a_message_of_one_sentence_has_no_pieces(rows: Rows) -> None:
    assert rows.pieces([{**TOLD, "text": "Girl of 15 alone, a man keeps her passport"}], random.Random(1)) == []


def test_a_clause_is_for_one_label_for_no_sign_or_for_nothing_at_all(rows: Rows, tmp_path: Path) -> None:
    for name in ("debt_bondage", "none_a", "nothing"):
        (tmp_path / f"{name}.yml").write_text("- child protection takes over at eight\n")
    owes, none, nothing = rows.clauses(tmp_path)
    labels = ("group.debt_bondage", "group.document_control", "asylum")
    assert [known(owes, label) for label in labels] == [1.0, None, None]
    assert [known(none, label) for label in labels] == [0.0, 0.0, None]
    assert [known(nothing, label) for label in labels] == [0.0, 0.0, 0.0]


def test_every_quote_stands_in_its_message_and_every_unsure_label_is_one() -> None:
    for told in labelled_messages():
        assert set(told.get("unsure", ())) <= PLACE.keys(), told["text"]
        for kind in ("groups", "forms", "denied", "why"):
            for label, quotes in told[kind].items():
                assert all(quote in told["text"] for quote in quotes), (told["text"], label)


def test_every_question_asks_for_an_answer_that_there_is() -> None:
    for entry in asked_questions():
        assert {entry["id"] or None, *entry.get("also", ())} <= {None, *ANSWERS}, entry["q"]


def test_a_reader_that_goes_on_begins_with_what_it_learned(tmp_path: Path) -> None:
    """Taken over and packed again, with nothing learned between, a file holds the same."""
    weights, kept = base_weights()[0], learned_before(LEARNED[0])
    network = Network(weights, len(LABELS), len(ANSWERS))
    network.resume(weights, kept)
    pack(tmp_path / "again.npz", weights, *network.learned(), LABELS, ANSWERS)
    again = learned_before(tmp_path / "again.npz")
    assert all(np.array_equal(kept[name], again[name]) for name in network.heads)
    before, after = adapted(weights, kept), adapted(weights, again)
    changed = [name for name in before if not np.array_equal(before[name], weights[name])]
    assert len(changed) == len(network.body)
    for name in changed:
        # Rounding once more may move a change by a hundredth of it.
        change = np.abs(before[name] - weights[name]).max()
        assert np.abs(after[name] - before[name]).max() <= 0.03 * change, name


def test_a_file_of_other_labels_is_not_gone_on_from(tmp_path: Path) -> None:
    np.savez(tmp_path / "older.npz", labels=np.array(LABELS[1:]), answers=np.array(ANSWERS))
    with pytest.raises(ValueError, match=r"older\.npz knows other labels"):
        learned_before(tmp_path / "older.npz")
