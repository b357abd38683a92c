"""Keyed hashes of the secrets that others hold, so that a copy of the database opens nothing."""
from __future__ import annotations

import hashlib
import hmac

from bot.settings import settings


def keyed_hash(purpose: str, secret: str) -> str:
    """Hash a random secret for keeping.

    Args:
        purpose: what the secret is for; hashes of different purposes never match each other.
        secret: the secret as its holder shows it; random and long, so that a slow hash is not needed.

    Returns:
        64 hexadecimal characters.
    """
    key = settings().secret.encode()
    return hmac.new(key, f"{purpose}:{secret}".encode(), hashlib.sha256).hexdigest()
