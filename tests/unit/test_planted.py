"""The search for planted words finds what it must, and knows when it found nothing to search."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests import planted


@pytest.mark.parametrize("told", [planted.NAMED, planted.DESCRIBED.upper(), planted.PLACE, planted.BORN,
                                  planted.BORN_AS_STORED])
def test_a_planted_word_is_found_wherever_it_stands(tmp_path: Path, told: str) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "clean.db").write_bytes(b"\x00sealed\xff" * 100)
    (tmp_path / "deep" / "er" / "a.log").write_bytes(b"\xff\x00" + told.encode() + b"\x00")
    found = planted.search([tmp_path])
    assert found.files == 2 and {path.name for path, _ in found.hits} == {"a.log"}
    assert "planted words were found" in str(found.wrong(1))


def test_a_word_over_the_seam_of_two_parts_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").write_text("x" * 60 + planted.CHILD)
    for at_once in range(55, 80):
        monkeypatch.setattr(planted, "_AT_ONCE", at_once)
        assert [word for _, word in planted.search([tmp_path]).hits] == ["ilvana", "ravensholt"]


def test_too_little_to_search_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("nothing")
    assert planted.search([tmp_path]).wrong(1) is None
    assert planted.search([tmp_path]).wrong(2) == "only 1 files were searched, not 2"
