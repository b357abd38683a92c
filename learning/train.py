"""`make learn`: trains the readers on the examples, says how well each does on those kept aside, writes their files."""
from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from bot.understanding.encoder import base_weights
from bot.understanding.graph import SHARED, WIDTH
from bot.understanding.learned import LEARNED
from evaluation.run import load
from learning.network import DROPPED, MATRICES, Network
from learning.packing import factors, pack
from learning.rows import (
    ANSWERS,
    ELSEWHERE,
    FLAGS,
    FORMS,
    GROUPS,
    LABELS,
    PLACE,
    STORY,
    Row,
    Rows,
    asked_questions,
    labelled_messages,
)

EPOCHS, BATCH, SEED = 5, 16, 7
BODY_RATE, HEAD_RATE, WARM_UP = 2e-4, 3e-3, 0.06
REHEARSED = 0.33
"""Of what a reader knows already, so much is learned once more beside what is new."""
GOING_ON = 0.5
"""Of these rates where a reader goes on from what it learned before."""
KEPT_ASIDE = 14
"""One of so many messages, and of so many questions, is not trained on."""
WORDS_WEIGHT, SPOKEN, ANSWERS_WEIGHT = 2.0, 3.0, 1.0
"""Of the words against the whole; of a word piece that speaks against one that does not; of the questions."""
SHOWN_FROM = 0.4


class Trainer:
    """Trains a network.

    Args:
        network: what is trained.
        steps: how many batches there will be.
        rates: of the body and of the heads.
    """

    def __init__(self, network: Network, steps: int, rates: tuple[float, float]) -> None:
        self.network, self.steps, self.done, self.rates = network, steps, 0, rates
        self.optimizers = [tf.keras.optimizers.legacy.Adam(rate) for rate in rates]
        self.lower = tf.function(network.lower, reduce_retracing=True)
        self.read = tf.function(lambda x, there: network.read(network.upper(x, there), there)[1:],
                                reduce_retracing=True)
        self._step = tf.function(self._one, reduce_retracing=True)

    def step(self, batch: tuple[Any, ...]) -> float:
        """Train on one batch; gives the loss."""
        self.done += 1
        share = min(1, self.done / (WARM_UP * self.steps)) * max(0.02, (self.steps - self.done) / self.steps)
        for optimizer, rate in zip(self.optimizers, self.rates, strict=True):
            optimizer.learning_rate.assign(rate * share)
        return float(self._step(*batch))

    def _one(self, x: Any, there: Any, labels: Any, weights: Any, pieces: Any, marked: Any, asks: Any) -> Any:
        body, heads = self.network.body, list(self.network.heads.values())
        with tf.GradientTape() as tape:
            x = tf.nn.dropout(self.network.upper(x, there, DROPPED), DROPPED)
            spoken, whole, asked = self.network.read(x, there)
            loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=whole)
            loss = tf.reduce_mean(tf.reduce_sum(weights * loss, -1))
            # Words count where they are marked, and where the label does not hold at all.
            known = ((marked + (1 - labels)) * weights)[:, None, :] * there[:, :, None]
            words = tf.nn.sigmoid_cross_entropy_with_logits(labels=pieces, logits=spoken)
            words = tf.reduce_sum(words * (1 + (SPOKEN - 1) * pieces) * known, [1, 2]) / tf.reduce_sum(there, 1)
            about = tf.nn.softmax_cross_entropy_with_logits(labels=asks, logits=asked) * tf.reduce_sum(asks, -1)
            loss += WORDS_WEIGHT * tf.reduce_mean(words) + ANSWERS_WEIGHT * tf.reduce_mean(about)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, body + heads), 5.0)
        self.optimizers[0].apply_gradients(zip(gradients[: len(body)], body))  # noqa: B905 (TensorFlow rewrites it)
        self.optimizers[1].apply_gradients(zip(gradients[len(body):], heads))  # noqa: B905
        return loss


