"""Draws readable passwords and checks them against argon2id hashes, taking as long for names that do not exist."""
from __future__ import annotations

import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_CONSONANTS = "bdfghjkmnprstvz"
_VOWELS = "aeiou"
_GROUPS = 5
LONGEST = 200
"""Characters of a password that are looked at; a longer one is refused before any work."""

_hasher = PasswordHasher()


def new_password() -> str:
    """Draw a password that can be read out and typed from paper.

    Returns:
        Five groups of two syllables, 62 random bits, such as `kofa-miru-tesa-bodi-luna`.
    """
    return draw_words(_GROUPS)


def draw_words(groups: int) -> str:
    """Draw groups of two syllables with dashes between them, 12 random bits each."""
    def syllable() -> str:
        return secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS)

    return "-".join(syllable() + syllable() for _ in range(groups))


def hash_password(password: str) -> str:
    """Hash a password for keeping (argon2id)."""
    return str(_hasher.hash(password))


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """Give a hash that no password fits: checked for unknown names, so that they cost the same time."""
    return hash_password(secrets.token_urlsafe(32))


def fits(password_hash: str, password: str) -> bool:
    """Tell whether a password belongs to a hash; about 50 ms of work either way."""
    try:
        return bool(_hasher.verify(password_hash, password[:LONGEST + 1])) and len(password) <= LONGEST
    except (VerificationError, InvalidHashError):
        return False
