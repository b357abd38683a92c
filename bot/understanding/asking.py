"""Finds the question that a message asks: phrasings that are near, beside what the trained reader makes of it."""
from __future__ import annotations

from collections.abc import Iterator

from bot.understanding.learned import Opinion, reader
from bot.understanding.question_words import is_question
from bot.understanding.questions import find_question
from bot.understanding.reading import Reading
from bot.understanding.second import weight
from bot.understanding.text import sentences

UNANSWERED = 0.7
"""Share from which a question is one that no answer fits, whatever its words are near to."""

RIVAL, RIVALLED = 0.3, 0.6
"""Share from which the answer whose phrasings are nearest goes before one that the trained reader puts first, where it
gives that one less than the second share."""

NO_ANSWER = ""
"""Stands for a question that no answer fits."""

FEWEST_ASKING = 4
"""Words from which a question without an answer is taken for one, and not for a doubtful reply ("15?")."""


NEAREST, NEAR_ENOUGH = 2, 0.1
"""How many other answers are offered to be tapped where none is sure, and the least share of each."""
MOST_ASKING = 2
"""Sentences with a question mark that are looked at by themselves, from the end."""


def question_in(text: str, reading: Reading, opinion: Opinion) -> str | None:
    """Find the question that a message asks, beside or instead of what it tells.

    Args:
        text: the message.
        reading: what it tells.
        opinion: what the trained reader makes of it.

    Returns:
        Id of the answer, `NO_ANSWER` where it asks and no answer fits, None where it does not ask.
    """
    match = find_question(text)
    near = match.id if match is not None and (match.asked or not reading.tells_something) else None
    for shares in _parts_that_ask(text, opinion):
        answer = answer_asked(shares, near, is_question(text))
        if answer is not None:
            return answer
    asks = is_question(text) and len(text.split()) >= FEWEST_ASKING
    return NO_ANSWER if asks and not reading.tells_something else None


def nearest(text: str, asked: str | None) -> list[str]:
    """Find answers that may have been meant, where a question was not understood for sure.

    Args:
        text: the message.
        asked: what `question_in` made of it.

    Returns:
        Ids of the likeliest other answers, the likeliest first; none where nothing is asked or the answer is sure.
    """
    if asked is None:
        return []
    shares = reader().read(text).questions
    if asked and shares.get(asked, 1.0) >= weight("question").alone:
        return []
    likely = sorted((one for one in shares if one != asked and not one.startswith("-")), key=lambda one: -shares[one])
    return [one for one in likely[:NEAREST] if shares[one] >= NEAR_ENOUGH]


def _parts_that_ask(text: str, opinion: Opinion) -> Iterator[dict[str, float]]:
    """Give what the trained reader makes of the whole, then of the last sentences that end with a question mark."""
    yield opinion.questions
    pieces = sentences(text)
    asking = [piece.text for piece in pieces if "?" in text[piece.end - 1 : piece.end + 2]]
    for piece in asking[-MOST_ASKING:] if len(pieces) > 1 else ():
        yield reader().read(piece).questions


def answer_asked(shares: dict[str, float], near: str | None, asks: bool) -> str | None:
    """Choose the answer that a message asks for.

    Args:
        shares: what the trained reader makes of the message, or of a part of it.
        near: the answer whose phrasings are nearest, where they are near enough.
        asks: the message is put as a question.

    Returns:
        The answer's id; None where neither is sure.
    """
    believed = weight("question")
    best = max((answer for answer in shares if not answer.startswith("-")), key=lambda one: shares[one], default="")
    if near is not None and shares.get(near, 0.0) >= RIVAL and shares[best] < RIVALLED:
        return near
    leads = bool(best) and shares[best] == max(shares.values())
    if leads and shares[best] >= believed.alone:
        return best
    # Of an answer that was added since the last training the trained reader knows nothing: then the phrasings decide.
    unknown = shares.get("-elsewhere", 0.0) >= UNANSWERED
    if near is not None and not unknown and shares.get(near, 1.0) >= believed.beside:
        return near
    return best if leads and asks else None
