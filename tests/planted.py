"""Invented words that the tests' people carry, and the search for them in all that a run of the tests leaves behind.

What somebody tells stands sealed wherever it is kept. So after the last test no database, log, backup or other file of
the run may hold one of these words as it was told; `tests/conftest.py` looks.
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
_AT_ONCE = 1 << 24
_OVERLAP = max(map(len, WORDS)) - 1


@dataclass(frozen=True)
class Search:
    """How many files were searched, and what was found: file and word."""

    files: int
    hits: tuple[tuple[Path, str], ...]

    def wrong(self, least: int) -> str | None:
        """Say what is wrong: a word that was found, or fewer files than there must be; None where nothing is."""
        if self.hits:
            return "planted words were found: " + ", ".join(f"{word} in {path}" for path, word in self.hits)
        return f"only {self.files} files were searched, not {least}" if self.files < least else None


def search(folders: Iterable[Path]) -> Search:
    """Look for the planted words, in any letter case, in every file of some folders."""
    files = [path for folder in folders for path in sorted(folder.rglob("*"))
             if path.is_file() and not path.is_symlink()]
    return Search(len(files), tuple((path, word) for path in files for word in _words_in(path)))


def _words_in(path: Path) -> list[str]:
    found: set[bytes] = set()
    # A server that still runs may take a file of its own away meanwhile.
    with suppress(FileNotFoundError), path.open("rb") as file:
        end = b""
        while part := file.read(_AT_ONCE):
            text = (end + part).lower()
            found.update(word for word in WORDS if word in text)
            end = text[-_OVERLAP:]
    return sorted(word.decode() for word in found)
