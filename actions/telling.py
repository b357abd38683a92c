"""What a responder tells: enters the report, answers the open question, and is played back."""
from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from actions import explaining, sending
from bot.conversations.turn import Addition, Turn
from bot.protocol.agenda import asked_key, next_question
from bot.protocol.answers import DIFFERS, LONGEST_SHORT, choices, interpret, store
from bot.protocol.catalogue import Option, Question, questions, text, tongues
from bot.protocol.dialogue import HUMAN, OTHER, SAME, advise, emergency, play_back, say
from bot.protocol.entering import take
from bot.protocol.report import Data, in_danger, new_report, put, value
from bot.protocol.wording import Reply, fill
from bot.understanding.places import countries_in
from bot.understanding.question_words import is_question
from bot.understanding.reader import read
from bot.understanding.tongue import tongue

SHORT_ANSWER = 4
"""Words up to which an answer needs no play-back: it was just given."""

TRIES = 2
"""How often an optional question is put before it is left open; danger and tonight are never left."""


def tell(turn: Turn, intent: str, facts: Data) -> None:
    """Enter one message into the report.

    Args:
        turn: the turn.
        intent: inform, correct, send.
        facts: the reading that travelled on the message.
    """
    report = turn.report
    if facts.get("danger_words"):
        put(report, "danger", "yes", source="message", words=", ".join(facts["danger_words"])[:80])
    if report.pop("dropping", False) and sending.confirms(turn.text, intent):
        drop(turn)
        return
    if report.get("confirming") and sending.confirms(turn.text, intent):
        sending.send(turn)
        return
    if intent == "send":
        sending.hurry(turn)
        return
    if turn.sent_at and not report.get("open"):
        _after_sending(turn, intent, facts)
        return
    if _says_nothing_of_anybody(report, facts):
        turn.say(_greeting_or_refusal(turn, facts))
        return
    _enter(turn, intent, facts)
    turn.asks(facts)
    if turn.question:
        turn.say(*explaining.answer(turn))


def _says_nothing_of_anybody(report: Data, facts: Data) -> bool:
    """Tell whether this begins a chat without speaking of anybody."""
    begun = report["about_a_person"] or report.get("open") or report["account"]
    return not (begun or facts["about_a_person"] or facts["people"] or facts["signs"] or facts.get("danger_words"))


def _greeting_or_refusal(turn: Turn, facts: Data) -> Reply:
    if is_question(turn.text):
        turn.report["outside"] = True
        return say("out_of_scope", turn.report, turn.setting)
    if facts["not_understood"] and len(turn.text.split()) > SHORT_ANSWER:
        # It may be about a child, in words or a language that are not read here: never refused.
        turn.report["account"].append(turn.text)
        words = [_in_their_tongue(turn), say("not_understood", turn.report, turn.setting).text]
        return Reply("\n".join(filter(None, words)), ((HUMAN, text("human_title")),))
    return say("welcome", turn.report, turn.setting)


def _in_their_tongue(turn: Turn) -> str:
    """Give the short answer in the language of the message; empty where it is English or none of those known.

    From then on a person is offered with every question.
    """
    own = tongue(turn.text, frozenset(tongues()))
    turn.report["tongue"] = own or turn.report.get("tongue")
    return fill(tongues()[own], turn.report, turn.setting) if own else ""


