"""Steering the chat: back, skip, change, start again, stop, another case, short messages."""
from __future__ import annotations

import re
from datetime import date

from actions import sending, telling
from actions.safe import Step
from actions.telling import mark_asked, take_answer
from bot.conversations.turn import Addition, OtherReport, Turn
from bot.protocol.agenda import asked_key, next_question, of_persons
from bot.protocol.answers import interpret, store
from bot.protocol.catalogue import questions, text
from bot.protocol.dialogue import ask, change_line, emergency, is_line, play_back, play_back_of, say, so_far
from bot.protocol.entering import take, take_more_people
from bot.protocol.report import in_danger, new_report, put
from bot.protocol.wording import Reply, describe
from bot.understanding.reader import read

DROP, KEEP, OPEN = "#drop", "#keep", "#open:"


def back(turn: Turn) -> None:
    """Open the last question again; what was answered stays until it is answered anew."""
    report = turn.report
    if not report["asked"]:
        turn.say(say("back_nothing", report, turn.setting))
        return
    report["reopened"], _, person = report["asked"].pop().partition("@")
    report["reopened_person"] = person or None
    report["confirming"] = False
    turn.say(say("back", report, turn.setting))


def skip(turn: Turn) -> None:
    """Leave the open question open, as unknown; danger left open counts as possible danger."""
    report = turn.report
    question = questions().get(report.get("open") or "")
    if question is None:
        return
    store(report, question, "unknown", turn.text, report.get("open_person"))
    mark_asked(report, question)
    turn.say(say("skip_danger" if question.id == "danger" else "skipped", report, turn.setting))


_PERSON = re.compile(r"\b(?:of |for )?person (\d{1,2})(?:'s)?\b", re.I)


def change(turn: Turn) -> None:
    """Open the line that the words name."""
    wanted = re.sub(r"^\s*(?:change|edit|correct the|wrong)\s*(?:the|my)?\s*", "", turn.text, flags=re.I).strip(" .!?")
    line, _, new = wanted.partition(" to ")
    number = _PERSON.search(line)
    line = _PERSON.sub("", line).strip(" ,:")
    persons = turn.report["persons"]
    if number and 1 <= int(number[1]) <= len(persons):
        line += f"@{persons[int(number[1]) - 1]['id']}"
    if not is_line(line) and turn.facts and (turn.facts["people"] or turn.facts["facts"]):
        telling.tell(turn, "correct", turn.facts)
        return
    turn.say(*change_line(turn.report, line, turn.setting))
    question = questions().get(turn.report.get("reopened") or "")
    answer = interpret(question, new, set(), turn.report) if question is not None and new else None
    if question is not None and answer is None and new:
        countries = ("nationality", "residence_country", "country") if question.kind == "country" else ()
        found = [fact.value for fact in read(new, date.today()).facts
                 if fact.field in (question.field, *countries) and fact.status != "denied"]
        answer = {question.field: found[0]} if found and question.field else None
    if question is not None and answer:
        turn.replies.clear()
        turn.say(*play_back(turn.report, take_answer(turn, question, answer, new), [], turn.setting))


def start_over(turn: Turn) -> None:
    """Ask once before a draft is dropped."""
    turn.say(Reply(text("start_over_sure"), ((DROP, text("start_over_yes")), (KEEP, text("start_over_no")))))
    turn.report["at_rest"] = True
    turn.report["dropping"] = True


def later(turn: Turn) -> None:
    """Stop for now; nothing is lost."""
    turn.report["at_rest"] = True
    turn.say(say("later", turn.report, turn.setting))


def discreet(turn: Turn) -> None:
    """Go on in short messages, because somebody is near."""
    turn.report["discreet"] = True
    turn.say(say("cannot_talk", turn.report, turn.setting))


def aloud(turn: Turn) -> None:
    """Go back to full messages."""
    turn.report["discreet"] = False
    turn.say(say("can_talk", turn.report, turn.setting))


def new_case(turn: Turn) -> None:
    """Begin another case beside the present one, with what the message tells of it."""
    turn.new_report = new_report()
    turn.say(say("new_case", turn.report, turn.setting))
    if turn.facts and (turn.facts["about_a_person"] or turn.facts["danger_words"]):
        if turn.facts["danger_words"]:
            put(turn.new_report, "danger", "yes", source="message", words=", ".join(turn.facts["danger_words"])[:80])
        turn.new_report["account"].append(turn.text)
        take(turn.new_report, turn.facts)
        if in_danger(turn.new_report):
            turn.replies.insert(0, emergency(turn.new_report, turn.setting))


