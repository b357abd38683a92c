"""Signed-in browsers of the desk: begin, recognise, keep awake, list, end; the browser holds the only secret."""
from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from bot.database import now, reading, writing
from bot.security import audit
from bot.security.accounts import ADMIN, DPO
from bot.security.hashes import keyed_hash
from bot.security.tables import Account, DeskSession

IDLE = timedelta(hours=8)
LONGEST = timedelta(hours=16)
_TOUCH = timedelta(seconds=20)
"""An open page says so this often at most; well within `accounts.PRESENT`."""


@dataclass(frozen=True)
class SignedIn:
    """Who is at the other end of a request.

    Args:
        account: the account.
        csrf: what each form of this session must bring back.
        token_hash: the session's key.
    """

    account: Account
    csrf: str
    token_hash: str

    def csrf_fits(self, given: str) -> bool:
        """Tell whether a form belongs to this session."""
        return hmac.compare_digest(self.csrf.encode(), given.encode())


@dataclass(frozen=True)
class Open:
    """A session that has not ended.

    Args:
        key: the session's key.
        name: name of the account.
        display: its display name.
        began: when it began.
        seen: when a page of it was last heard of.
    """

    key: str
    name: str
    display: str
    began: datetime
    seen: datetime


def begin(session: Session, account: Account) -> str:
    """Begin a session; whoever calls this has checked who it is.

    Args:
        session: a writing transaction.
        account: the account.

    Returns:
        The secret for the browser's cookie, 256 random bits.
    """
    at = now()
    session.execute(delete(DeskSession).where(or_(DeskSession.created_at < at - LONGEST,
                                                  DeskSession.last_seen_at < at - IDLE))
                    .execution_options(synchronize_session=False))
    secret = secrets.token_urlsafe(32)
    session.add(DeskSession(token_hash=keyed_hash("desk", secret), account_id=account.id,
                            csrf=secrets.token_urlsafe(32), created_at=at, last_seen_at=at))
    audit.note(session, account.name, "sign_in")
    return secret


def _unended() -> Select:
    at = now()
    return select(DeskSession, Account).join(Account, Account.id == DeskSession.account_id).where(
        DeskSession.created_at > at - LONGEST, DeskSession.last_seen_at > at - IDLE, Account.disabled.is_(False)
    )


def recognise(secret: str) -> SignedIn | None:
    """Find the session of a cookie.

    Args:
        secret: the cookie's value.

    Returns:
        Who it is; None where the session is unknown, too old, too long idle, or the account was disabled.
    """
    key = keyed_hash("desk", secret)
    with reading() as session:
        found = session.execute(_unended().where(DeskSession.token_hash == key)).first()
    return SignedIn(found.Account, found.DeskSession.csrf, key) if found else None


def touch(token_hash: str) -> None:
    """Note that a page of this session is open.

    Args:
        token_hash: the session's key.
    """
    at = now()
    with reading() as session:
        due = session.execute(
            select(DeskSession.token_hash).where(
                DeskSession.token_hash == token_hash, DeskSession.last_seen_at < at - _TOUCH
            )
        ).first()
    if due:
        with writing() as session:
            session.execute(
                update(DeskSession).where(DeskSession.token_hash == token_hash).values(last_seen_at=at)
            )


def sign_out(signed_in: SignedIn) -> None:
    """End a session.

    Args:
        signed_in: the session.
    """
    with writing() as session:
        session.execute(delete(DeskSession).where(DeskSession.token_hash == signed_in.token_hash))
        audit.note(session, signed_in.account.name, "sign_out")


def open_sessions(session: Session, account: Account) -> list[Open]:
    """List the sessions that an account sees: its own; administrator and data protection officer see everybody's.

    Args:
        session: any transaction.
        account: who asks.

    Returns:
        The sessions, by name and then by their beginning.
    """
    query = _unended() if account.role in (ADMIN, DPO) else _unended().where(Account.id == account.id)
    rows = session.execute(query.order_by(Account.name, DeskSession.created_at))
    return [Open(row.DeskSession.token_hash, row.Account.name, row.Account.display_name, row.DeskSession.created_at,
                 row.DeskSession.last_seen_at) for row in rows]


def owner_of(session: Session, key: str, account: Account) -> Account | None:
    """Tell whose session it is that somebody wants to end.

    Args:
        session: any transaction.
        key: the session's key.
        account: who asks.

    Returns:
        Whose it is; None where it has ended already or is not this account's to end.
    """
    kept = session.get(DeskSession, key)
    if kept is None or (kept.account_id != account.id and account.role != ADMIN):
        return None
    return session.get(Account, kept.account_id)


def end(session: Session, key: str, account: Account) -> Account | None:
    """End a session: one's own, and as an administrator anybody's.

    Args:
        session: a writing transaction.
        key: the session's key.
        account: who ends it.

    Returns:
        Whose it was; None where it has ended already or is not this account's to end.
    """
    owner = owner_of(session, key, account)
    if owner is None or not session.execute(delete(DeskSession).where(DeskSession.token_hash == key)).rowcount:
        return None
    audit.note(session, account.name, "session.ended", owner.name)
    return owner


def has_any(session: Session, account: Account) -> bool:
    """Tell whether an account is signed in anywhere."""
    return session.execute(_unended().where(Account.id == account.id).limit(1)).first() is not None
