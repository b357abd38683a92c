"""Seals what must stay readable here and nowhere else: AES-GCM, bound to its purpose and its owner."""
from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.settings import settings

_NONCE = 12


class Unreadable(ValueError):
    """A seal cannot be opened: another key, another owner, or it was changed."""


def _key(purpose: str) -> AESGCM:
    made = HKDF(SHA256(), 32, salt=None, info=f"firstline {purpose}".encode())
    return AESGCM(made.derive(settings().secret.encode()))


def seal(purpose: str, owner: str, plain: str) -> str:
    """Seal a text.

    Args:
        purpose: what it is for; each purpose has a key of its own.
        owner: id of the row that it belongs to; in another row it does not open.
        plain: the text.

    Returns:
        Base64 of nonce and sealed text.
    """
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + _key(purpose).encrypt(nonce, plain.encode(), owner.encode())).decode()


def unseal(purpose: str, owner: str, sealed: str) -> str:
    """Open what `seal` gave.

    Args:
        purpose: as it was given to `seal`.
        owner: as it was given to `seal`.
        sealed: what `seal` gave.

    Returns:
        The text.

    Raises:
        Unreadable: the key, the purpose or the owner is another, or it was changed.
    """
    raw = base64.b64decode(sealed)
    try:
        return _key(purpose).decrypt(raw[:_NONCE], raw[_NONCE:], owner.encode()).decode()
    except InvalidTag as error:
        raise Unreadable(purpose) from error
