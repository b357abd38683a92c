"""The search for planted words finds what it must, and knows when it found nothing to search."""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import planted


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that is gone after the test: what is planted here must not be met by the search at the run's end."""
    with tempfile.TemporaryDirectory(prefix="firstline-planted-") as path:
        yield Path(path)


@pytest.mark.parametrize("told", [planted.NAMED, planted.DESCRIBED.upper(), planted.PLACE, planted.BORN,
                                  planted.BORN_AS_STORED])
def test_a_planted_word_is_found_wherever_it_stands(folder: Path, told: str) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "clean.db").write_bytes(b"\x00sealed\xff" * 100)
    (folder / "deep" / "er" / "a.log").write_bytes(b"\xff\x00" + told.encode() + b"\x00")
    found = planted.search([folder])
    assert found.files == 2 and {path.name for path, _ in found.hits} == {"a.log"}
    assert "planted words were found" in str(found.wrong(1))


def test_a_word_over_the_seam_of_two_parts_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "one").write_text("x" * 60 + planted.CHILD)
    for at_once in range(55, 80):
        monkeypatch.setattr(planted, "_AT_ONCE", at_once)
        assert [word for _, word in planted.search([folder]).hits] == ["ilvana", "ravensholt"]


def test_too_little_to_search_is_wrong(folder: Path) -> None:
    (folder / "one").write_text("nothing")
    assert planted.search([folder]).wrong(1) is None
    assert planted.search([folder]).wrong(2) == "only 1 files were searched, not 2"
