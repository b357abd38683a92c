"""Recognises a question in the middle of a case: is it one, and which of the known ones, by its nearest phrasings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bot.understanding.likeness import index
from bot.understanding.question_words import WORD, asking_parts, empty, reduced
from bot.understanding.text import plain

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

LONGEST_WHOLE, LONGEST_PART, MOST_PARTS = 45, 40, 8
"""Words up to which a whole message or a part of it is compared; parts that are, from the end of a long report."""


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


def find_question(text: str) -> Match | None:
    """Find which known question a message asks.

    Args:
        text: the message; it may tell a case beside the question.

    Returns:
        The best match of the message as a whole and of its asking parts; None where it only tells something, or
        where no answer fits.
    """
    every = asking_parts(text)
    asked = [part for part in every if len(part.split()) <= LONGEST_PART][-MOST_PARTS:]
    asked = [part for part in dict.fromkeys(asked) if part != text and _telling(part)]
    whole = [text] if len(text.split()) <= LONGEST_WHOLE and WORD.search(plain(text)) else []
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
    return len(set(reduced(part).split()) - empty())


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