def _lower(trainer: Trainer, rows: list[Row]) -> list[Any]:
    """Work out what the frozen layers make of each row, once."""
    made: dict[int, Any] = {}
    for listed in _batches(rows, 32):
        size = max(len(rows[n].ids) for n in listed)
        ids, there = np.zeros((len(listed), size), np.int32), np.zeros((len(listed), size), np.float32)
        for place, n in enumerate(listed):
            ids[place, : len(rows[n].ids)], there[place, : len(rows[n].ids)] = rows[n].ids, 1
        out = trainer.lower(tf.constant(ids), tf.constant(there)).numpy()
        for place, n in enumerate(listed):
            made[n] = out[place, : len(rows[n].ids)].astype(np.float16)
    return [made[n] for n in range(len(rows))]


def _batches(rows: list[Row], size: int) -> Iterable[list[int]]:
    order = sorted(range(len(rows)), key=lambda n: len(rows[n].ids))
    return (order[at : at + size] for at in range(0, len(order), size))


def _shuffled(rows: list[Row], draw: random.Random) -> list[list[int]]:
    """Cut the rows into batches of about the same length, in a new order."""
    order = list(range(len(rows)))
    draw.shuffle(order)
    batches = []
    for at in range(0, len(order), BATCH * 16):
        chunk = sorted(order[at : at + BATCH * 16], key=lambda n: len(rows[n].ids))
        batches += [chunk[k : k + BATCH] for k in range(0, len(chunk), BATCH)]
    draw.shuffle(batches)
    return batches


def _padded(rows: list[Row], lower: list[Any], listed: list[int]) -> tuple[Any, ...]:
    size = max(len(rows[n].ids) for n in listed)
    x, there = np.zeros((len(listed), size, WIDTH), np.float32), np.zeros((len(listed), size), np.float32)
    pieces = np.zeros((len(listed), size, len(LABELS)), np.float32)
    for place, n in enumerate(listed):
        length = len(rows[n].ids)
        x[place, :length], there[place, :length], pieces[place, :length] = lower[n], 1, rows[n].pieces
    stacked = [np.stack([getattr(rows[n], name) for n in listed]) for name in ("labels", "weights", "marked", "asks")]
    labels, weights, marked, asks = stacked
    return tuple(tf.constant(a) for a in (x, there, labels, weights, pieces, marked, asks))


