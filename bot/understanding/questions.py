"""Recognises a question in the middle of a case: is it one, and which of the known ones, by its nearest phrasings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from bot.protocol.catalogue import OPEN_ANSWERS
from bot.protocol.catalogue import questions as own_questions
from bot.protocol.counsel import counsel
from bot.protocol.indicators import indicators
from bot.protocol.loading import load
from bot.understanding.text import plain, sentences, split

_DATA = Path(__file__).parent / "data"
_WORDS = {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["begins", "goes_on", "fillers", "empty", "same", "none"],
    "properties": {
        **{name: _WORDS for name in ("begins", "goes_on", "fillers", "empty")},
        "same": {"type": "object", "additionalProperties": _WORDS},
        "none": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    },
}

NONE = ""
"""Stands among the learned answers for texts that no answer fits."""

ASKED = 0.34
"""Score from which a text that asks is believed."""

TOLD = 0.55
"""Score from which a text that does not ask is believed all the same ("I promised not to tell anyone")."""

MARGIN = 0.06
"""How far the best answer must be ahead of the next."""

LONGEST_WHOLE, LONGEST_PART, MOST_PARTS = 30, 40, 8
"""Words up to which a whole message or a part of it is compared; parts that are, from the end of a long report."""

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_RIDGE, _CHARACTERS, _NEAREST = 0.6, 0.6, 0.5
"""Strength of the smoothing; weight of characters beside words; weight of the nearest phrasing beside what was learned.

Chosen by leave-one-out over the catalogue (`tools/score_questions.py`)."""


@dataclass(frozen=True)
class Match:
    """The known question that a text asks, and the one that came next.

    Args:
        id: entry of `bot.protocol.counsel`.
        score: how near, about 0 to 1.
        runner_up: the next best entry.
        runner_up_score: its score.
        words: the part of the text that asked.
    """

    id: str
    score: float
    runner_up: str
    runner_up_score: float
    words: str


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return dict(load(_DATA / "questions.yml", _SCHEMA))


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    """Give the class of each word that has one; peoples and countries are one class, since no answer hangs on them."""
    countries = load(_DATA / "countries.yml", {"type": "object"})
    found = {
        word: "country"
        for entry in countries.values()
        for kind in ("names", "people")
        for word in entry.get(kind, ())
        if " " not in word
    }
    for name, words in _data()["same"].items():
        found |= {name: name, **{word: name for word in words}}
    return found


def reduced(text: str) -> str:
    """Write a text in the words that the matcher compares: numbers and peoples by their kind, synonyms by their class.

    Args:
        text: as written.

    Returns:
        Lower-case words with single blanks; empty where there is no word.
    """
    same = _classes()
    words = _WORD.findall(plain(text))
    return " ".join("num" if w.isdigit() else same.get(w, w) for w in words)


def _either(phrases: Iterable[str]) -> str:
    return "|".join(re.escape(p) for p in sorted(phrases, key=len, reverse=True))


@lru_cache(maxsize=1)
def _starts() -> tuple[re.Pattern[str], re.Pattern[str]]:
    data = _data()
    fillers = rf"(?:(?:{_either(data['fillers'])})\b[\s,:-]*)*"
    return (
        re.compile(rf"[\W\d]*{fillers}(?:{_either([*data['begins'], *data['goes_on']])})(?![\w'])"),
        re.compile(rf"[\W\d]*{fillers}(?:{_either(data['goes_on'])})(?![\w'])"),
    )


def _asking_parts(text: str) -> list[str]:
    """Give the parts of a text that ask, from the question's first word on; in order."""
    begins, goes_on = _starts()
    found = []
    for sentence in sentences(text):
        marked = "?" in text[sentence.end : sentence.end + 3]
        if begins.match(plain(sentence.text)):
            found.append(sentence.text)
            continue
        clauses = split(sentence.text, r"[,:()]+|\s-+\s|\b(?:and|but|or|und|so)\b(?=\s)")
        start = next((c.start for c in clauses[1:] if goes_on.match(plain(c.text))), None)
        if start is not None:
            found.append(sentence.text[start:])
        elif marked and _WORD.search(plain(sentence.text)):
            found.append(sentence.text)
    return found


def is_question(text: str) -> bool:
    """Tell whether a text asks something: a question mark, or a question's beginning in any of its clauses.

    Args:
        text: the message.

    Returns:
        True also for the orders that stand for questions ("i must call embassy").
    """
    return bool(_asking_parts(text))


