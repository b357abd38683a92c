"""Changes the key-encryption key while everything runs: it may be killed at any moment and is simply started again."""
from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from bot.crash_points import reached
from bot.database import reading, writing
from bot.security import audit, key_file
from bot.security.keys import in_use, let_nobody_wrap, rewrap_some
from bot.settings import settings

AT_ONCE = 100
"""Data keys that are wrapped anew in one transaction."""


def rotate() -> Iterator[int]:
    """Make a new key-encryption key and wrap every data key with it; one that was cut off goes on where it was.

    Earlier keys stay in the file until `forget`, so every record can be read at every moment.

    Yields:
        How many data keys were wrapped anew, after each transaction.

    Raises:
        UnsafeSetting: there is no key file.
        KeyMissing: the key file does not open one of the data keys; the rest is as it was.
    """
    path = settings().key_file
    with writing() as session:
        # A key that was wrapped with an earlier one just now is wrapped anew too, and of two rotations one adds a key.
        let_nobody_wrap(session.connection())
        newest = next(iter(key_file.read_keys(path)))
        if not set(in_use(session.connection())) - {newest}:
            newest = key_file.add_key(path)
    left = True
    while left:
        with writing() as session:
            done, left = rewrap_some(session.connection(), newest, AT_ONCE)
            if done and not left:
                audit.note(session, audit.COMMAND_LINE, "keys.rotated", newest)
            reached("keys.before_commit")
        reached("keys.committed")
        yield done


def status() -> list[tuple[str, int]]:
    """Give each key of the file, the newest first, with the number of data keys that it wraps."""
    with reading() as session:
        used = in_use(session.connection())
    return [(key_id, used.get(key_id, 0)) for key_id in key_file.read_keys(settings().key_file)]


def forget(needed: Callable[[Session], set[str]]) -> list[str]:
    """Take earlier keys that nothing needs any more out of the file.

    Args:
        needed: names those that something else than a data key needs, in the same transaction.

    Returns:
        Their ids.
    """
    path = settings().key_file
    with writing() as session:
        let_nobody_wrap(session.connection())
        wanted = set(in_use(session.connection())) | needed(session)
        dropped = [key_id for key_id in list(key_file.read_keys(path))[1:] if key_id not in wanted]
        for key_id in dropped:
            audit.note(session, audit.COMMAND_LINE, "keys.forgotten", key_id)
    # Only now, for no transaction undoes a file: none goes without an entry. Nothing takes up an earlier key again.
    with writing() as session:
        let_nobody_wrap(session.connection())
        key_file.drop_keys(path, dropped)
    return dropped
