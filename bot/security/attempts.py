"""Counts wrong sign-ins, so that guessing is slow and nobody's guesses keep an officer out for as long as they last.

Each count makes its own next attempt wait, and nobody else's:

- an unknown browser's, by the name that was typed and the address that it came from;
- a browser's that signed in to this account before (`browsers.py`), wherever it is;
- that of wrong codes with the right password at unknown browsers, by the account, wherever they are: whoever has the
  password, and many addresses, guesses no faster than from one. A stranger without the password cannot raise it.

Passwords are drawn, never chosen: at 1,440 guesses a day from each of a million addresses one is found in some
millions of years. Whoever has the password has 1,440 tries a day at three codes in a million.
"""
from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.orm import Session

from bot.database import UtcTime, now
from bot.security import audit
from bot.security.hashes import keyed_hash
from bot.security.tables import Account, SignInCount

FREE = 3
LONGEST_DELAY = timedelta(minutes=1)
FORGOTTEN = timedelta(days=1)
"""A count that nobody raised for so long begins anew."""

_MAKE = text(
    "INSERT INTO sign_in_counts (key, failures, open_at) VALUES (:key, 0, :at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=UtcTime()))


def by_source(name: str, address: str) -> str:
    """Give the key of an unknown browser's count.

    Args:
        name: the name that was typed.
        address: where it comes from, as the server or the proxy names it.
    """
    return _slot("source", f"{name} {_network(address)}")


def _network(address: str) -> str:
    """Give what of an address counts; empty for what is none."""
    try:
        found = ip_address(address.strip("[]"))
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        # One browser has all addresses of its network.
        return str(int(found) >> 64)
    return str(getattr(found, "ipv4_mapped", None) or found)


def by_browser(browser_id: str) -> str:
    """Give the key of a known browser's count."""
    return _slot("browser", browser_id)


def by_code(name: str) -> str:
    """Give the key of the count of an account's wrong codes."""
    return _slot("code", name)


def _slot(kind: str, who: str) -> str:
    # 65,536 of each kind, so that no typed name fills the database. Which one an officer is counted in nobody can
    # tell, and to keep them all waiting takes more guesses than are hashed in a minute.
    return f"{kind}:{keyed_hash(f'sign-in {kind}', who)[:4]}"


def count(session: Session, key: str, raised: bool = True) -> bool:
    """Count an attempt before it is looked at, so that parallel guesses cannot outrun it.

    Args:
        session: a writing transaction; nobody else counts by this key before it ends.
        key: whose attempt it is.
        raised: whether it counts; else the same is done and the count stays.

    Returns:
        Whether it may be looked at; False while the key has to wait, and then it does not count either.
    """
    at = now()
    session.execute(_MAKE, {"key": key, "at": at})
    kept = session.execute(
        select(SignInCount.failures, SignInCount.open_at).where(SignInCount.key == key).with_for_update()).one()
    is_open = kept.open_at <= at
    failures, open_at = kept.failures, kept.open_at
    if is_open and raised:
        failures = 1 if at - open_at > FORGOTTEN else failures + 1
        seconds = 2 ** min(failures - FREE, 10) if failures > FREE else 0
        open_at = at + min(timedelta(seconds=seconds), LONGEST_DELAY)
    session.execute(_of(key).values(failures=failures, open_at=open_at))
    return is_open


def clear(session: Session, *keys: str) -> None:
    """Forget the wrong attempts of some keys.

    Args:
        session: a writing transaction.
        keys: from `by_source`, `by_browser` or `by_code`.
    """
    session.execute(_of(*keys).values(failures=0, open_at=now()))


def refuse(session: Session, key: str, account: Account | None) -> None:
    """Leave word for the trail that an attempt at an account was refused.

    The trail's own entry would be one write more than an unknown name costs, and tell who has an account.

    Args:
        session: a writing transaction.
        key: from `by_code`.
        account: the account; None where there is none of that name: then the same is written, and leaves no word.
    """
    session.execute(_of(key).values(refused=account.id if account else SignInCount.refused))


def _of(*keys: str) -> Any:
    return update(SignInCount).where(SignInCount.key.in_(keys)).execution_options(synchronize_session=False)


def note_refused(session: Session) -> None:
    """Write into the trail whose sign-in was refused: one entry for an account within `audit.SAME_LOOK`.

    An entry for each attempt would let anybody fill a trail that is never emptied.

    Args:
        session: a writing transaction.
    """
    refused = select(SignInCount).where(SignInCount.refused.is_not(None)).with_for_update()
    for kept in session.execute(refused).scalars().all():
        account = session.get(Account, kept.refused)
        if not audit.noted_of_late(session, account.name, "sign_in.refused"):
            audit.note(session, account.name, "sign_in.refused")
        kept.refused = None