def _enter(turn: Turn, intent: str, facts: Data) -> None:
    report = turn.report
    report.pop("outside", None)
    was_in_danger = in_danger(report)
    question = questions().get(report.get("open") or "")
    report["account"].append(turn.text)
    number = turn.text.strip(" .")
    if question is not None and number.isdigit() and 1 <= int(number) <= len(choices(question, report)) \
            and question.kind not in ("age", "phone"):
        # The number of a reply, and nobody's age.
        facts = {**facts, "people": [], "facts": [], "signs": [], "not_understood": []}
    correction = intent == "correct" or (question is not None and report.get("reopened") == question.id)
    # What is answered to "which is right?" replaces what did not fit together.
    correction = correction or (question is not None and question.id == "age" and bool(report["age_problem"]))
    if question is not None and question.id == "age" and re.fullmatch(r"\s*(?:19|20)\d\d\s*\.?\s*", turn.text):
        facts = {**read(f"born {turn.text.strip()}", datetime.now(timezone.utc).date()).to_dict(), "not_understood": []}
    if question is not None and intent != "correct":
        facts = _of_a_short_answer(question, turn.text, facts)
    if question is not None and question.field not in ("country", "place"):
        facts = _without_a_place_by_the_way(facts)
    about = next((p for p in report["persons"] if p["id"] == report.get("open_person")), None)
    changed = take(report, facts, correction, about)
    report["confirming"] = False
    answered = _answer(turn, question, facts, changed, bool(changed) and intent == "correct") if question else None
    if in_danger(report) and (not was_in_danger or facts.get("danger_words")):
        turn.say(emergency(report, turn.setting))
    if facts.get("foreign") and not report.get("tongue") and (words := _in_their_tongue(turn)):
        turn.say(Reply(words))
    shown = changed
    if answered is not None and len(turn.text.split()) <= SHORT_ANSWER:
        shown = [key for key in changed if key not in answered]
    # What to do now comes before what was understood: on a phone the rest may be below the screen.
    turn.say(*advise(report, turn.setting))
    turn.say(*play_back(report, shown, facts["not_understood"] if answered is None else [], turn.setting,
                        about))
    if question and answered is None and not changed and facts.get("question") is None:
        turn.say(say("kept", report, turn.setting))


def _of_a_short_answer(question: Question, words: str, facts: Data) -> Data:
    """Read a few words about one thing as just that: "police post until 8" does not say who writes."""
    if question.kind not in ("text", "phone", "countries") or len(words.split()) > LONGEST_SHORT:
        return facts
    beside = {"role", "place", "country", "accompanied", "claimed_link", "residence", "suspect_present"}
    beside |= {"nationality", "residence_country"} if question.kind == "countries" else set()
    beside -= {question.field, "country" if question.field == "place" else ""}
    return {**facts, "facts": [f for f in facts["facts"] if f["field"] not in beside], "not_understood": []}


def _without_a_place_by_the_way(facts: Data) -> Data:
    """Take a country that is the answer to whose it is for no place: it moves the case, and opens itself."""
    nations = {f["words"] for f in facts["facts"] if f["field"] == "nationality"}
    return {**facts, "facts": [f for f in facts["facts"] if f["field"] != "country" or f["words"] not in nations]}


def _answer(turn: Turn, question: Question, facts: Data, changed: list[str], corrected: bool) -> list[str] | None:
    """Take the message as an answer to the open question.

    Returns:
        The fields that the answer set; None where it was no answer.
    """
    report = turn.report
    read = {f["field"] for f in facts["facts"] if f["status"] != "denied"}
    read |= {key for person in facts["people"] for key in ("age", "child", "sex") if person.get(key) is not None}
    if question.id == "account" or (question.id == "signs" and facts["signs"]):
        mark_asked(report, question)
        return []
    answer = interpret(question, turn.text, read, report)
    if answer is None and question.kind == "countries" and (codes := countries_in(turn.text)):
        answer = {str(question.field): codes}
    # A correction of something else is no answer to the question that happens to be open.
    if corrected and question.field not in changed:
        answer = None
    if answer is None:
        tries = report.setdefault("tries", {})
        tries[question.id] = tries.get(question.id, 0) + (not turn.text.rstrip().endswith("?"))
        if question.tier != "urgent" and tries[question.id] >= TRIES:
            mark_asked(report, question)
        return None
    return take_answer(turn, question, answer, turn.text)


