"""One turn as a unit of work: changed in memory by actions, stored with the bot's memory in one transaction."""
from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.protocol.report import Data
from bot.protocol.wording import Reply, Setting

_CURRENT: ContextVar[Turn | None] = ContextVar("turn", default=None)


class NoTurn(RuntimeError):
    """An action ran outside a turn."""


@dataclass
class Addition:
    """What is to be stored with a report that was sent before."""

    text: str
    verified: bool
    report_id: str


@dataclass
class OtherReport:
    """Another report of the same conversation, with its content and the version that it was read at."""

    id: str
    data: Data
    version: int
    reference: str | None
    setting: Setting


@dataclass
class Turn:
    """What one turn knows and changes.

    Args:
        conversation_id: the conversation.
        message_id: the incoming message; None where the desk gave the chat back.
        text: what was written.
        report_id: the report that the conversation is about.
        report: its content, changed in place by actions.
        version: its version when the turn began.
        reference: its reference, set by the action that sends it.
        sent_at: when it was sent; None for a draft.
        setting: profile, country and desk.
        other_reports: drafts and referrals of this conversation beside the present one, oldest first.
    """

    conversation_id: str
    message_id: str | None
    text: str
    report_id: str
    report: Data
    version: int
    reference: str | None
    sent_at: datetime | None
    setting: Setting
    other_reports: list[OtherReport] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    """State in words of each reference sent from this conversation."""

    facts: Data | None = None
    """The reading that travelled on the message."""
    question: str | None = None
    """Id of the answer to what the message asks; empty where no answer fits."""
    nearest: tuple[str, ...] = ()
    """Ids of other answers that may have been meant, where it was not understood for sure."""
    read: bool = False
    """The message was entered into the report (Rasa asks an extraction several times)."""
    send: bool = False
    case_reason: str | None = None
    new_report: Data | None = None
    switch_to: OtherReport | None = None
    drop: bool = False
    additions: list[Addition] = field(default_factory=list)
    elsewhere: list[tuple[str, str]] = field(default_factory=list)
    """Additions to references of other conversations: (reference, text)."""
    confirmed_routes: list[str] = field(default_factory=list)
    failed: bool = False
    replies: list[Reply] = field(default_factory=list)

    said: list[dict[str, Any]] = field(default_factory=list)
    """What Rasa's output channel took, to be stored with the turn."""

    def asks(self, facts: Data) -> None:
        """Take what a message asks from its reading."""
        self.question, self.nearest = facts.get("question"), tuple(facts.get("nearest", ()))

    def say(self, *replies: Reply) -> None:
        """Add replies; the action that runs hands them to Rasa."""
        self.replies += replies


def current() -> Turn:
    """Give the turn that is under way.

    Raises:
        NoTurn: there is none.
    """
    turn = _CURRENT.get()
    if turn is None:
        raise NoTurn("no turn is under way")
    return turn


def begin(turn: Turn) -> None:
    """Make a turn the present one in this task."""
    _CURRENT.set(turn)
