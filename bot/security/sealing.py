"""Seals a value to the record and column that it stands in: AES-256-GCM, so that nothing is read or moved unnoticed.

A sealed value is one byte for the format, sixteen for the id of its key, a random nonce, and what AES-GCM gives.

    SealError (Exception)
    ├── Unreadable
    │   ├── Tampered    a value is not what was once stored in this place, or this is not its key
    │   └── KeyMissing  the table of data keys or the key file does not have a key
    └── KeyErased       the record was erased: nothing can be sealed for it any more
"""
from __future__ import annotations

import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = b"\x01"
KEY_BYTES = 32
_ID = slice(1, 17)
_NONCE = slice(17, 29)
_REST = slice(29, None)


class SealError(Exception):
    """Something cannot be sealed or opened."""


class Unreadable(SealError):
    """A sealed value cannot be opened."""


class Tampered(Unreadable):
    """A sealed value is not what was once stored in this place, or this is not its key."""


class KeyMissing(Unreadable):
    """The table of data keys or the key file does not have a key."""


class KeyErased(SealError):
    """The record was erased: nothing can be sealed for it any more."""


def new_key() -> tuple[str, bytes]:
    """Draw a key.

    Returns:
        Its id, 32 hexadecimal characters, and its 32 bytes.
    """
    return uuid.uuid4().hex, os.urandom(KEY_BYTES)


def seal(key: bytes, key_id: str, column: str, record: str, plain: bytes) -> bytes:
    """Seal one value.

    Args:
        key: 32 bytes.
        key_id: the key's id, as `new_key` gives it.
        column: table and column that the value belongs to, such as `messages.text`.
        record: id of its row.
        plain: the value.

    Returns:
        The sealed value; the same one never looks the same twice.
    """
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, plain, _bound_to(key_id, column, record))
    return FORMAT + uuid.UUID(hex=key_id).bytes + nonce + sealed


def open_(key: bytes, key_id: str, column: str, record: str, sealed: bytes) -> bytes:
    """Open one value.

    Args:
        key: 32 bytes.
        key_id: the key's id.
        column: table and column that the value was found in.
        record: id of the row that it was found in.
        sealed: the sealed value.

    Returns:
        The value.

    Raises:
        Tampered: it was sealed for another place or with another key, or it was changed.
    """
    if key_id_of(sealed) != key_id:
        raise Tampered(column)
    try:
        return AESGCM(key).decrypt(sealed[_NONCE], sealed[_REST], _bound_to(key_id, column, record))
    except (InvalidTag, ValueError) as error:
        raise Tampered(column) from error


def key_id_of(sealed: bytes) -> str:
    """Tell which key a value was sealed with.

    Raises:
        Tampered: this is no sealed value.
    """
    if sealed[:1] != FORMAT or len(sealed) < _REST.start:
        raise Tampered("no sealed value")
    return sealed[_ID].hex()


def _bound_to(key_id: str, column: str, record: str) -> bytes:
    # The length keeps the end of one apart from the beginning of the other.
    return FORMAT + f"{key_id}{len(column)}:{column}{record}".encode()