def take_answer(turn: Turn, question: Question, answer: Option | str | dict[str, Any], words: str) -> list[str]:
    """Store an answer and go on.

    Args:
        turn: the turn.
        question: the question that it answers.
        answer: an option, an open answer, field values, or nothing where the reading answered already.
        words: what was written or tapped.

    Returns:
        The fields and signs that it set.
    """
    report = turn.report
    if answer == DIFFERS:
        report["differs"] = [*report.get("differs", ()), question.id]
        report["open"] = None
        return []
    person_id = report.get("open_person") if report.get("open") == question.id else None
    changed = store(report, question, answer, words, person_id)
    if question.field and not changed and value(report, question.field) is not None:
        changed = [question.field]
    for field in changed:
        entry = report["values"].get(field)
        if entry:
            entry["source"] = "answer"
    mark_asked(report, question)
    if question.id == "age":
        report["age_problem_asked"] = bool(report["age_problem"])
        if report["persons"]:
            report["about_a_person"] = True
    if question.id == "danger" and isinstance(answer, str):
        turn.say(say("skip_danger", report, turn.setting))
    return changed


def mark_asked(report: Data, question: Question) -> None:
    """Note that a question was answered or passed, last."""
    key = asked_key(question, report.get("open_person") if report.get("open") == question.id else None)
    report["asked"] = [q for q in report["asked"] if q != key] + [key]
    if report.get("reopened") == question.id:
        report["reopened"] = report["reopened_person"] = None
    report["open"] = report["open_person"] = None


def _after_sending(turn: Turn, intent: str, facts: Data) -> None:
    """Take what is told after sending: an addition, or another case; a question is answered."""
    turn.asks(facts)
    if turn.question:
        turn.say(*explaining.answer(turn))
        if turn.text.rstrip().endswith("?") and not (facts["facts"] or facts["signs"] or facts.get("danger_words")):
            return
    speaks_of_somebody = bool(facts["people"]) and any(p.get("age") is not None for p in facts["people"])
    if speaks_of_somebody and intent != "correct":
        turn.report["pending"] = {"text": turn.text, "facts": facts}
        turn.say(Reply(text("same_or_other"), ((SAME, text("same_title")), (OTHER, text("other_title")))))
        return
    add(turn, turn.text, facts, intent == "correct")


def add(turn: Turn, words: str, facts: Data, correction: bool = False) -> None:
    """Store something as an addition to the report that was sent.

    Args:
        turn: the turn.
        words: what was written.
        facts: what was read in it.
        correction: it replaces what stood there.
    """
    was_in_danger = in_danger(turn.report)
    changed = take(turn.report, facts, correction)
    turn.report["account"].append(words)
    turn.additions.append(Addition(words, True, turn.report_id))
    if in_danger(turn.report) and (facts.get("danger_words") or not was_in_danger):
        turn.say(emergency(turn.report, turn.setting))
    if value(turn.report, "missing") == "now" and "missing" in changed:
        turn.case_reason = "missing"
    turn.say(*play_back(turn.report, changed, [], turn.setting))
    turn.say(say("added", turn.report, turn.setting, reference=turn.reference))


def drop(turn: Turn) -> None:
    """Drop the draft and begin afresh; a case that the desk has stays there."""
    turn.drop = True
    turn.new_report = new_report()
    turn.say(say("started_over", turn.report, turn.setting))


def other_person(turn: Turn) -> None:
    """Begin a new case with what was told about somebody else."""
    pending = turn.report.pop("pending", None)
    turn.new_report = new_report()
    if pending:
        turn.new_report["account"].append(pending["text"])
        take(turn.new_report, pending["facts"])


def goes_on(turn: Turn) -> bool:
    """Tell whether the report still wants an answer: a question or the last word."""
    if turn.report.get("outside") or turn.report.get("at_rest") or turn.report.get("pending"):
        return False
    return (not turn.sent_at and not turn.send) or (next_question(turn.report) is not None and turn.report["full"])