def _predict(trainer: Trainer, rows: list[Row], lower: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    labels = np.zeros((len(rows), len(LABELS)), np.float32)
    answers = np.zeros((len(rows), len(ANSWERS)), np.float32)
    for listed in _batches(rows, 32):
        batch = _padded(rows, lower, listed)
        whole, asked = trainer.read(batch[0], batch[1])
        labels[listed], answers[listed] = tf.sigmoid(whole).numpy(), tf.nn.softmax(asked).numpy()
    return labels, answers


def _cut(network: Network, base: dict[str, Any]) -> None:
    """Leave of what the matrices learned only what is kept of it, so that the next pass learns within that."""
    for number in range(SHARED, len(network.layers)):
        for name in MATRICES:
            variable = network.layers[number][name][0]
            before = base[f"encoder.layer.{number}.{name}.weight"].T
            left, right = factors(variable.numpy() - before)
            variable.assign(before + left @ right)


def _f1(shares: np.ndarray, rows: list[Row], names: list[str]) -> float:
    places = [PLACE[name] for name in names]
    got, real = shares[:, places] > SHOWN_FROM, np.stack([row.labels for row in rows])[:, places] > 0
    return float(2 * (got & real).sum() / max(1, got.sum() + real.sum()))


def learned_before(path: Path) -> dict[str, Any]:
    """Load what a reader learned before.

    Args:
        path: its file.

    Returns:
        The arrays of the file by name.

    Raises:
        ValueError: it holds other labels or answers than those of today.
    """
    with np.load(path, allow_pickle=False) as stored:
        kept = {name: stored[name] for name in stored.files}
    if kept["labels"].tolist() != LABELS or kept["answers"].tolist() != ANSWERS:
        raise ValueError(f"{path.name} knows other labels or answers than those of today; it must begin anew")
    return kept


def _rehearsed(examples: list[Any], new: set[str], draw: random.Random) -> list[Any]:
    """Leave what is new and a share of the rest, so that it is not forgotten; everything where nothing is named."""
    return [one for one in examples if not new or (isinstance(one, dict) and one["set"] in new)
            or draw.random() < REHEARSED]


def train(path: Path, pieces: bool, seed: int, epochs: int, on: bool, new: set[str]) -> None:
    """Train one reader, report, write its file.

    Args:
        path: the file to write.
        pieces: learn from beginnings and ends of messages too.
        seed: of its first weights and of the order of the examples; what is kept aside is the same for all.
        epochs: how often it sees every example.
        on: go on from what the file holds. What is kept aside is not new to it then, and its figures say little.
        new: sets that are learned whole beside a share of all else; everything is learned where none is named.

    Raises:
        ValueError: the file holds other labels or answers than those of today.
    """
    draw = random.Random(SEED)
    tf.random.set_seed(seed)
    weights, tokenizer = base_weights()
    source = Rows(tokenizer)
    messages, questions = labelled_messages(), asked_questions()
    draw.shuffle(messages)
    draw.shuffle(questions)
    aside, asked_aside = source.messages(messages[::KEPT_ASIDE]), source.questions(questions[::KEPT_ASIDE])
    learned_from = _rehearsed([told for n, told in enumerate(messages) if n % KEPT_ASIDE], new, draw)
    asked = _rehearsed([entry for n, entry in enumerate(questions) if n % KEPT_ASIDE], new, draw)
    rows = source.messages(learned_from) + (source.pieces(learned_from, draw) if pieces else [])
    rows += source.questions(asked)
    others = source.phrasings() + source.clauses() + source.evaluated(r for r in load() if r["half"] == "open")
    rows += _rehearsed(others, new, draw)
    draw = random.Random(seed)
    network = Network(weights, len(LABELS), len(ANSWERS))
    if on:
        network.resume(weights, learned_before(path))
    rates = tuple(rate * (GOING_ON if on else 1) for rate in (BODY_RATE, HEAD_RATE))
    trainer = Trainer(network, epochs * len(rows) // BATCH, rates)
    lower, lower_aside, lower_asked = (_lower(trainer, listed) for listed in (rows, aside, asked_aside))
    print(f"{len(rows)} examples, {sum(len(row.ids) for row in rows)} word pieces; kept aside {len(aside)} messages")
    for epoch in range(epochs):
        began = time.monotonic()
        losses = [trainer.step(_padded(rows, lower, listed)) for listed in _shuffled(rows, draw)]
        _cut(network, weights)
        shares, _ = _predict(trainer, aside, lower_aside)
        _, answers = _predict(trainer, asked_aside, lower_asked)
        others = [ANSWERS.index(ELSEWHERE), ANSWERS.index(STORY)]
        known = [n for n, row in enumerate(asked_aside) if not row.asks[others].any()]
        right = np.mean([asked_aside[n].asks[answers[n].argmax()] > 0 for n in known])
        print(f"epoch {epoch + 1}, {time.monotonic() - began:.0f} s: loss {np.mean(losses):.2f}, F1 of groups "
              f"{_f1(shares, aside, GROUPS):.2f}, forms {_f1(shares, aside, FORMS):.2f}, "
              + ", ".join(f"{name} {_f1(shares, aside, [name]):.2f}" for name in FLAGS) + f"; questions {right:.2f}",
              flush=True)
    pack(path, weights, *network.learned(), LABELS, ANSWERS)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """Train the readers one after the other, each in the way that its file is named after."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--only", choices=[path.stem for path in LEARNED])
    parser.add_argument("--on", action="store_true", help="go on from what they learned before")
    parser.add_argument("--new", nargs="*", default=[], metavar="SET", choices=sorted(
        {one["set"] for one in [*labelled_messages(), *asked_questions()]}),
        help="with --on: sets to learn whole, beside a third of all else")
    chosen = parser.parse_args()
    # Where a processor multiplies such numbers a step takes two thirds of the time.
    tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})
    for number, path in enumerate(LEARNED):
        if chosen.only in (None, path.stem):
            train(path, path.stem == "learned_pieces", SEED + number, chosen.epochs, chosen.on, set(chosen.new))


if __name__ == "__main__":
    main()
