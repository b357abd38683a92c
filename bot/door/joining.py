"""Binds a responder's device by an invitation, and lets the report that is under way know of it."""
from __future__ import annotations

from copy import deepcopy

from sqlalchemy import select

from bot.conversations.messages import called, hold
from bot.conversations.tables import Conversation
from bot.database import reading, writing
from bot.door.devices import CONVERSATION
from bot.referrals.reports import store_content
from bot.referrals.responders import enter_sender
from bot.referrals.tables import Report
from bot.security import invitations
from bot.security.invitations import Binding


def offered(secret: str) -> Binding | None:
    """Tell what a link would bind a device to; None where it does not work, whatever the reason."""
    with reading() as session:
        return invitations.offered(session, secret)


def bound(owner: str) -> Binding | None:
    """Tell what a device is bound to; None where it is not, or not any more."""
    with reading() as session:
        return invitations.binding_of(session, owner)


def join(secret: str, owner: str) -> bool:
    """Bind a device.

    Args:
        secret: the secret part of the link.
        owner: the device's owner id.

    Returns:
        Whether it is bound now; where it is, its report has role, organisation and call-back, which are not asked then.
    """
    with writing() as session:
        own = select(Conversation.id).filter_by(**called(session, owner, CONVERSATION))
        chats = hold(session, *session.execute(own).scalars())
        if not invitations.accept(session, secret, owner):
            return False
        for chat in chats:
            report = session.get(Report, chat.report_id) if chat.report_id else None
            if report is not None:
                content = deepcopy(report.data)
                enter_sender(session, chat, content)
                store_content(session, report.id, report.version, content)
        return True
