"""Lets a responder keep a case under a code of their own, and open it again on any device."""
from __future__ import annotations

import unicodedata
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.conversations.messages import called, hold, tell
from bot.conversations.tables import Conversation
from bot.database import now, reading, writing
from bot.door.devices import CONVERSATION
from bot.referrals.reference import clean_reference, new_reference
from bot.referrals.tables import Report
from bot.security import audit, invitations
from bot.security.passwords import LONGEST, fits, hash_password, nobodys_hash

MINIMUM = 6
MAXIMUM = LONGEST
FREE_TRIES = 3
"""Wrong tries before a delay begins."""
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)


class NothingToKeep(LookupError):
    """The device has no conversation yet."""


def _normal(code: str) -> str:
    return unicodedata.normalize("NFKC", code.strip())


def delay_after(failures: int) -> timedelta:
    """Give how long a case stays shut after so many wrong tries: doubled each time, at most an hour."""
    if failures < FREE_TRIES:
        return timedelta(0)
    doublings: int = 2 ** min(failures - FREE_TRIES, 16)
    return min(FIRST_DELAY * doublings, LONGEST_DELAY)


def keep(owner: str, code: str) -> tuple[str, str | None]:
    """Keep a device's case under a code; an earlier code stops working.

    Args:
        owner: the device's owner id.
        code: what the responder chose, at least `MINIMUM` and at most `MAXIMUM` characters.

    Returns:
        The return number, and the reference where the referral was sent.

    Raises:
        ValueError: the code is too short or too long.
        NothingToKeep: there is no conversation yet.
    """
    if not MINIMUM <= len(_normal(code)) <= MAXIMUM:
        raise ValueError("length of the code")
    hashed = hash_password(_normal(code))
    with writing() as session:
        query = select(Conversation).filter_by(**called(session, owner, CONVERSATION))
        found = session.execute(query.with_for_update(key_share=True)).scalar_one_or_none()
        if found is None:
            raise NothingToKeep
        found.return_key = found.return_key or new_reference()
        found.return_code_hash = hashed
        found.return_failures = 0
        found.return_blocked_until = None
        report = session.get(Report, found.report_id) if found.report_id else None
        return found.return_key, report.reference if report else None


def _find(session: Session, number: str) -> Conversation | None:
    by_reference = select(Report.conversation_id).filter_by(**Report.reference.lookup(session, number))
    kept = select(Conversation.id).filter_by(**Conversation.return_key.lookup(session, number))
    query = select(Conversation).where(
        Conversation.id.in_(kept) | Conversation.id.in_(by_reference),
        Conversation.return_code_hash.is_not(None),
    )
    found: Conversation | None = session.execute(query.with_for_update()).scalars().first()
    return found


def open_again(number: str, code: str, before: str, owner: str, notice: str) -> bool:
    """Give a kept case to a new device.

    Each try is counted before its code is looked at, in the database: neither many tries at once nor a restart of the
    server gives more of them. Who asks cannot tell an unknown number from a wrong code or from a case that is shut.

    Args:
        number: reference or return number as typed.
        code: the code as typed.
        before: owner id of the device until now; what an invitation bound it to follows it.
        owner: owner id of the same device from now on.
        notice: what the chat says about it.

    Returns:
        Whether the case now belongs to the new device.
    """
    wanted = clean_reference(number)
    found_id, stored = None, None
    if wanted is not None:
        with writing() as session:
            found = _find(session, wanted)
            if found is not None and (found.return_blocked_until is None or found.return_blocked_until <= now()):
                found.return_failures += 1
                found.return_blocked_until = now() + delay_after(found.return_failures)
                found_id, stored = found.id, found.return_code_hash
    # Where there is no such case as much work is done, so that the time of the answer does not tell either.
    if not fits(stored or nobodys_hash(), _normal(code)) or found_id is None:
        return False
    with writing() as session:
        moved = session.execute(
            update(Conversation)
            .where(Conversation.id == found_id, Conversation.return_code_hash == stored)
            .values(owner=owner, return_failures=0, return_blocked_until=None)
            .execution_options(synchronize_session=False)
        )
        if not moved.rowcount:
            return False
        invitations.move(session, before, owner)
        [conversation] = hold(session, found_id)
        tell(session, conversation, notice)
        audit.note(session, owner, "conversation.returned", found_id)
    return True


def has_conversation(owner: str) -> bool:
    """Tell whether a device has a chat already."""
    with reading() as session:
        query = select(Conversation.id).filter_by(**called(session, owner, CONVERSATION))
        return session.execute(query).first() is not None
