"""Questions about the questions: why, which route, is she a victim; each answered with its source."""
from __future__ import annotations

from actions.people import no_responder
from actions.safe import Step
from bot.conversations.turn import Turn
from bot.protocol.catalogue import cite, text
from bot.protocol.counsel import answer_for, counsel
from bot.protocol.dialogue import HUMAN, explain_route, say, why
from bot.protocol.wording import MEANT, Reply, fill


def give_reason(turn: Turn) -> None:
    """Say why the open question is asked."""
    turn.say(*why(turn.report, turn.setting))


def give_route(turn: Turn) -> None:
    """Explain the route by the rules that fired."""
    turn.say(*explain_route(turn.report, turn.setting))


def no_verdict(turn: Turn) -> None:
    """Never say that somebody is or is not a victim."""
    turn.say(say("verdict", turn.report, turn.setting,
                 source=cite({"doc": "tor", "section": "glossary, presumed victim"})))
    if turn.report["persons"]:
        turn.say(*explain_route(turn.report, turn.setting))


def stay(turn: Turn) -> None:
    """Answer an attempt to make the assistant drop its rules."""
    turn.say(say("misuse", turn.report, turn.setting))


def greet(turn: Turn) -> None:
    """Greet; the question that is open follows."""
    begun = turn.report["about_a_person"] or turn.report["account"]
    turn.report.pop("at_rest", None)
    turn.say(say("greeting_again" if begun else "welcome", turn.report, turn.setting))


def give_answer(turn: Turn) -> None:
    """Answer a question in the middle, fitted to the case; where no answer fits, say so and offer a person."""
    turn.say(*answer(turn))


def answer(turn: Turn) -> list[Reply]:
    """Put the answer to what was asked into words.

    Args:
        turn: the turn, with the question that the message asks.

    Returns:
        The answer with its source, or that there is none with a person one tap away.
    """
    if turn.question:
        found = answer_for(turn.question, turn.report, turn.setting.here)
        said = f"{fill(found.say, turn.report, turn.setting)} {text('source', source=found.source)}"
        return [Reply(said), *_meant(turn)]
    if not (turn.report["about_a_person"] or turn.report["account"]):
        return [say("out_of_scope", turn.report, turn.setting)]
    no_answer = text("no_answer", duty_phone=turn.setting.profile.duty.phone)
    return [Reply(no_answer, ((HUMAN, text("human_title")),)), *_meant(turn)]


def _meant(turn: Turn) -> list[Reply]:
    """Offer the answers that may have been meant, each to be tapped."""
    if not turn.nearest or turn.report["discreet"]:
        return []
    titles = [(f"{MEANT}{one}", counsel()[one].title) for one in turn.nearest]
    return [Reply("\n".join([text("meant"), *(f"- {title}" for _, title in titles)]), tuple(titles))]


def give_meant(turn: Turn, chosen: str) -> None:
    """Answer what was meant, after a tap on it."""
    if chosen in counsel():
        turn.question, turn.nearest = chosen, ()
        turn.say(*answer(turn))


STEPS = {
    "ask": give_answer,
    "why": give_reason,
    "ask_route": give_route,
    "ask_verdict": no_verdict,
    "misuse": stay,
    "greet": greet,
}


class Explain(Step):
    """Explains, then the open question is asked again."""

    def name(self) -> str:
        """Name of the action."""
        return "action_explain"

    def step(self, turn: Turn, intent: str) -> None:
        """Do it."""
        if not no_responder(turn):
            STEPS[intent](turn)
