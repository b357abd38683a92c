"""A person is wanted at once, or the writer is not a responder: the controller, a relative, the child."""
from __future__ import annotations

from actions.safe import Step
from bot.conversations.turn import Turn
from bot.protocol.dialogue import say


def human(turn: Turn) -> None:
    """Put the chat in front of a person on duty; nothing has to be answered first."""
    turn.case_reason = "human"
    turn.say(say("human", turn.report, turn.setting))
    if not turn.setting.officer_present:
        turn.say(say("human_nobody", turn.report, turn.setting))


def controller(turn: Turn) -> None:
    """Refuse calmly to say where any child is, or whether there is one; flag the request."""
    turn.case_reason = "human"
    turn.report["possible_controller"] = True
    turn.report["at_rest"] = True
    turn.say(say("controller", turn.report, turn.setting))


def victim(turn: Turn) -> None:
    """Answer somebody who writes about themselves: short, danger first, a person at once, no questions."""
    turn.case_reason = "human"
    turn.report["possible_victim_writes"] = True
    turn.report["discreet"] = True
    turn.report["at_rest"] = True
    turn.say(say("victim", turn.report, turn.setting))


def no_responder(turn: Turn) -> bool:
    """Answer whoever was taken for the controller or the victim before: as such, and with no questions.

    Returns:
        Whether the writer is one of them.
    """
    key = next((key for flag, key in _WRITERS.items() if turn.report.get(flag)), None)
    if key is None:
        return False
    turn.report["account"].append(turn.text)
    turn.report["at_rest"] = True
    turn.case_reason = "human"
    turn.say(say(key, turn.report, turn.setting))
    return True


_WRITERS = {"possible_controller": "controller_again", "possible_victim_writes": "victim_again"}

STEPS = {"human": human, "controller": controller, "victim": victim}


class People(Step):
    """Brings a person into the chat."""

    def name(self) -> str:
        """Name of the action."""
        return "action_people"

    def step(self, turn: Turn, intent: str) -> None:
        """Do it."""
        turn.report["account"].append(turn.text)
        STEPS[intent](turn)
