"""Where a channel wants its messages sent, and how it knows that they come from here."""
from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.addresses import is_safe_url
from bot.security import audit
from bot.security.hashes import keyed_hash
from bot.security.tables import ApiToken
from bot.security.tokens import BadToken


def set_webhook(session: Session, name: str, url: str) -> str:
    """Have the messages of a channel's conversations sent to an address.

    Args:
        session: a writing transaction.
        name: the token's name.
        url: where to; https, or http on this machine.

    Returns:
        The key with which each message is signed; it cannot be had again, and a new address gets a new one.

    Raises:
        BadToken: there is no such channel, or the address cannot be one.
    """
    token = session.execute(select(ApiToken).filter_by(name=name, scope="channel", revoked_at=None)
                            ).scalar_one_or_none()
    if token is None:
        raise BadToken(f"there is no channel token '{name}'")
    if not is_safe_url(url):
        raise BadToken("address: https://... without a name, a password or a #part")
    token.webhook_url, token.webhook_salt = url, secrets.token_hex(16)
    audit.note(session, audit.COMMAND_LINE, "token.webhook", name)
    return key_of(token.id, token.webhook_salt)


def key_of(token_id: str, salt: str) -> str:
    """Give a channel's key; it is worked out and nowhere kept."""
    return keyed_hash("webhook", f"{token_id}:{salt}")


def signature(token_id: str, salt: str, at: str, body: bytes) -> str:
    """Sign one request.

    Args:
        token_id: id of the channel's token.
        salt: its `webhook_salt`.
        at: seconds since 1970, as they stand in `Firstline-Time`.
        body: the body, byte for byte.

    Returns:
        `v1=` and the hexadecimal HMAC-SHA256 of time, dot and body.
    """
    return "v1=" + hmac.new(key_of(token_id, salt).encode(), at.encode() + b"." + body, sha256).hexdigest()
