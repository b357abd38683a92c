"""The form `referral`: each message enters the report, then the next question is asked, until it was sent."""
from __future__ import annotations

from typing import Any

import structlog
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction

from actions import explaining, people, references, sending, steering, telling
from actions.safe import Step, fail, utter
from bot.conversations.turn import Turn, current
from bot.protocol.answers import DIFFERS, TAP, tap
from bot.protocol.catalogue import questions
from bot.protocol.dialogue import (
    ADD,
    GONE,
    HUMAN,
    LATER,
    MORE,
    NEW,
    NOTED,
    OTHER,
    PERSON,
    ROUTE,
    SAME,
    SEND,
    STATUS,
    advise,
    ask,
    change_line,
    emergency,
    play_back,
    say,
)
from bot.protocol.report import Data, entry_of, in_danger
from bot.protocol.wording import CHANGE, MEANT

log = structlog.get_logger()

TELLING = ("inform", "correct", "send", "tap")
"""Intents that enter the report; every other one is a digression with a rule of its own."""

DONE = "done"
"""Value of the slot `sent` while a form ends."""

_TAPS = {
    SEND: sending.send, MORE: steering.more, LATER: steering.later, HUMAN: people.human, NEW: steering.new_case,
    GONE: references.gone, STATUS: references.status, OTHER: telling.other_person, steering.DROP: telling.drop,
    ROUTE: explaining.give_route, PERSON: steering.add_person, NOTED: steering.noted,
}


class ValidateReferral(FormValidationAction):
    """Enters what was told into the report; fills `sent` when nothing is open any more."""

    def name(self) -> str:
        """Name of the action."""
        return "validate_referral"

    async def extract_sent(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> dict[str, Any]:
        """Take the message into the report, once a turn (Rasa asks several times).

        Args:
            dispatcher: takes the replies.
            tracker: carries the message with its reading.
            domain: not used.

        Returns:
            `sent`: a value when the form is done, None while something is open; nothing for a digression, so that the
            form steps aside and the digression's rule answers.
        """
        turn = current()
        message = tracker.latest_message
        intent = (message.get("intent") or {}).get("name")
        if turn.failed:
            return {"sent": DONE}
        if intent not in TELLING:
            return {}
        if not turn.read:
            turn.read = True
            try:
                turn.report.pop("at_rest", None)
                if people.no_responder(turn):
                    pass
                elif intent == "tap":
                    _tapped(turn)
                else:
                    telling.tell(turn, intent, message["case_facts"])
            except Exception as error:  # noqa: BLE001 (an action must never raise: Rasa would go on with the rule)
                fail(turn, dispatcher, error)
                return {"sent": DONE}
            sending.keep_taps(turn)
            utter(dispatcher, turn.replies)
            turn.replies.clear()
        return {"sent": None if telling.goes_on(turn) else DONE}

    def validate_sent(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> dict[str, Any]:
        """Take what the extraction decided."""
        return {"sent": value}


def _tapped(turn: Turn) -> None:
    report = turn.report
    words = turn.text
    if words.startswith(CHANGE):
        turn.say(*change_line(report, words.removeprefix(CHANGE), turn.setting))
    elif words.startswith(MEANT):
        explaining.give_meant(turn, words.removeprefix(MEANT))
    elif words.startswith(sending.TAKEN):
        route = words.removeprefix(sending.TAKEN)
        if route in turn.setting.profile.receivers:
            turn.confirmed_routes.append(route)
            turn.say(say("taken_confirmed", report, turn.setting, receiver=turn.setting.profile.receivers[route].name))
    elif words == SAME and report.get("pending"):
        pending = report.pop("pending")
        telling.add(turn, pending["text"], pending["facts"])
    elif words == ADD:
        report["at_rest"] = True
        turn.say(say("add_what", report, turn.setting))
    elif words.startswith(steering.OPEN):
        steering.open_case(turn, words.removeprefix(steering.OPEN))
    elif words in _TAPS:
        _TAPS[words](turn)
    elif "=" in words:
        _answer_tapped(turn, *words.removeprefix(TAP).split("=", 1))


def _answer_tapped(turn: Turn, question_id: str, key: str) -> None:
    """Take a tap on a reply, of the open question or of an older one, which corrects it."""
    question = questions().get(question_id)
    answer = tap(question, key) if question else None
    if question is None or answer is None:
        turn.say(say("change_unknown", turn.report, turn.setting))
        return
    report = turn.report
    title = answer if isinstance(answer, str) else answer.title
    was_in_danger = in_danger(report) and not _raised_at_the_door(report, title)
    again = question_id in report["asked"] and report.get("open") != question_id and answer != DIFFERS
    open_before = report.get("open")
    report["about_a_person"] = True
    changed = telling.take_answer(turn, question, answer, title)
    if in_danger(report) and not was_in_danger:
        turn.say(emergency(report, turn.setting))
    if again:
        report["open"] = open_before
        turn.say(*play_back(report, changed, [], turn.setting))
    turn.say(*advise(report, turn.setting))


def _raised_at_the_door(report: Data, title: str) -> bool:
    """Tell whether the danger that stands there is that of this very tap, of which the door told the desk already."""
    entry = entry_of(report, "danger")
    return entry is not None and (entry["source"], entry["words"]) == ("message", title)


class AskNext(Step):
    """Asks the next question, or shows the summary."""

    def name(self) -> str:
        """Name that Rasa looks for: the ask action of the form's one slot."""
        return "action_ask_referral_sent"

    def step(self, turn: Turn, intent: str) -> None:
        """Ask; after a stop, or where another report is to be opened first, say nothing."""
        report = turn.new_report or turn.report
        if turn.switch_to or report.get("at_rest") or (not telling.goes_on(turn) and not turn.new_report):
            return
        if turn.new_report:
            turn.say(*play_back(report, list(_all_keys(report)), [], turn.setting))
        turn.say(*ask(report, turn.setting))


def _all_keys(report: dict[str, Any]) -> set[str]:
    found = {*report["values"], *report["signs"]}
    for person in report["persons"]:
        found |= set(person["values"])
    return found


class AfterSending(Step):
    """Makes the form ready for the next report of this chat."""

    def name(self) -> str:
        """Name of the action."""
        return "action_after_sending"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[dict[str, Any]]:
        """Empty the slot that ended the form, and ask on where another report was begun."""
        events = await super().run(dispatcher, tracker, domain)
        return [*events, {"event": "slot", "name": "sent", "value": None, "timestamp": None}]

    def step(self, turn: Turn, intent: str) -> None:
        """Ask the first question of a report that was begun in this turn."""
        if turn.new_report is not None and not turn.new_report.get("open"):
            turn.say(*ask(turn.new_report, turn.setting))


class ReadAgain(Step):
    """Answers where Rasa's rules foresee nothing: the message is kept, and the open question asked again."""

    def name(self) -> str:
        """Name of the action."""
        return "action_read_again"

    def step(self, turn: Turn, intent: str) -> None:
        """Say so and ask."""
        turn.say(say("kept", turn.report, turn.setting), *ask(turn.report, turn.setting))
        turn.report["account"].append(turn.text)
