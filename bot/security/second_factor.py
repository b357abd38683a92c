"""The second factor: six digits from a phone (TOTP, RFC 6238), and recovery codes for the day the phone is lost."""
from __future__ import annotations

import hmac
import logging
from functools import lru_cache

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.database import now
from bot.security.hashes import keyed_hash
from bot.security.passwords import draw_words
from bot.security.secret_sealing import Unreadable, seal, unseal
from bot.security.tables import Account, RecoveryCode

ISSUER = "Firstline"
RECOVERY_CODES = 10
_RECOVERY_GROUPS = 4
_WINDOW = 1
"""Steps of 30 seconds that a phone's clock may be off, either way."""
_LONGEST = 100
_PURPOSE = "totp"
_NOBODYS = pyotp.random_base32()
"""What codes are checked against where there is no secret: nothing fits it."""

logger = logging.getLogger(__name__)


def new_secret(account_id: str) -> str:
    """Draw the secret that a phone and this installation will share: 160 bits, sealed for its account."""
    return seal(_PURPOSE, account_id, pyotp.random_base32())


def readable(account_id: str, sealed: str) -> str:
    """Give a secret as a phone takes it: in base32.

    Args:
        account_id: whose it is.
        sealed: from `new_secret`.

    Returns:
        32 letters and digits.

    Raises:
        Unreadable: it was sealed with another key or for another account.
    """
    return unseal(_PURPOSE, account_id, sealed)


def address(name: str, secret: str) -> str:
    """Give the `otpauth:` address that a phone reads from the picture."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER))


@lru_cache(maxsize=1)
def _nobodys() -> tuple[str, str]:
    return "nobody", seal(_PURPOSE, "nobody", _NOBODYS)


def step_of(account_id: str, sealed: str | None, code: str) -> int | None:
    """Find the time step that a code belongs to.

    The same work is done where there is no secret to check against, or none that can be read.

    Args:
        account_id: whose secret it is.
        sealed: the secret; None where there is none.
        code: as typed.

    Returns:
        Steps of 30 seconds since 1970; None where the code does not fit. Whether it was used before is for
        `accounts.attempt_succeeded` to say.
    """
    own = sealed is not None
    try:
        secret = readable(account_id, sealed) if sealed else readable(*_nobodys())
    except Unreadable:
        logger.error("A second factor cannot be read: was FIRSTLINE_SECRET changed? Reset the account's second factor.")
        own, secret = False, _NOBODYS
    digits, shown = "".join(code[:_LONGEST].split()), pyotp.TOTP(secret)
    present = shown.timecode(now())
    # All are worked out: pyotp's own check stops at the one that fits, and its time would tell that it does.
    codes = [(step, shown.generate_otp(step)) for step in range(present - _WINDOW, present + _WINDOW + 1)]
    fitting = [step for step, one in codes if hmac.compare_digest(one.encode(), digits.encode("utf-8", "replace"))]
    return int(fitting[0]) if fitting and own else None


def new_recovery_codes(session: Session, account_id: str) -> list[str]:
    """Draw an account's recovery codes anew; older ones are good no longer.

    Args:
        session: a writing transaction.
        account_id: the account.

    Returns:
        The codes, to be shown once.
    """
    forget_recovery_codes(session, account_id)
    codes = [draw_words(_RECOVERY_GROUPS) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(code_hash=_hashed(account_id, code), account_id=account_id) for code in codes)
    return codes


def spend_recovery_code(session: Session, account_id: str, code: str) -> bool:
    """Use a recovery code up.

    Args:
        session: a writing transaction.
        account_id: the account.
        code: as typed; case, blanks and dashes do not matter.

    Returns:
        Whether it was good. It is gone then: of two that use one code at once, one is told so.
    """
    spent = session.execute(delete(RecoveryCode).where(
        RecoveryCode.account_id == account_id, RecoveryCode.code_hash == _hashed(account_id, code)
    ).execution_options(synchronize_session=False))
    return bool(spent.rowcount)


def recovery_codes_left(session: Session, account_id: str) -> int:
    """Count the recovery codes that are still good."""
    query = select(func.count(RecoveryCode.code_hash)).filter_by(account_id=account_id)
    return int(session.execute(query).scalar())


def forget(session: Session, account: Account) -> None:
    """Take an account's second factor away; its next sign-in sets up a new one."""
    account.totp_secret, account.totp_last_step = None, None
    forget_recovery_codes(session, account.id)


def forget_recovery_codes(session: Session, account_id: str) -> None:
    """Make an account's recovery codes useless."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id)
                    .execution_options(synchronize_session=False))


def _hashed(account_id: str, code: str) -> str:
    letters = "".join(c for c in code[:_LONGEST].lower() if c.isalpha())
    return keyed_hash("recovery", f"{account_id}:{letters}")
