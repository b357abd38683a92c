"""Signed-in browsers of the desk: sign in, recognise, keep awake, sign out; the browser holds the only secret."""
from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from bot.database import now, reading, writing
from bot.security import accounts, audit
from bot.security.hashes import keyed_hash
from bot.security.passwords import fits, nobodys_hash
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


def sign_in(name: str, password: str) -> str | None:
    """Check a name and password and begin a session.

    Args:
        name: as typed.
        password: as typed.

    Returns:
        The secret for the browser's cookie, 256 random bits; None in every case of failure, after the same work.
    """
    with writing() as session:
        account = accounts.begin_attempt(session, name)
    # The slow check runs outside any transaction: it would hold up everybody else's writing.
    good = fits(account.password_hash if account else nobodys_hash(), password)
    with writing() as session:
        if account is None or not good:
            if account is not None:
                audit.note(session, account.name, "sign_in.refused")
            return None
        accounts.attempt_succeeded(session, account.id)
        audit.note(session, account.name, "sign_in")
        _forget_old(session)
        secret = secrets.token_urlsafe(32)
        session.add(DeskSession(token_hash=keyed_hash("desk", secret), account_id=account.id,
                                csrf=secrets.token_urlsafe(32)))
        return secret


def recognise(secret: str) -> SignedIn | None:
    """Find the session of a cookie.

    Args:
        secret: the cookie's value.

    Returns:
        Who it is; None where the session is unknown, too old, too long idle, or the account was disabled.
    """
    key, at = keyed_hash("desk", secret), now()
    with reading() as session:
        found = session.execute(
            select(DeskSession, Account).join(Account, Account.id == DeskSession.account_id).where(
                DeskSession.token_hash == key, DeskSession.created_at > at - LONGEST,
                DeskSession.last_seen_at > at - IDLE, Account.disabled.is_(False),
            )
        ).first()
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


def _forget_old(session: Session) -> None:
    at = now()
    session.execute(
        delete(DeskSession)
        .where(or_(DeskSession.created_at < at - LONGEST, DeskSession.last_seen_at < at - IDLE))
        .execution_options(synchronize_session=False)
    )