class Index:
    """All phrasings as vectors, what was learned from them, and the texts that no answer fits."""

    def __init__(self) -> None:
        pairs = [(phrasing, entry.id) for entry in counsel().values() for phrasing in entry.phrasings]
        pairs += [(text, NONE) for text in _texts_without_answer()]
        self.texts = [text for text, _ in pairs]
        self.labels = [NONE, *counsel()]
        place = {label: number for number, label in enumerate(self.labels)}
        self.targets = np.array([place[label] for _, label in pairs])
        written = [reduced(text) for text in self.texts]
        self._words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+", dtype=np.float32)
        self._characters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, min_df=2, dtype=np.float32
        )
        self._words.fit(written)
        self._characters.fit(written)
        self.vectors = self._vectors(written)
        kernel = (self.vectors @ self.vectors.T).toarray().astype(np.float32)
        wanted = np.eye(len(self.labels), dtype=np.float32)[self.targets]
        self.kernel = kernel
        smoothed = kernel + _RIDGE * np.eye(len(pairs), dtype=np.float32)
        self.dual = np.linalg.solve(smoothed, wanted)
        self._learned = np.asarray(self.vectors.T @ self.dual)
        self._transposed = sparse.csr_matrix(self.vectors.T)
        order = np.argsort(self.targets, kind="stable")
        self._order = order
        self._borders = np.searchsorted(self.targets[order], np.arange(len(self.labels)))

    def _vectors(self, written: list[str]) -> sparse.csr_matrix:
        both = [self._words.transform(written), self._characters.transform(written) * _CHARACTERS]
        return normalize(sparse.hstack(both, format="csr"))

    def scores(self, texts: list[str]) -> np.ndarray:
        """Score texts against every label.

        Args:
            texts: as written.

        Returns:
            One row per text, one column per label: what was learned, mixed with the nearest phrasing.
        """
        vectors = self._vectors([reduced(text) for text in texts])
        near = (vectors @ self._transposed).toarray()
        return self.mixed(np.asarray(vectors @ self._learned), near)

    def mixed(self, learned: np.ndarray, near: np.ndarray) -> np.ndarray:
        """Mix learned scores with the nearest phrasing of each label."""
        nearest = np.maximum.reduceat(near[:, self._order], self._borders, axis=1)
        return np.asarray((1 - _NEAREST) * learned + _NEAREST * nearest)


def _texts_without_answer() -> list[str]:
    texts = [line.strip() for block in _data()["none"].values() for line in block.splitlines() if line.strip()]
    texts += [option.title for question in own_questions().values() for option in question.options]
    texts += [*OPEN_ANSWERS.values(), *(sign.label for sign in indicators().values())]
    return list(dict.fromkeys(texts))


@lru_cache(maxsize=1)
def index() -> Index:
    """Give the index of this process, built at first use."""
    return Index()


def find_question(text: str) -> Match | None:
    """Find which known question a message asks.

    Args:
        text: the message; it may tell a case beside the question.

    Returns:
        The best match of the message as a whole and of its asking parts; None where it only tells something, or
        where no answer fits.
    """
    asked = [part for part in _asking_parts(text) if len(part.split()) <= LONGEST_PART][-MOST_PARTS:]
    whole = [text] if len(text.split()) <= LONGEST_WHOLE else []
    parts = list(dict.fromkeys([*whole, *(part for part in asked if _says_something(part))]))
    parts = [part for part in parts if _WORD.search(plain(part))]
    if not parts:
        return None
    scores = index().scores(parts)
    best = None
    for part, row in zip(parts, scores, strict=True):
        found = _judged(row, part, ASKED if asked else TOLD)
        if found and (best is None or found.score > best.score):
            best = found
    return best


def _says_something(part: str) -> bool:
    return bool(set(reduced(part).split()) - set(_data()["empty"]))


def _judged(row: np.ndarray, part: str, least: float) -> Match | None:
    labels = index().labels
    first, *_ = order = np.argsort(-row)[:3]
    second = next(i for i in order[1:] if labels[i] != NONE)
    if labels[first] == NONE or row[first] < least or row[first] - row[order[1]] < MARGIN:
        return None
    return Match(labels[first], float(row[first]), labels[second], float(row[second]), part)
