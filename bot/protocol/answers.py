"""Reads an answer to the open question: a tap, a number, a title, an open answer, or the words themselves."""
from __future__ import annotations

import re
from typing import Any

from bot.protocol.agenda import differs_possible, of_persons, persons_meant
from bot.protocol.catalogue import OPEN_ANSWERS, Option, Question, fields, text
from bot.protocol.report import Data, in_danger, put

TAP = "#"
"""First character of what a tap sends; a person who types it has tapped, no more."""

LONGEST_SHORT = 12
"""Words up to which a message that says something of the case is still an answer to a question for a short text."""

MAX_SHORT = 300
"""Longest text kept as the value of a short field; the whole message stays in the account."""

_OPEN_WORDS = {
    "unknown": r"(?:i )?(?:do ?n[o']?t|dont|dunno|cannot|can't) ?(?:know|say|tell)?|unknown|no idea|unclear|\?+|dk|"
    r"not sure|n/?a",
    "not_yet": r"not yet|later|no time(?: now)?|not asked(?: yet)?",
    "not_safe": r"not safe(?: to ask)?(?: now)?|unsafe|can(?:no|')?t ask(?: now)?",
}
_YES = re.compile(r"(?:yes|yeah|yep|ja|oui|si|sì|da|tak|y)\b", re.I)
_NO = re.compile(r"(?:no|nope|nein|non|ne|nie|n|none|nobody|no one|not now)\b", re.I)
_BESIDE_NO = re.compile(
    r"(?:no|not|none|nobody|nothing|now|right|at|the|moment|this|minute|here|there|today|tonight|yet|s?he|it|they|we|i|is|"
    r"are|was|says?|thinks?|sir|madam|thanks?|you|ok|fine|well|all|safe|really|sure|so|far|as|of|her|him|them|"
    r"is ?n'?t|does(?:n'?t)?|do|any)$")
"""A word that may stand beside a no without making it one to something else, such as "no papers"."""
_WORD = re.compile(r"[a-z']+")
_PHONE = re.compile(r"\+?\d[\d\s().\-/]{4,20}\d")


DIFFERS = "differs"
"""Key of the reply that says that an answer is not the same for all persons."""


def choices(question: Question, report: Data) -> list[tuple[str, str]]:
    """Give all tap replies of a question as (payload, title): its own, that it differs, the open answers."""
    shown = {o.key: o.title for o in question.options}
    if differs_possible(report, question):
        shown[DIFFERS] = text("differs_title")
    return [(f"{TAP}{question.id}={key}", title) for key, title in (shown | OPEN_ANSWERS).items()]


def tap(question: Question, key: str) -> Option | str | None:
    """Find what a tap means: an option, the key of an open answer or `DIFFERS`, None where there is no such reply."""
    if key in OPEN_ANSWERS or (key == DIFFERS and of_persons(question)):
        return key
    return next((o for o in question.options if o.key == key), None)


def interpret(question: Question, text: str, read: set[str], report: Data) -> Option | str | dict[str, Any] | None:
    """Read words as an answer.

    Args:
        question: the open question.
        text: what was written.
        read: fields that were already read out of the message.
        report: the report, for the replies that were offered.

    Returns:
        An option; an open answer's key; field values to store; an empty dict where the reading already answered; None
        where the words are no answer to this question.
    """
    plain = " ".join(text.lower().split()).strip(" .!")
    if plain.isdigit() and question.kind not in ("age", "phone"):
        replies = choices(question, report)
        if 1 <= int(plain) <= len(replies):
            return tap(question, replies[int(plain) - 1][0].split("=", 1)[1])
    for option in question.options:
        if plain in (option.title.lower(), option.key):
            return option
    for key, pattern in _OPEN_WORDS.items():
        if re.fullmatch(pattern, plain):
            return key
    whole = question.kind == "text" and len(plain.split()) <= LONGEST_SHORT and read <= {question.field, "country"}
    if not whole and (question.field in read or (question.unless and set(question.unless) & read)):
        return {}
    return _by_kind(question, text, plain, read)


def _by_kind(question: Question, text: str, plain: str, read: set[str]) -> Option | str | dict[str, Any] | None:
    short = len(plain.split()) <= 6
    keys = {o.key: o for o in question.options}
    if question.kind in ("choice", "list", "signs") and short:
        if _YES.match(plain) and "yes" in keys:
            return keys["yes"]
        no = _NO.match(plain)
        if no and _is_about(plain[no.end():], question):
            return keys.get("no") or keys.get("none")
    if question.kind == "phone":
        found = _PHONE.search(text)
        return {question.field: found.group().strip()} if found and question.field else None
    # "Yes", "9" or a question of the responder's own is no place and nobody's name.
    if question.kind == "text" and (plain in ("yes", "no", "ok", "oui", "si", "da") or plain.isdigit()
                                    or text.rstrip().endswith("?")
                                    or read & {"danger", "missing", "fear", "age"} - {question.field}):
        return None
    a_story = bool(read) and len(plain.split()) > LONGEST_SHORT
    if question.kind in ("text", "free_text") and question.field and (question.kind == "free_text" or not a_story):
        return {question.field: text.strip()[:MAX_SHORT]}
    if question.kind == "free_text":
        return {}
    if question.kind == "home":
        return {} if read & {"residence", "residence_country", "nationality"} else None
    if question.keeps_text_in and not short:
        return {question.keeps_text_in: text.strip()[:MAX_SHORT]}
    return None


def _is_about(rest: str, question: Question) -> bool:
    """Tell whether what follows a no leaves it one to this question: words of its replies, and words that say nothing.

    "No papers" or "no, not known" to "is she afraid of going back?" would open the country that she fears.
    """
    own = {word for words in (question.id, question.short, *(o.title for o in question.options))
           for word in _WORD.findall(words.lower())}
    return all(word in own or _BESIDE_NO.match(word) for word in _WORD.findall(rest))


def store(report: Data, question: Question, answer: Option | str | dict[str, Any], words: str,
          person_id: str | None = None) -> list[str]:
    """Enter an answer into the report.

    Args:
        report: the report, changed in place.
        question: the question that was open.
        answer: what `tap` or `interpret` gave.
        words: what was written or tapped.
        person_id: the person that the question was put about; None where it was put about all.

    Returns:
        Ids of the fields and signs that changed.
    """
    if isinstance(answer, str):
        if question.id == "danger" and in_danger(report):
            # Not knowing takes no danger back; only "no danger" does.
            return []
        if (question.field and fields()[question.field].scope == "report") or (question.field and report["persons"]):
            _put(report, question.field, answer, words, persons_meant(report, question, person_id))
        return [question.field] if question.field else []
    if isinstance(answer, Option) and answer.sign:
        report["signs"][answer.sign] = {"seen": "observed", "words": words, "sure": True}
        return [answer.sign]
    if isinstance(answer, Option) and answer.none:
        report["no_signs_seen"] = True
        return []
    sets = answer.sets if isinstance(answer, Option) else answer
    meant = persons_meant(report, question, person_id)
    for field, new in sets.items():
        _put(report, field, new, words, meant)
    return list(sets)


def _put(report: Data, field: str, new: Any, words: str, meant: list[Data]) -> None:
    """Store a value: a person's for those who are meant, which is somebody new where nobody was described yet."""
    if fields()[field].scope == "report" or not meant:
        put(report, field, new, source="answer", words=words)
        return
    for person in meant:
        put(report, field, new, source="answer", words=words, person=person)
