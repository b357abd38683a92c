"""A file of parts that only the holder of a key can read; a part changed, moved, added or cut off is noticed."""
from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC = b"firstline backup 1\n"
_SALT = 16
_LENGTH = 4
_NONCE = 12
LONGEST_PART = 64 * 1024 * 1024
"""Bytes of one part; a length beyond it is damage, and not a reason to fill the memory."""


class Damaged(ValueError):
    """The file is no backup, was changed or cut off, or belongs to another key; the message says which, if known."""


def write(target: Path, key: bytes, parts: Iterable[bytes]) -> None:
    """Write parts to a new file that its owner alone may read.

    Args:
        target: the file; it appears whole or not at all.
        key: 32 random bytes.
        parts: what to seal, in order.

    Raises:
        FileExistsError: there is such a file.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists")
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    salt = os.urandom(_SALT)
    seal = AESGCM(_key_of_file(key, salt))
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(_MAGIC + salt)
        number = 0
        waiting: bytes | None = None
        for part in parts:
            if waiting is not None:
                _put(file, seal, number, waiting, last=False)
                number += 1
            waiting = part
        _put(file, seal, number, waiting or b"", last=True)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(target)


def read(source: Path, key: bytes) -> Iterator[bytes]:
    """Read the parts of a file, each proven before it is given.

    Args:
        source: the file.
        key: the key that it was written with.

    Yields:
        The parts in order.

    Raises:
        Damaged: it cannot be read in full; what was given before is right, and incomplete.
    """
    with source.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise Damaged(f"{source.name} is no backup of this version")
        seal = AESGCM(_key_of_file(key, file.read(_SALT)))
        number = 0
        while True:
            head = file.read(_LENGTH)
            if len(head) < _LENGTH:
                raise Damaged(f"{source.name} was cut off after part {number}")
            length = int.from_bytes(head, "big")
            sealed = file.read(length) if length <= LONGEST_PART else b""
            if len(sealed) < length:
                raise Damaged(f"{source.name} was cut off in part {number}, or is no backup")
            ahead = file.read(1)
            last = not ahead
            try:
                part = seal.decrypt(_nonce(number), sealed, _place(number, last))
            except InvalidTag as error:
                raise Damaged(f"{source.name}: part {number} was changed or cut off, or the key is another one"
                              ) from error
            yield part
            if last:
                return
            file.seek(-1, os.SEEK_CUR)
            number += 1


def _key_of_file(key: bytes, salt: bytes) -> bytes:
    # A key of its own for each file, so that the numbers of parts can be the nonces.
    return hashlib.blake2b(salt, key=key, digest_size=32, person=b"backup").digest()


def _put(file: BinaryIO, seal: AESGCM, number: int, part: bytes, last: bool) -> None:
    sealed = seal.encrypt(_nonce(number), part, _place(number, last))
    file.write(len(sealed).to_bytes(_LENGTH, "big") + sealed)


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE, "big")


def _place(number: int, last: bool) -> bytes:
    return f"{number}{' last' if last else ''}".encode()
