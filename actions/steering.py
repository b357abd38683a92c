"""Steering the chat: back, skip, change, start again, stop, another case, short messages."""
from __future__ import annotations

import re
from datetime import date

from actions import sending
from actions.safe import Step
from actions.telling import mark_asked, take_answer
from bot.conversations.turn import Addition, Turn
from bot.protocol.agenda import asked_key, next_question, of_persons
from bot.protocol.answers import interpret, store
from bot.protocol.catalogue import questions, text
from bot.protocol.dialogue import change_line, emergency, play_back, play_back_of, say, so_far
from bot.protocol.report import in_danger, new_report, put, take, take_more_people
from bot.protocol.wording import Reply
from bot.understanding.reader import read

DROP, KEEP = "#drop", "#keep"


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


def change(turn: Turn) -> None:
    """Open the line that the words name."""
    wanted = re.sub(r"^\s*(?:change|edit|correct the|wrong)\s*(?:the|my)?\s*", "", turn.text, flags=re.I).strip(" .!?")
    line, _, new = wanted.partition(" to ")
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
    """Return to the case before."""
    if not turn.other_reports:
        turn.say(say("other_case_none", turn.report, turn.setting))
        return
    turn.switch_to = turn.other_reports[-1]
    turn.say(say("other_case", turn.report, turn.setting))


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
    turn.say(*so_far(turn.report))
    sending.hurry(turn)


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
