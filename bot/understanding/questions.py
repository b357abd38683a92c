"""Recognises a question in the middle of a case: is it one, and which of the known ones, by its nearest phrasings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from sklearn.feature_extraction.text import CountVectorizer
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

ELSEWHERE, STORY = "-elsewhere", "-story"
"""Stand among the labels for questions about something else, and for what tells a case or answers a question."""

ASKED, TOLD = 0.34, 0.34
"""Scores from which a text that asks is believed, and one that does not ("I promised not to tell anyone")."""

ASKED_AHEAD, TOLD_AHEAD = 0.03, 0.08
"""How far the best answer must be ahead of the next."""

FEWEST_TOLD, MOST_TOLD, STORY_AHEAD, NEAR_STORY, SURE = 5, 35, 1.2, 0.9, 0.34
"""For a text that does not ask: words that it must have ("pregnant" or "police" answers a question of ours) and may
have; how much better than any story it must score; how near to a phrasing, against the nearest story; score from which
it is answered even beside the story that it tells."""

BESIDE = 0.15
"""What the asking part weighs beside the whole message, which knows what it is about ("... says yes. consent?")."""

WEIGHTS = (1.0, 0.5, 0.3, 0.15)
"""What counts how much: words of the answer's profile, their characters, what was learned, the nearest phrasing."""

BLOCKS = (1.0, 0.6)
"""Weight of words and of characters where single texts are compared."""

SMOOTHING, KEY_WEIGHT, UNKNOWN_COSTS = 1.0, 3, 0.5
"""Of the learning (kernel ridge); of a key word against one in a phrasing; share of the score that unknown words cost.

Chosen by leave-one-out over the catalogue, the thresholds on the open half of evaluation/questions
(`tools/score_questions.py`)."""

LONGEST_WHOLE, LONGEST_PART, MOST_PARTS = 45, 40, 8
"""Words up to which a whole message or a part of it is compared; parts that are, from the end of a long report."""

SHORTEST_STEM = 3
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_NO_ADULT = re.compile(r"\b(?:no|without(?: an?| any)?) (?:adults?|grown[ -]?ups?)\b")
"""Says that somebody is alone; the bare word would point to the answers about adults."""

@dataclass(frozen=True)
class Match:
    """The known question that a text asks, and the one that came next.

    Args:
        id: entry of `bot.protocol.counsel`.
        score: how near, about 0 to 1.
        runner_up: the next best entry.
        runner_up_score: its score.
        words: the part of the text that asked.
        asked: the message asks, or is short and says surely what people say who want this answer.
    """

    id: str
    score: float
    runner_up: str
    runner_up_score: float
    words: str
    asked: bool


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
    """Write a text in the words that the matcher compares: numbers and peoples by their kind, synonyms
    by their class; 17 and 18 stay, since answers hang on them.

    Args:
        text: as written.

    Returns:
        Lower-case words with single blanks; empty where there is no word.
    """
    same = _classes()
    words = _WORD.findall(_NO_ADULT.sub(" unaccompanied ", plain(text)))
    return " ".join(same.get(w) or ("num" if w.isdigit() else _stem(w)) for w in words)


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=1)
def _empty() -> frozenset[str]:
    return frozenset(word for word in reduced(" ".join(_data()["empty"])).split())


def _either(phrases: Iterable[str]) -> str:
    return "|".join(re.escape(p) for p in sorted(phrases, key=len, reverse=True))


@lru_cache(maxsize=1)
def _starts() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    data = _data()
    fillers = rf"(?:(?:{_either(data['fillers'])})\b[\s,:-]*)*"
    end = r"(?![\w'])(?! not?\b)"
    return (
        re.compile(rf"[\W\d]*{fillers}(?:{_either([*data['begins'], *data['goes_on']])}){end}"),
        re.compile(rf"[\W\d]*{fillers}(?:{_either(data['goes_on'])}){end}"),
        re.compile(rf"[\s,:()](?:{_either(data['goes_on'])}){end}"),
    )


def _asking_parts(text: str) -> list[str]:
    """Give the parts of a text that ask, from the question's first word on; in order."""
    begins, goes_on, goes_on_inside = _starts()
    found = []
    low = plain(text)
    for sentence in sentences(text):
        marked = "?" in text[sentence.end : sentence.end + 3]
        if begins.match(low, sentence.start, sentence.end):
            found.append(sentence.text)
            continue
        if not marked and not goes_on_inside.search(low, sentence.start, sentence.end):
            continue
        clauses = split(sentence.text, r"[,:()]+|\s-+\s|\b(?:and|but|or|und|so)\b(?=\s)")
        start = next((c.start for c in clauses[1:] if goes_on.match(plain(c.text))), None)
        if start is not None:
            found.append(sentence.text[start:])
        elif marked and _WORD.search(low, sentence.start, sentence.end):
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
    """What each answer's questions are made of: one profile of words and characters per answer, and every phrasing."""

    def __init__(self) -> None:
        entries = counsel().values()
        blocks = _data()["none"]
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
        telling = set(written.split()) - _empty()
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
    blocks = _data()["none"]
    texts = [*_lines(blocks["stories"]), *_lines(blocks["answers"])]
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
    every = _asking_parts(text)
    asked = [part for part in every if len(part.split()) <= LONGEST_PART][-MOST_PARTS:]
    asked = [part for part in dict.fromkeys(asked) if part != text and _telling(part)]
    whole = [text] if len(text.split()) <= LONGEST_WHOLE and _WORD.search(plain(text)) else []
    parts = [*whole, *asked]
    if not parts:
        return None
    scores, near = index().scores(parts)
    alone, near_alone = scores[0], near[0]
    if whole and asked:
        # The whole knows what it is about, the asking part what is wanted: each part is judged beside the whole.
        scores = (scores[:1] + BESIDE * scores[1:]) / (1 + BESIDE)
        parts, near = asked, near[1:]
    judged = [judge(*found, bool(every)) for found in zip(scores, near, parts, strict=True)]
    if whole and asked and not any(judged):
        sole = judge(alone, near_alone, text, True)
        judged = [sole if sole and sole.score - sole.runner_up_score >= TOLD_AHEAD else None]
    best = max((match for match in judged if match), key=lambda match: match.score, default=None)
    if best is not None and not best.asked and best.score >= SURE and len(text.split()) <= MOST_TOLD:
        return replace(best, asked=True)
    return best


def _telling(part: str) -> int:
    return len(set(reduced(part).split()) - _empty())


def judge(row: np.ndarray, near: np.ndarray, part: str, asked: bool) -> Match | None:
    """Decide whether the scores of a text are good enough.

    Args:
        row: scores of all labels.
        near: how near the nearest phrasing of each label is.
        part: the text.
        asked: it asks; otherwise it must be much nearer, and nearer than any story.

    Returns:
        The match, None where there is none.
    """
    labels = index().labels
    known = row[:-2]
    second, first = np.argsort(known)[-2:]
    least, ahead = (ASKED, ASKED_AHEAD) if asked else (TOLD, TOLD_AHEAD)
    against = row[-2] if asked else max(row[-2], STORY_AHEAD * row[-1])
    if known[first] < least or known[first] <= against or known[first] - known[second] < ahead:
        return None
    if not asked and (near[first] <= NEAR_STORY * near[-1] or len(part.split()) < FEWEST_TOLD):
        return None
    return Match(labels[first], float(known[first]), labels[second], float(known[second]), part, asked)
