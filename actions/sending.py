"""The last word: one referral from one report, and the words that say so only where it is stored."""
from __future__ import annotations

import re

from bot.conversations.turn import Turn
from bot.protocol.agenda import next_question
from bot.protocol.answers import TAP
from bot.protocol.catalogue import text
from bot.protocol.dialogue import ADD, GONE, HUMAN, MORE, NEW, ROUTE, SEND, STATUS, say
from bot.protocol.routes import declined, routes_of, title
from bot.protocol.wording import CHANGE, Reply
from bot.referrals.reference import new_reference

TAKEN = "#taken="
"""Tap that says that a route's receiver elsewhere has taken the case; the route follows."""

_YES = re.compile(
    r"\s*(?:1|y|yes|yeah|yep|ok|okay|correct|all correct|right|(?:yes,? )?send(?: it)?(?: now)?)\s*[.!]*\s*", re.I
)


def confirms(words: str, intent: str) -> bool:
    """Tell whether the summary was confirmed."""
    return intent == "send" or words == SEND or (not words.startswith(TAP) and bool(_YES.fullmatch(words)))


def hurry(turn: Turn) -> None:
    """Go to the summary as fast as safety allows: only what is never skipped is still asked."""
    if turn.sent_at:
        turn.say(say("already_stored", turn.report, turn.setting, reference=turn.reference))
        return
    if not turn.report.get("hurry") and next_question(turn.report) is not None:
        turn.say(say("first_this", turn.report, turn.setting))
    turn.report["hurry"] = True
    turn.report["full"] = False
    turn.report["reopened"] = None


def send(turn: Turn) -> None:
    """Send the report: once, whatever is tapped or repeated.

    The words go out only when the turn's transaction is committed, and the record is part of it.
    """
    report, setting = turn.report, turn.setting
    if turn.sent_at:
        turn.say(say("already_stored", report, setting, reference=turn.reference))
        return
    if report["persons"] and all(declined(report, person) for person in report["persons"]):
        report["at_rest"] = True
        refused = say("adult_refuses", report, setting)
        turn.say(Reply(refused.text, ((HUMAN, text("human_title")), (f"{CHANGE}consent", text("change_consent")),
                                      (NEW, text("new_title")))))
        return
    routes = routes_of(report, setting.here)
    report["confirming"] = False
    report["at_rest"] = True
    if set(routes) <= {"consult"}:
        turn.case_reason = "consult"
        turn.say(say("stored_contact", report, setting))
        return
    turn.reference = turn.reference or new_reference()
    turn.send = True
    here = [r for r in routes if setting.profile.receivers[r].on_this_desk]
    elsewhere = [r for r in routes if r not in here]
    names = ", ".join(setting.profile.receivers[r].name for r in here) or setting.profile.duty.name
    parts = [text("stored", reference=turn.reference, receiver=names)]
    if not report["discreet"]:
        parts.append(text("stored_read_out", phone=setting.profile.duty.phone))
        parts.append(say("after_sending", report, setting).text)
    turn.say(Reply("\n".join(parts), afterwards()))
    for route in elsewhere:
        receiver = setting.profile.receivers[route]
        turn.say(Reply(
            text("stored_elsewhere", title=title(route), receiver=receiver.name, phone=receiver.phone),
            ((f"{TAKEN}{route}", text("taken_title")), *afterwards()),
        ))


def keep_taps(turn: Turn) -> None:
    """Give the last reply of a turn the tap replies of after sending, where nothing is asked and none are there."""
    quiet = turn.sent_at and not turn.report.get("open") and not any(r.quick_replies for r in turn.replies)
    if quiet and turn.replies:
        turn.replies[-1] = Reply(turn.replies[-1].text, afterwards())


def afterwards() -> tuple[tuple[str, str], ...]:
    """Give the tap replies that make sense once a report was sent."""
    return (
        (ADD, text("add_title")), (GONE, text("gone_title")), (STATUS, text("status_title")),
        (MORE, text("more_after_title")), (ROUTE, text("route_title")),
        (NEW, text("new_title")), (HUMAN, text("human_title")),
    )