def add_person(turn: Turn) -> None:
    """Add a person to the report, with what the message tells of them; what is still open is asked about them alone."""
    report = turn.report
    facts = turn.facts or {"people": [], "facts": [], "signs": [], "about_a_person": True}
    for question in questions().values():
        # What was asked once is now asked about the newcomer alone.
        if of_persons(question) and question.id in report["asked"]:
            report["asked"] += [asked_key(question, person["id"]) for person in report["persons"]]
            report["differs"] = list(dict.fromkeys([*report.get("differs", ()), question.id]))
    if facts["people"]:
        report["account"].append(turn.text)
    if facts.get("danger_words"):
        put(report, "danger", "yes", source="message", words=", ".join(facts["danger_words"])[:80])
        turn.say(emergency(report, turn.setting))
    report["about_a_person"] = True
    report["confirming"] = False
    newcomers = take_more_people(report, facts)
    if turn.sent_at:
        turn.additions.append(Addition(turn.text, True, turn.report_id))
        turn.say(say("added", report, turn.setting, reference=turn.reference))
    numbers = [str(report["persons"].index(person) + 1) for person in newcomers]
    turn.say(say("person_added", report, turn.setting, number=", ".join(numbers)))
    turn.say(*play_back_of(report, [person["id"] for person in newcomers]))


def other_case(turn: Turn) -> None:
    """Return to the other case; where there are several, ask which."""
    if len(turn.other_reports) == 1:
        _switch(turn, turn.other_reports[0])
    elif turn.other_reports:
        taps = tuple((f"{OPEN}{other.id}", _which(other)) for other in turn.other_reports)
        turn.say(Reply(text("other_case_which"), taps))
        turn.report["at_rest"] = True
    else:
        turn.say(say("other_case_none", turn.report, turn.setting))


def open_case(turn: Turn, report_id: str) -> None:
    """Return to the case that was tapped."""
    other = next((one for one in turn.other_reports if one.id == report_id), None)
    if other is None:
        turn.say(say("other_case_none", turn.report, turn.setting))
        return
    _switch(turn, other)


def _which(other: OtherReport) -> str:
    people = ", ".join(describe(person) for person in other.data["persons"]) or text("nobody_yet")
    return f"{other.reference}: {people}" if other.reference else people


def _switch(turn: Turn, other: OtherReport) -> None:
    turn.switch_to = other
    other.data.pop("at_rest", None)
    turn.say(say("other_case", turn.report, turn.setting, which=_which(other)))
    if other.reference:
        turn.say(Reply(text("already_stored", reference=other.reference), sending.afterwards()))
    else:
        turn.say(*ask(other.data, other.setting))


def more(turn: Turn) -> None:
    """Ask what is not asked before sending; after sending the answers are additions."""
    turn.report["full"] = True
    turn.report["hurry"] = False
    turn.report["confirming"] = False
    if turn.sent_at and next_question(turn.report) is None:
        turn.say(say("nothing_yet", turn.report, turn.setting))


def summary(turn: Turn) -> None:
    """Show what is noted; the summary proper follows as soon as what is never skipped was asked."""
    turn.report["confirming"] = False
    sending.hurry(turn)
    if next_question(turn.report) is not None:
        turn.say(*so_far(turn.report))


def noted(turn: Turn) -> None:
    """Show everything that would be sent, to somebody who gets short messages."""
    turn.say(*so_far(turn.report))


def welcome_back(turn: Turn) -> None:
    """The desk gave the chat back."""
    if turn.sent_at:
        back = say("welcome_back_sent", turn.report, turn.setting, reference=turn.reference)
        turn.say(Reply(back.text, sending.afterwards()))
        return
    turn.say(say("welcome_back", turn.report, turn.setting))


STEPS = {
    "step_back": back,
    "skip": skip,
    "change": change,
    "start_over": start_over,
    "later": later,
    "cannot_talk": discreet,
    "can_talk": aloud,
    "new_case": new_case,
    "other_case": other_case,
    "add_person": add_person,
    "more": more,
    "summary": summary,
    "resume": welcome_back,
}


class Steer(Step):
    """Does what the responder says about the chat itself."""

    def name(self) -> str:
        """Name of the action."""
        return "action_steer"

    def step(self, turn: Turn, intent: str) -> None:
        """Do it."""
        turn.report.pop("at_rest", None)
        STEPS[intent](turn)
