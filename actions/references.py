"""About what was sent: status, additions, and a child gone missing afterwards. Nothing is confirmed to strangers."""
from __future__ import annotations

import re

from actions.safe import Step
from bot.conversations.turn import Addition, Turn
from bot.protocol.catalogue import text
from bot.protocol.dialogue import say
from bot.protocol.entering import take
from bot.protocol.report import put
from bot.protocol.wording import Reply
from bot.referrals.reference import clean_reference

_LOOKS_LIKE_ONE = re.compile(r"(?=(?:[A-Za-z\d][\s-]?){12,})[A-Za-z\d][A-Za-z\d -]{10,30}")
_COMMAND = re.compile(r"^\s*(?:status(?: of)?|add to|addition to|add this to)[:\s]*", re.I)


def reference_in(words: str) -> tuple[str | None, bool, str]:
    """Find a reference in a command.

    Args:
        words: such as "add to 7K2M-...: the van was white".

    Returns:
        The reference, None where there is none or its check character is wrong; whether something like one stood
        there; and the rest of the words.
    """
    rest = _COMMAND.sub("", words)
    pieces = rest.split()
    for count in range(min(6, len(pieces)), 0, -1):
        clean = clean_reference("".join(pieces[:count]).strip(":;,."))
        if clean:
            return clean, True, " ".join(pieces[count:]).strip(" :;,.")
    first = pieces[0] if pieces else ""
    return None, bool(_LOOKS_LIKE_ONE.match(rest)) and any(c.isdigit() for c in first), rest


def status(turn: Turn) -> None:
    """Tell how a reference stands, in full only in the conversation that sent it."""
    reference, attempted, _ = reference_in(turn.text)
    if reference in turn.states:
        turn.say(_state(turn, str(reference)))
    elif reference:
        turn.say(say("status_elsewhere", turn.report, turn.setting))
    elif attempted:
        turn.say(say("status_wrong", turn.report, turn.setting))
    elif turn.states:
        turn.say(*[_state(turn, known) for known in turn.states])
    else:
        turn.say(say("status_none", turn.report, turn.setting))


def _state(turn: Turn, reference: str) -> Reply:
    return Reply(text("status_here", reference=reference, state=turn.states[reference]))


def add_to(turn: Turn) -> None:
    """Add to a reference: verified in the conversation that sent it, else unverified and unconfirmed."""
    reference, attempted, rest = reference_in(turn.text)
    if reference is None and attempted:
        turn.say(say("status_wrong", turn.report, turn.setting))
        return
    if reference and reference not in turn.states:
        turn.elsewhere.append((reference, rest or turn.text))
        turn.say(say("added_unverified", turn.report, turn.setting))
        return
    if turn.sent_at is None and reference is None:
        turn.say(say("status_none", turn.report, turn.setting))
        return
    if not rest or rest.lower() in ("my referral", "referral", "the referral"):
        turn.say(say("add_what", turn.report, turn.setting))
        return
    known = reference or turn.reference
    turn.additions.append(Addition(rest, True, turn.report_id if known == turn.reference else f"ref:{known}"))
    turn.say(say("added", turn.report, turn.setting, reference=known))


def gone(turn: Turn) -> None:
    """The child is missing now: one message is enough."""
    if turn.facts:
        take(turn.report, turn.facts)
    put(turn.report, "missing", "now", source="answer", words=turn.text)
    put(turn.report, "danger", "yes", source="answer", words=turn.text)
    take(turn.report, {"people": [], "facts": [], "signs": [], "about_a_person": True})
    turn.case_reason = "missing"
    if turn.sent_at:
        turn.additions.append(Addition(turn.text, True, turn.report_id))
        turn.report["at_rest"] = True
    turn.say(say("gone", turn.report, turn.setting))


STEPS = {"status": status, "add_to": add_to, "gone": gone}


class Reference(Step):
    """Answers about what was sent."""

    def name(self) -> str:
        """Name of the action."""
        return "action_reference"

    def step(self, turn: Turn, intent: str) -> None:
        """Do it."""
        STEPS[intent](turn)
