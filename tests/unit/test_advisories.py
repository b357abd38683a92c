"""Every advisory that we live with has its reason, and a day on which somebody must look again."""
from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from bot.protocol.loading import BrokenData, load
from bot.settings import ROOT

ADVISORIES = ROOT / "docs" / "advisories.yml"
KEYS = ("package", "version", "ids", "why", "owner", "expires")
SCHEMA: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": list(KEYS),
        "properties": {
            "package": {"type": "string", "minLength": 1},
            "version": {"type": "string", "minLength": 1},
            "ids": {"type": "array", "minItems": 1, "uniqueItems": True,
                    "items": {"type": "string", "pattern": r"^(CVE-\d{4}-\d{4,}|GHSA(-[0-9a-z]{4}){3})$"}},
            "why": {"type": "string", "minLength": 40},
            "owner": {"enum": ["maintainer", "operator"]},
            "expires": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        },
    },
}
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE))
ENTRIES = load(ADVISORIES, SCHEMA)


def out_of_time(entry: dict[str, Any], today: date) -> bool:
    """Tell whether an entry's day has passed, or lies too far ahead for anybody to look again in time."""
    return not today <= date.fromisoformat(entry["expires"]) <= today + timedelta(days=366)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["package"])
def test_it_concerns_what_is_locked_and_is_looked_at_again_in_time(entry: dict[str, Any]) -> None:
    assert LOCKED.get(entry["package"]) == entry["version"], "another version is locked: read the advisory again"
    assert not out_of_time(entry, date.today()), "read the advisory again, then renew the day or take the entry out"


def test_no_advisory_stands_twice() -> None:
    ids = [(entry["package"], one) for entry in ENTRIES for one in entry["ids"]]
    assert len(ids) == len(set(ids))


def test_an_entry_holds_through_its_last_day() -> None:
    entry = {"expires": "2027-05-31"}
    assert not out_of_time(entry, date(2027, 5, 31))
    assert out_of_time(entry, date(2027, 6, 1))
    assert out_of_time(entry, date(2026, 5, 1))


@pytest.mark.parametrize("key", KEYS)
def test_an_entry_without_one_of_its_keys_is_refused(key: str, tmp_path: Any) -> None:
    lines = "".join(f"  {name}: {ENTRIES[0][name]!r}\n" for name in KEYS if name != key)
    path = tmp_path / "advisories.yml"
    path.write_text("-\n" + lines, "utf-8")
    with pytest.raises(BrokenData, match=key):
        load(path, SCHEMA)
