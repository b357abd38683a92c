"""docs/understanding.md names the one place for everything that can be added, and no place that is not there."""
from __future__ import annotations

import re

from bot.settings import ROOT

DOC = (ROOT / "docs" / "understanding.md").read_text("utf-8")
NAMED = set(re.findall(r"`([\w/<>.-]+)`", DOC))
PLACES = {"group": "signs", "topic": "answers", "voice": "messages", "label": "clauses"}


def test_every_file_of_data_is_named() -> None:
    names = {name.rsplit("/", 1)[-1].removesuffix(".yml") for name in NAMED}
    data = ROOT / "bot" / "understanding" / "data"
    missing = [path.name for path in data.glob("*.yml") if path.stem not in names]
    assert not missing
    assert "bot/understanding/data/signs/<group>.yml" in NAMED and "bot/protocol/data/answers/<topic>.yml" in NAMED


def test_every_place_that_is_named_is_there() -> None:
    for name in NAMED:
        if "/" not in name:
            continue
        folder, _, last = name.rpartition("/")
        if "<" in last:
            assert list((ROOT / folder).glob(f"*.{last.rsplit('.', 1)[1]}")), name
        else:
            assert (ROOT / name).exists(), name


def test_every_sign_of_the_catalogue_has_phrases_or_is_entered_by_hand() -> None:
    from bot.protocol.indicators import indicators
    from bot.understanding.signs import patterns

    assert set(indicators()) == patterns().ids
