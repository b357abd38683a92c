"""References that can be read out by phone: not guessable, and one wrong or swapped character is noticed."""
from __future__ import annotations

import secrets

from stdnum.iso7064 import mod_37_36

# Crockford's alphabet: no I, L, O, U, so that nothing is misread or misheard as something else.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHARACTERS = 16
"""80 random bits; the check character comes on top."""

_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_reference() -> str:
    """Draw a reference.

    Returns:
        17 characters in groups, such as `7K2M-9QXA-...`: 16 random ones and an ISO 7064 MOD 37,36 check character.
    """
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))
        check = mod_37_36.calc_check_digit(code)
        # A check character outside the alphabet could be misread, and a few pairs (such as 8 and 9 at some places) may
        # be swapped without being noticed: draw again.
        if check in ALPHABET and not _swap_unnoticed(code + check):
            return _grouped(code + check)


def _swap_unnoticed(code: str) -> bool:
    swaps = (code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(CHARACTERS) if code[i] != code[i + 1])
    return any(mod_37_36.is_valid(swapped) for swapped in swaps)


def clean_reference(text: str) -> str | None:
    """Read a reference as somebody typed or dictated it.

    Args:
        text: any spacing, dashes and letter case; O, I and L count as 0 and 1.

    Returns:
        The reference in its usual form; None where it cannot be one.
    """
    code = "".join(c for c in text.upper() if c.isalnum()).translate(_MISREAD)
    if len(code) != CHARACTERS + 1 or any(c not in ALPHABET for c in code) or not mod_37_36.is_valid(code):
        return None
    return _grouped(code)


def _grouped(code: str) -> str:
    return "-".join([code[0:4], code[4:8], code[8:12], code[12:]])
