"""Compares a text with every phrasing of every known question."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from bot.protocol.catalogue import OPEN_ANSWERS
from bot.protocol.catalogue import questions as own_questions
from bot.protocol.counsel import counsel
from bot.protocol.indicators import indicators
from bot.understanding.question_words import empty, reduced, vocabulary

ELSEWHERE, STORY = "-elsewhere", "-story"
"""Stand among the labels for questions about something else, and for what tells a case or answers a question."""

WEIGHTS = (1.0, 0.5, 0.3, 0.15)
"""What counts how much: words of the answer's profile, their characters, what was learned, the nearest phrasing."""

BLOCKS = (1.0, 0.6)
"""Weight of words and of characters where single texts are compared."""

SMOOTHING, KEY_WEIGHT, UNKNOWN_COSTS = 1.0, 3, 0.5
"""Of the learning (kernel ridge); of a key word against one in a phrasing; share of the score that unknown words cost.

Chosen by leave-one-out over the catalogue, the thresholds on the open half of evaluation/questions
(`tools/score_questions.py`)."""


class Index:
    """What each answer's questions are made of: one profile of words and characters per answer, and every phrasing."""

    def __init__(self) -> None:
        entries = counsel().values()
        blocks = vocabulary()["none"]
        self.labels = [entry.id for entry in entries] + [ELSEWHERE, STORY]
        pairs = [(phrasing, entry.id) for entry in entries for phrasing in entry.phrasings]
        pairs += [(text, ELSEWHERE) for text in _lines(blocks["elsewhere"])]
        pairs += [(text, STORY) for text in _stories()]
        place = {label: number for number, label in enumerate(self.labels)}
        self.texts = [text for text, _ in pairs]
        self.targets = np.array([place[label] for _, label in pairs])
        written = [reduced(text) for text in self.texts]
        keys = [reduced(entry.keys) for entry in entries]
        self._counters = (
            CountVectorizer(analyzer=str.split, dtype=np.float32),
            CountVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2, dtype=np.float32),
        )
        self._analysers = [counter.build_analyzer() for counter in self._counters]
        every = [counter.fit_transform([*written, *keys]) for counter in self._counters]
        self.counts = [counts[: len(written)] for counts in every]
        self._learn([counts[len(written) :] for counts in every])
        self._known = self._counters[0].vocabulary_

    def _learn(self, keys: list[sparse.csr_matrix]) -> None:
        member = np.eye(len(self.labels), dtype=np.float32)[self.targets]
        self.profile_counts = []
        for counts, more in zip(self.counts, keys, strict=True):
            summed = np.asarray(counts.T @ member).T
            summed[: more.shape[0]] += KEY_WEIGHT * more.toarray()
            self.profile_counts.append(summed)
        self.profiles = [profile(counts) for counts in self.profile_counts]
        self._rarity = [
            np.log((1 + len(self.texts)) / (1 + np.asarray((counts > 0).sum(axis=0)).ravel())) + 1
            for counts in self.counts
        ]
        self.vectors = self.weighed(self.counts)
        self.kernel = (self.vectors @ self.vectors.T).toarray()
        smoothed = self.kernel + SMOOTHING * np.eye(len(self.texts), dtype=np.float32)
        factor = cho_factor(smoothed, lower=True, overwrite_a=True, check_finite=False)
        self._learned = np.asarray(self.vectors.T @ cho_solve(factor, member, check_finite=False))
        self._order = np.argsort(self.targets, kind="stable")
        self._borders = np.searchsorted(self.targets[self._order], np.arange(len(self.labels)))
        self._all = sparse.csr_matrix(self.vectors.T)

    def weighed(self, counts: list[sparse.csr_matrix]) -> sparse.csr_matrix:
        """Weigh the words and characters of single texts by their rarity; rows of length one."""
        parts = []
        for block, rarity, weight in zip(counts, self._rarity, BLOCKS, strict=True):
            weighed = sparse.csr_matrix(block.multiply(rarity.astype(np.float32)))
            parts.append(normalize(weighed) * np.float32(weight))
        return normalize(sparse.hstack(parts, format="csr"))

    def scores(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Score texts against every label.

        Args:
            texts: as written.

        Returns:
            The scores, about 0 to 1, and how near the nearest phrasing is; one row per text, one column per label.
        """
        rows = [self._scores_of(reduced(text)) for text in texts]
        return np.array([row for row, _ in rows]), np.array([near for _, near in rows])

    def _scores_of(self, written: str) -> tuple[np.ndarray, np.ndarray]:
        """Score one reduced text, without the checks that scikit-learn makes at each step."""
        profiled, columns, weights = [], [], []
        start = 0
        for number, (analyse, counter) in enumerate(zip(self._analysers, self._counters, strict=True)):
            known = counter.vocabulary_
            there = Counter(known[piece] for piece in analyse(written) if piece in known)
            places = np.fromiter(there, dtype=np.int64, count=len(there))
            times = np.fromiter(there.values(), dtype=np.float32, count=len(there))
            profiles, rarity = self.profiles[number]
            profiled.append(_unit(times * rarity[places]) @ profiles[places])
            columns.append(places + start)
            weights.append(_unit(times * self._rarity[number][places]) * BLOCKS[number])
            start += len(known)
        of_text = _unit(np.concatenate(weights)).astype(np.float32)
        places = np.concatenate(columns)
        likeness = self._all[places].T @ of_text
        near = self.nearest(likeness[None])[0]
        row = mixed(profiled, of_text @ self._learned[places], near)
        return row * self.share_known(written), near

    def nearest(self, near: np.ndarray) -> np.ndarray:
        """Give the nearest phrasing of each label from the likeness to every phrasing."""
        return np.asarray(np.maximum.reduceat(near[:, self._order], self._borders, axis=1))

    def share_known(self, written: str, without: int | None = None) -> float:
        """Lower the score of a text whose telling words stand nowhere in the catalogue.

        Args:
            written: the reduced text.
            without: number of the phrasing that does not count, for measuring.

        Returns:
            What the score is multiplied with.
        """
        telling = set(written.split()) - empty()
        own = set() if without is None else self._lonely(without)
        unknown = sum(word not in self._known or word in own for word in telling)
        return 1 - UNKNOWN_COSTS * unknown / len(telling) if telling else 1.0

    def _lonely(self, number: int) -> set[str]:
        """Give the words that stand in this phrasing alone."""
        total = self.profile_counts[0].sum(axis=0)
        row = self.counts[0][number]
        names = self._counters[0].get_feature_names_out()
        return {names[column] for column, times in zip(row.indices, row.data, strict=True) if total[column] <= times}


def profile(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weigh the counts of each label by how few labels share them.

    Args:
        counts: one row per label.

    Returns:
        The profiles, one column of length one per label, and the rarity of each count.
    """
    there = counts > 0
    rarity = np.log((1 + len(counts)) / (1 + there.sum(axis=0))) + 1
    weighed = np.where(there, 1 + np.log(np.where(there, counts, 1)), 0) * rarity
    return np.ascontiguousarray(normalize(weighed).T, dtype=np.float32), rarity.astype(np.float32)


def _unit(values: np.ndarray) -> np.ndarray:
    """Scale a row to length one; an empty one stays empty."""
    return np.asarray(values / (np.sqrt((values**2).sum()) or 1.0))


def mixed(profiled: list[np.ndarray], learned: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """Add up what speaks for each label, scaled so that a known phrasing comes near 1."""
    words, characters = profiled
    of_words, of_characters, of_learned, of_nearest = WEIGHTS
    return np.asarray(
        of_words * words + of_characters * characters + of_learned * learned + of_nearest * nearest
    )


def _lines(block: str) -> list[str]:
    return [line.strip() for line in block.splitlines() if line.strip()]


def _stories() -> list[str]:
    blocks = vocabulary()["none"]
    texts = [*_lines(blocks["stories"]), *_lines(blocks["answers"])]
    texts += [option.title for question in own_questions().values() for option in question.options]
    texts += [*OPEN_ANSWERS.values(), *(sign.label for sign in indicators().values())]
    return list(dict.fromkeys(texts))


@lru_cache(maxsize=1)
def index() -> Index:
    """Give the index of this process, built at first use."""
    return Index()
