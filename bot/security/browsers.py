"""Knows a browser that signed in to an account before: it opens nothing, but other people's guesses do not delay it."""
from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.database import now
from bot.security.hashes import keyed_hash
from bot.security.tables import KnownBrowser

LONGEST = timedelta(days=90)
"""How long a browser is known after its last sign-in."""
MOST = 10
"""Browsers of one account; whoever signs in at another one has the longest unused forgotten."""


def recognise(session: Session, account_id: str, secret: str) -> str | None:
    """Find a browser by its cookie.

    Args:
        session: any transaction.
        account_id: the account that somebody wants to sign in to.
        secret: the cookie's value.

    Returns:
        Its id for this account; None where it is unknown there, forgotten, or too long unused.
    """
    found: str | None = session.execute(
        select(KnownBrowser.id).where(
            KnownBrowser.account_id == account_id, KnownBrowser.token_hash == keyed_hash("browser", secret),
            KnownBrowser.used_at > now() - LONGEST,
        )
    ).scalar()
    return found


def remember(session: Session, account_id: str, secret: str) -> str:
    """Know a browser from now on, by a new cookie: a copy of the old one is good for nothing any more.

    Args:
        session: a writing transaction; it is called before the trail is written.
        account_id: the account that was signed in to.
        secret: the value of the cookie that the browser showed; officers who share it keep theirs.

    Returns:
        The new value, 256 random bits.
    """
    fresh = secrets.token_urlsafe(32)
    shown, known = keyed_hash("browser", secret), keyed_hash("browser", fresh)
    own = KnownBrowser.account_id == account_id
    _delete(session, own & (KnownBrowser.token_hash == shown))
    session.execute(update(KnownBrowser).where(KnownBrowser.token_hash == shown).values(token_hash=known)
                    .execution_options(synchronize_session=False))
    session.add(KnownBrowser(id=str(uuid.uuid4()), account_id=account_id, token_hash=known, used_at=now()))
    session.flush()
    newest = select(KnownBrowser.id).where(own).order_by(KnownBrowser.used_at.desc()).limit(MOST)
    _delete(session, own & KnownBrowser.id.not_in(newest))
    return fresh


def _delete(session: Session, which: Any) -> None:
    session.execute(delete(KnownBrowser).where(which).execution_options(synchronize_session=False))
