"""Steering the chat: back, skip, change, start again, stop, another case, short messages."""
from __future__ import annotations

import re

from actions import sending
from actions.safe import Step
from actions.telling import mark_asked
from bot.conversations.turn import Turn
from bot.protocol.agenda import next_question
from bot.protocol.answers import store
from bot.protocol.catalogue import questions, text
from bot.protocol.dialogue import change_line, say
from bot.protocol.report import new_report
from bot.protocol.wording import Reply

DROP, KEEP = "#drop", "#keep"


def back(turn: Turn) -> None:
    """Open the last question again; what was answered stays until it is answered anew."""
    report = turn.report
    if not report["asked"]:
        turn.say(say("back_nothing", report, turn.setting))
        return
    report["reopened"] = report["asked"].pop()
    report["confirming"] = False
    turn.say(say("back", report, turn.setting))


def skip(turn: Turn) -> None:
    """Leave the open question open, as unknown; danger left open counts as possible danger."""
    report = turn.report
    question = questions().get(report.get("open") or "")
    if question is None:
        return
    store(report, question, "unknown", turn.text)
    mark_asked(report, question)
    turn.say(say("skip_danger" if question.id == "danger" else "skipped", report, turn.setting))


def change(turn: Turn) -> None:
    """Open the line that the words name."""
    wanted = re.sub(r"^\s*(?:change|edit|correct the|wrong)\s*(?:the|my)?\s*", "", turn.text, flags=re.I).strip(" .!?")
    turn.say(*change_line(turn.report, wanted, turn.setting))


def start_over(turn: Turn) -> None:
    """Ask once before a draft is dropped."""
    turn.say(Reply(text("start_over_sure"), ((DROP, text("start_over_yes")), (KEEP, text("start_over_no")))))
    turn.report["at_rest"] = True


def drop(turn: Turn) -> None:
    """Drop the draft and begin afresh; a case that the desk has stays there."""
    turn.drop = True
    turn.new_report = new_report()
    turn.say(say("started_over", turn.report, turn.setting))


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
    """Begin another case beside the present one."""
    turn.new_report = new_report()
    turn.say(say("new_case", turn.report, turn.setting))


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
    """Show the summary as soon as what is never skipped was asked."""
    sending.hurry(turn)
    turn.report["confirming"] = False


def welcome_back(turn: Turn) -> None:
    """The desk gave the chat back."""
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
