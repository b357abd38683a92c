"""Rasa's tracker store: keeps a conversation small, and stores the whole turn in one transaction."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SessionStarted, SlotSet, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import select

from bot.conversations.tables import DialogueState
from bot.crash_points import reached
from bot.database import reading, writing


class TurnStore(TrackerStore):
    """Stores what Rasa must remember together with all that the turn changed.

    What is kept is a new session: slots, active loop, requested slot and that the bot listens. So a turn costs the same
    at message 5 and at message 500, and the texts of a conversation stand in one place only, the table of messages.

    Args:
        domain: the assistant's domain.
        commit: called inside the transaction to store the rest of the turn; False keeps the old memory.
    """

    def __init__(self, domain: Domain, commit: Any) -> None:
        super().__init__(domain, None)
        self._commit = commit

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """Begin a conversation's memory; it is stored with its first turn and not, as Rasa would, before."""
        tracker = self.init_tracker(sender_id)
        if append_action_listen:
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store the turn.

        Args:
            tracker: Rasa's tracker at the end of the turn.
        """
        events = [event.as_dict() for event in kept(tracker)]
        reached("turn.thought")
        with writing() as session:
            if not self._commit(session):
                return
            row = session.get(DialogueState, tracker.sender_id)
            if row is None:
                row = DialogueState(conversation_id=tracker.sender_id, events=events)
                session.add(row)
            row.events = events
            session.flush()
            reached("turn.before_commit")
        reached("turn.committed")

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Give the tracker of a conversation; None for a new one."""
        with reading() as session:
            row = session.get(DialogueState, sender_id)
        if row is None:
            return None
        return DialogueStateTracker.from_events(
            sender_id, deserialise_events(row.events), self.domain.slots, domain=self.domain
        )

    async def keys(self) -> Iterable[str]:
        """Give the ids of all conversations."""
        with reading() as session:
            return list(session.execute(select(DialogueState.conversation_id)).scalars())


def kept(tracker: DialogueStateTracker) -> list[Event]:
    """Reduce a tracker to what the next turn needs.

    Args:
        tracker: the tracker at the end of a turn.

    Returns:
        The events of a session that begins where this turn ended.
    """
    events: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
    events += [
        SlotSet(name, slot.value)
        for name, slot in tracker.slots.items()
        if slot.value is not None and name != REQUESTED_SLOT
    ]
    if tracker.active_loop_name:
        events += [ActiveLoop(tracker.active_loop_name), SlotSet(REQUESTED_SLOT, tracker.get_slot(REQUESTED_SLOT))]
    return [*events, ActionExecuted(ACTION_LISTEN_NAME)]
