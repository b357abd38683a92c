"""Invented words that the tests' people carry, and the search for them in all that a run of the tests leaves behind.

What somebody tells stands sealed wherever it is kept. So after the last test no database, log, backup, mail or other
file of the run may hold one of these words as it was told; `tests/conftest.py` looks.
"""
from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CHILD, BORN, PLACE = "Ilvana Ravensholt", "19.04.2011", "Dunmarrow Quay"
BORN_AS_STORED = "2011-04-19"
NAMED = f"Her name is {CHILD}."
"""For stories that are read, where a date or a place would change what is asked."""
DESCRIBED = f"Her name is {CHILD}, born {BORN}, from {PLACE}."

WORDS = tuple(word.lower().encode() for word in (*CHILD.split(), PLACE.split()[0], BORN, BORN_AS_STORED))
MAIL = ".eml"
"""How the names of files end that each hold a mail."""
_AT_ONCE = 1 << 24
_OVERLAP = max(map(len, WORDS)) - 1


@dataclass(frozen=True)
class Search:
    """How many files were searched, how many of them are mails, how many bytes; and what was found: file and word."""

    files: int
    mails: int
    bytes: int
    hits: tuple[tuple[Path, str], ...]

    def said(self, outputs: int) -> str:
        """Say in one line what was done; `outputs` is how many tests' captured output is in one of the files."""
        return (f"{len(WORDS)} planted words searched for in {self.files:,} files of {self.bytes:,} bytes, with "
                f"{self.mails:,} mails and {outputs:,} captured outputs: {len(self.hits)} hits")

    def wrong(self, files: int, mails: int) -> str | None:
        """Say what is wrong: a word that was found, or fewer files or mails than there must be; None where nothing."""
        if self.hits:
            return "planted words were found: " + ", ".join(f"{word} in {path}" for path, word in self.hits)
        if self.files < files or self.mails < mails:
            return f"only {self.files} files and {self.mails} mails were searched, not {files} and {mails}"
        return None


def search(folders: Iterable[Path]) -> Search:
    """Look for the planted words, in any letter case, in every file of some folders."""
    paths = [path for folder in folders for path in sorted(folder.rglob("*"))
             if path.is_file() and not path.is_symlink()]
    looked = [(path, *_look_into(path)) for path in paths]
    return Search(len(paths), sum(path.suffix == MAIL for path in paths), sum(size for _, size, _ in looked),
                  tuple((path, word) for path, _, words in looked for word in words))


def _look_into(path: Path) -> tuple[int, list[str]]:
    """Give a file's bytes and the words in it."""
    size, found = 0, set[bytes]()
    # A server that still runs may take a file of its own away meanwhile.
    with suppress(FileNotFoundError), path.open("rb") as file:
        end = b""
        while part := file.read(_AT_ONCE):
            size += len(part)
            text = (end + part).lower()
            found.update(word for word in WORDS if word in text)
            end = text[-_OVERLAP:]
    return size, sorted(word.decode() for word in found)
