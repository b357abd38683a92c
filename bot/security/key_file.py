"""The file of the key-encryption keys, one a line, newest first; they are in no database, no backup and no `.env`."""
from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from bot.crash_points import reached
from bot.security.sealing import KEY_BYTES, new_key
from bot.security.secret_file import MODE
from bot.settings import UnsafeSetting


def read_keys(path: Path) -> dict[str, bytes]:
    """Read the keys anew, so that a rotation is noticed by every process at once.

    Args:
        path: the file.

    Returns:
        Keys by id, the newest first.

    Raises:
        UnsafeSetting: there is no such file, or it holds something else.
    """
    try:
        lines = path.read_text("ascii").splitlines()
        keys = {key_id: base64.b64decode(key, validate=True) for key_id, key in (line.split() for line in lines)}
    except OSError as error:
        raise UnsafeSetting(f"FIRSTLINE_KEY_FILE: {path} cannot be read; put the key file back there") from error
    except (ValueError, binascii.Error) as error:
        raise UnsafeSetting(f"FIRSTLINE_KEY_FILE: {path} is no key file; put the right one there") from error
    if not keys or any(len(key) != KEY_BYTES or len(key_id) != 32 for key_id, key in keys.items()):
        raise UnsafeSetting(f"FIRSTLINE_KEY_FILE: {path} is no whole key file; put the right one there")
    return keys


def make_keys(path: Path) -> None:
    """Make the file with its first key; one that is there is left as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = _beside(path, dict([new_key()]))
    # Never over one that is there: another first start may have sealed with it already.
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()
    _settle(path.parent)


def add_key(path: Path) -> str:
    """Put a new key before those that are there, in one step.

    Args:
        path: the file.

    Returns:
        The new key's id.

    Raises:
        UnsafeSetting: there is no such file, or it holds something else.
    """
    key_id, key = new_key()
    _replace(path, {key_id: key, **read_keys(path)})
    return key_id


def drop_keys(path: Path, dropped: Collection[str]) -> None:
    """Take keys out of the file, in one step.

    Args:
        path: the file.
        dropped: ids of keys that nothing is wrapped with.

    Raises:
        UnsafeSetting: there is no such file, or it holds something else.
    """
    if dropped:
        _replace(path, {key_id: key for key_id, key in read_keys(path).items() if key_id not in dropped})


def _replace(path: Path, keys: dict[str, bytes]) -> None:
    new = _beside(path, keys)
    reached("keys.before_replace")
    os.replace(new, path)
    # Nothing may be wrapped with a new key before the file is sure to have it, whatever happens to the power.
    _settle(path.parent)
    reached("keys.replaced")


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(path: Path, keys: dict[str, bytes]) -> Path:
    """Write a whole file beside the one that it will become, so that none is ever half there."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.writelines(f"{key_id} {base64.b64encode(key).decode()}\n" for key_id, key in keys.items())
        file.flush()
        os.fsync(file.fileno())
    return new
