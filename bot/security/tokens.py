"""Bearer tokens of programs: printed once, kept as a keyed hash."""
from __future__ import annotations

import re
import secrets
import uuid
from datetime import timedelta

from babel import Locale
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import now
from bot.security import audit
from bot.security.hashes import keyed_hash
from bot.security.tables import ApiToken

SCOPES = ("channel", "desk")
DAYS = 365
"""How long a token is good for where nothing else is said."""
MOST_DAYS = 3650
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


class BadToken(ValueError):
    """A token cannot be made so; the message says why."""


def is_country(code: str) -> bool:
    """Tell whether this is a two-letter code of a country, such as PT."""
    return len(code) == 2 and code.isalpha() and code in Locale("en").territories


def everyone(session: Session) -> list[ApiToken]:
    """Give all tokens by name, ended ones too."""
    return list(session.execute(select(ApiToken).order_by(ApiToken.name)).scalars())


def create(session: Session, name: str, scope: str, country: str | None = None, days: int = DAYS) -> str:
    """Make a token.

    Args:
        session: a writing transaction.
        name: what the installation calls it; unique.
        scope: channel (sends and reads its own conversations) or desk (reads records).
        country: ISO code of the country where the organisation behind a channel works; where a message names no
            place, this is "here".
        days: how long it is good for.

    Returns:
        The token; it cannot be had again.

    Raises:
        BadToken: the name is taken or cannot be one, or there is no such scope, country or number of days.
    """
    if scope not in SCOPES:
        raise BadToken(f"scope: one of {', '.join(SCOPES)}")
    if not _NAME.fullmatch(name):
        raise BadToken("name: 1 to 40 lower-case letters, digits, dots, dashes")
    if not 1 <= days <= MOST_DAYS:
        raise BadToken(f"days: 1 to {MOST_DAYS}")
    if country is not None and not is_country(country):
        raise BadToken("country: a two-letter code such as PT")
    if session.execute(select(ApiToken.id).filter_by(name=name)).first():
        raise BadToken(f"a token '{name}' exists already")
    token = f"fl_{scope}_{secrets.token_urlsafe(32)}"
    session.add(ApiToken(id=str(uuid.uuid4()), name=name, scope=scope, country=country,
                         token_hash=keyed_hash("token", token), expires_at=now() + timedelta(days=days)))
    audit.note(session, audit.COMMAND_LINE, "token.made", name)
    return token


def verify(session: Session, bearer: str, scope: str) -> ApiToken | None:
    """Find whose token this is.

    Args:
        session: any transaction.
        bearer: the token as it was sent.
        scope: what it must be good for.

    Returns:
        The token's row; None where it is unknown, revoked, expired or of another scope.
    """
    query = select(ApiToken).filter_by(token_hash=keyed_hash("token", bearer), scope=scope, revoked_at=None)
    return session.execute(query.where(ApiToken.expires_at > now())).scalar_one_or_none()


def revoke(session: Session, name: str) -> bool:
    """End a token at once.

    Args:
        session: a writing transaction.
        name: the token's name.

    Returns:
        Whether there was one to end.
    """
    ended = session.execute(
        update(ApiToken).where(ApiToken.name == name, ApiToken.revoked_at.is_(None)).values(revoked_at=now())
    )
    if ended.rowcount:
        audit.note(session, audit.COMMAND_LINE, "token.revoked", name)
    return bool(ended.rowcount)
