"""Country profiles: one YAML file each, whole or refused; the default stands in and says so."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.protocol.loading import BrokenData
from bot.protocol.profile import PROFILES, ROUTES, load_profile, periods, profile_of
from bot.protocol.retention import CLASSES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(PROFILES / "default.yml", tmp_path / "default.yml")
    return tmp_path


def changed(folder: Path, name: str = "other", **new: Any) -> Path:
    content = yaml.safe_load((PROFILES / "default.yml").read_text("utf-8"))
    content.update(new)
    (folder / f"{name}.yml").write_text(yaml.safe_dump(content), "utf-8")
    return folder


def kept(**new: Any) -> dict[str, Any]:
    """What the default profile says of retention, changed."""
    return {**yaml.safe_load((PROFILES / "default.yml").read_text("utf-8"))["retention"], **new}


def test_the_default_is_fictional_and_whole() -> None:
    profile = load_profile("default")
    assert (profile.code, profile.emergency) == ("QZ", "112")
    assert set(profile.receivers) == set(ROUTES)
    assert all(receiver.name and receiver.phone for receiver in profile.receivers.values())
    assert profile.limits["claim_minutes_danger"] == 5
    assert profile.limits["claim_minutes"] == 15


def test_a_case_of_a_country_gets_that_country_s_numbers(folder: Path) -> None:
    changed(folder, country={"code": "PT", "name": "Elsewhere"}, emergency="113")
    profile, own = profile_of("PT", "default", folder)
    assert (profile.country, profile.emergency, own) == ("Elsewhere", "113", True)


def test_a_country_without_a_profile_gets_the_default_which_says_so(folder: Path) -> None:
    profile, own = profile_of("IS", "default", folder)
    assert (profile.code, own) == ("QZ", False)


@pytest.mark.parametrize("country", [None, "QZ"])
def test_where_the_country_is_not_known_the_configured_one_is_meant(folder: Path, country: str | None) -> None:
    assert profile_of(country, "default", folder)[1] is True


def test_a_receiver_may_be_elsewhere(folder: Path) -> None:
    receivers = yaml.safe_load((PROFILES / "default.yml").read_text("utf-8"))["receivers"]
    receivers["nrm_adult"]["on_this_desk"] = False
    profile = load_profile("other", changed(folder, receivers=receivers))
    assert not profile.receivers["nrm_adult"].on_this_desk
    assert profile.receivers["nfp"].on_this_desk


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ({"emergency": "call us"}, "emergency"),
        ({"emergency": 112}, "emergency"),
        ({"country": {"code": "qz", "name": "N"}}, "code"),
        ({"country": {"code": "QZ"}}, "name"),
        ({"languages": []}, "languages"),
        ({"languages": ["English"]}, "languages"),
        ({"receivers": {}}, "receivers"),
        ({"limits": {"claim_minutes": 0}}, "limits"),
        ({"hotline": "1"}, "hotline"),
        ({"duty": {"name": "Desk"}}, "duty"),
        ({"child_protection": None}, "child_protection"),
        ({"retention": {}}, "retention"),
        ({"retention": kept(advice={"days": 0, "reason": "x"})}, "retention/advice"),
        ({"retention": kept(advice={"days": 30})}, "retention/advice"),
        ({"retention": kept(transcript={"days": 3650, "reason": "x"})}, "retention/transcript: must be shorter"),
        ({"retention": kept(contact={"days": 90, "reason": "x"})}, "must be shorter than contact"),
        ({"retention": {**kept(), "diary": {"days": 1, "reason": "x"}}}, "diary"),
    ],
    ids=str,
)
def test_a_broken_profile_is_refused_with_file_and_reason(folder: Path, new: dict[str, Any], reason: str) -> None:
    changed(folder, "broken", **new)
    with pytest.raises(BrokenData, match=rf"^broken\.yml:\d+: .*{reason}"):
        load_profile("broken", folder)


def test_an_installation_needs_periods_and_a_neighbour_does_not(folder: Path) -> None:
    content = yaml.safe_load((PROFILES / "default.yml").read_text("utf-8"))
    del content["retention"]
    (folder / "other.yml").write_text(yaml.safe_dump(content), "utf-8")
    assert load_profile("other", folder).retention is None
    with pytest.raises(BrokenData, match=r"^other\.yml:1: retention: is missing"):
        periods("other", folder)
    found = periods("default", folder)
    assert tuple(found) == CLASSES and found["transcript"].days < found["referral"].days
    assert all(period.reason for period in found.values())


def test_a_missing_profile_is_refused(folder: Path) -> None:
    with pytest.raises(BrokenData, match=r"^nowhere\.yml:1: No such file"):
        load_profile("nowhere", folder)


def test_a_broken_neighbour_is_noticed_when_a_country_is_looked_for(folder: Path) -> None:
    (folder / "broken.yml").write_text("country: [", "utf-8")
    with pytest.raises(BrokenData, match=r"^broken\.yml:\d+:"):
        profile_of("PT", "default", folder)
