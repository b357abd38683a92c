"""Who writes: what an invitation proves of a responder, in a report and in words."""
from __future__ import annotations

from sqlalchemy.orm import Session

from bot.conversations.tables import Conversation
from bot.protocol.names import value_in_words
from bot.protocol.report import Data, put
from bot.security.invitations import Binding, binding_of


def enter_sender(session: Session, conversation: Conversation, content: Data) -> None:
    """Enter what is known of the sender, so that it need not be asked; what somebody answered outright stays.

    Args:
        session: any transaction.
        conversation: where the report is told.
        content: the report, changed in place.
    """
    bound = binding_of(session, conversation.owner)
    known = {"organisation_country": bound.country if bound else conversation.country}
    if bound:
        known |= {"role": bound.role, "organisation": bound.organisation, "call_back": bound.call_back}
    for field, value in known.items():
        there = content["values"].get(field)
        if value and (there is None or there["source"] not in ("answer", "officer")):
            put(content, field, value, source="channel")


def in_words(bound: Binding) -> str:
    """Write whom a bound device belongs to, such as "PSP Porto, police"."""
    return f"{bound.organisation}, {value_in_words('role', bound.role)}"
