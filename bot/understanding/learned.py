"""What a trained reader makes of a message: a share for each label, with the words that speak for it most.

Trained on the messages of `learning/` (its README tells how); one pass of the encoder gives everything. It decides
nothing by itself: `second.py` weighs it against the patterns.
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bot.understanding.encoder import Encoder, adapted, base_weights
from bot.understanding.graph import Array
from bot.understanding.mentions import KINDS, Mention
from bot.understanding.text import plain

LEARNED = tuple(Path(__file__).parent / "data" / f"learned_{name}.npz" for name in ("pieces", "whole"))
"""What training wrote: one reader learned from pieces of messages too, the other from whole ones alone."""
NEAR = 1.5
"""How far below the strongest word piece, on the scale of its score, others still belong to the words shown."""
REACH = 6
"""Word pieces to each side of the strongest one that may belong to them."""


@dataclass(frozen=True)
class Opinion:
    """What the trained reader thinks of one message.

    Args:
        shares: from 0 to 1 for each label of `data/learned_*.npz`.
        spans: first and past-the-last character of the words that speak for a label most.
        questions: how likely the message asks for each known answer; `-elsewhere` another question, `-story` none.
        mentions: for each number in the text how likely it is the age of somebody to protect (`mentions.AGE`), for
            each country how likely it is their nationality (`mentions.NATIONALITY`).
        known: share of the words that the encoder knows as words; little of a text that is not English.
    """

    shares: dict[str, float] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    questions: dict[str, float] = field(default_factory=dict)
    mentions: dict[str, dict[Mention, float]] = field(default_factory=dict)
    known: float = 1.0


def words_for(text: str, opinion: Opinion, label: str) -> tuple[str, int, int]:
    """Give the whole words that speak for a label most.

    Args:
        text: the message that the opinion is of.
        opinion: what the trained reader makes of it.
        label: one of its labels.

    Returns:
        The words, their first character and one past their last.
    """
    start, end = opinion.spans[label]
    # Word pieces may end in the middle of a word.
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    words = text[start:end]
    start += len(words) - len(words.lstrip(_EDGES))
    words = words.strip(_EDGES)
    return words, start, start + len(words)


_WORD = re.compile(r"[^\W\d_]{3,}")
_EDGES = " \t\n,.;:!?-()\"'"
"""What a stretch of words neither begins nor ends with."""


def together(opinions: list[Opinion]) -> Opinion:
    """Put the opinions of several readers of one message together.

    Two readers that learned apart seldom make the same mistake, so their mean is righter than either.

    Args:
        opinions: one or more, all of the same labels and answers.

    Returns:
        The mean of all shares; the words that speak for a label are those of the reader that is surest of it.
    """
    made = Opinion(
        shares={label: _mean(one.shares[label] for one in opinions) for label in opinions[0].shares},
        questions={answer: _mean(one.questions[answer] for one in opinions) for answer in opinions[0].questions},
        mentions={kind: {mention: _mean(one.mentions[kind][mention] for one in opinions) for mention in found}
                  for kind, found in opinions[0].mentions.items()},
    )
    for label in made.shares:
        surest = max(opinions, key=lambda one: one.shares[label])
        made.spans[label] = surest.spans[label]
    return made


def _mean(shares: Iterable[float]) -> float:
    listed = list(shares)
    return sum(listed) / len(listed)


class Readers:
    """The trained readers, loaded once.

    Args:
        paths: the files that training wrote.

    Raises:
        WeightsMissing: the published weights that they build on are not installed.
    """

    def __init__(self, paths: Iterable[Path] = LEARNED) -> None:
        # With matrices as small as these a second thread costs as much again and gains little.
        threadpool_limits(limits=1, user_api="blas")
        weights, tokenizer = base_weights()
        stored = [_arrays(path) for path in paths]
        self._encoder = Encoder([adapted(weights, kept) for kept in stored], tokenizer)
        self._each = [_Scores(kept) for kept in stored]
        self._vocabulary = frozenset(tokenizer.get_vocab())

    def read(self, text: str) -> Opinion:
        """Read a message of any length; the strongest part of a long one counts."""
        opinions = [Opinion() for _ in self._each]
        found = {label: find(text) for label, find in KINDS.items()}
        for part in self._encoder.encode(text):
            for opinion, scores, vectors in zip(opinions, self._each, part.vectors, strict=True):
                scores.add(opinion, vectors, part.offsets, found)
        words = _WORD.findall(plain(text))
        known = sum(word in self._vocabulary for word in words) / len(words) if words else 1.0
        return replace(together(opinions), known=known)


def _arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


class _Scores:
    """What one reader makes of its vectors."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self.labels: list[str] = kept["labels"].tolist()
        self.answers: list[str] = kept["answers"].tolist()
        self._piece, self._piece_bias = _floats(kept, "piece"), _floats(kept, "piece_bias")
        self._whole, self._bias, self._scale = (_floats(kept, name) for name in ("whole", "bias", "scale"))
        self._asks, self._asks_bias = _floats(kept, "asks"), _floats(kept, "asks_bias")

    def add(self, opinion: Opinion, vectors: Array, offsets: list[tuple[int, int]],
            found: dict[str, list[Mention]]) -> None:
        """Put what one part of a text says into an opinion."""
        pieces = vectors @ self._piece + self._piece_bias
        highest = pieces.max(0)
        pooled = highest + np.log(np.exp(pieces - highest).sum(0))
        mean = vectors.mean(0)
        shares = 1 / (1 + np.exp(-(self._scale * pooled + mean @ self._whole + self._bias)))
        for label, share, first, last in zip(self.labels, shares.tolist(), *_words(pieces), strict=True):
            if share > opinion.shares.get(label, 0.0):
                opinion.shares[label] = share
                opinion.spans[label] = offsets[first][0], offsets[last][1]
        for label, mentions in found.items():
            self._mentions(opinion.mentions.setdefault(label, {}), pieces[:, self.labels.index(label)], offsets,
                           mentions)
        asked = mean @ self._asks + self._asks_bias
        likely = np.exp(asked - asked.max())
        likely /= likely.sum()
        for answer, share in zip(self.answers, likely, strict=True):
            opinion.questions[answer] = max(opinion.questions.get(answer, 0.0), float(share))

    @staticmethod
    def _mentions(shares: dict[Mention, float], scores: Array, offsets: list[tuple[int, int]],
                  found: list[Mention]) -> None:
        for one in found:
            there = [scores[n] for n, (first, last) in enumerate(offsets) if first < one.end and one.start < last]
            if there:
                shares[one] = max(shares.get(one, 0.0), float(1 / (1 + np.exp(-max(there)))))


def _floats(kept: dict[str, Any], name: str) -> Array:
    found: Array = kept[name].astype(np.float32)
    return found


def _words(pieces: Array) -> tuple[list[int], list[int]]:
    """Give for each label the first and the last word piece of those around the strongest that also speak for it."""
    marks = int(len(pieces) > 2)
    inside = pieces[1:-1] if marks else pieces
    strong = np.pad(inside > inside.max(0) - NEAR, ((REACH, REACH), (0, 0)))
    best = inside.argmax(0)
    ahead = np.arange(1, REACH + 1)[:, None]
    each = np.arange(len(best))
    before, after = (np.logical_and.accumulate(strong[best + REACH + side * ahead, each]).sum(0) for side in (-1, 1))
    return (marks + best - before).tolist(), (marks + best + after).tolist()


@lru_cache(maxsize=1)
def reader() -> Readers:
    """Give the trained readers of this process."""
    return Readers()
