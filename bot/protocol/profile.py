"""A country profile: numbers, receivers and time limits of one country, read from `profiles/`."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.protocol import retention
from bot.protocol.loading import BrokenData, load

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
ROUTES = ("nfp", "nrm_child", "nrm_adult", "child_protection", "consult")

_TEXT = {"type": "string", "minLength": 1}
_CONTACT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "phone"],
    "properties": {"name": _TEXT, "phone": _TEXT},
}
_RECEIVER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "phone", "on_this_desk"],
    "properties": {"name": _TEXT, "phone": _TEXT, "on_this_desk": {"type": "boolean"}},
}
_LIMITS = ("claim_minutes_danger", "claim_minutes", "reminder_minutes", "unfinished_minutes")
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "country", "emergency", "duty", "child_protection", "receivers", "languages", "limits", "legal_references",
    ],
    "properties": {
        "country": {
            "type": "object",
            "additionalProperties": False,
            "required": ["code", "name"],
            "properties": {"code": {"type": "string", "pattern": "^[A-Z]{2}$"}, "name": _TEXT},
        },
        "emergency": {"type": "string", "pattern": "^[0-9]{2,6}$"},
        "duty": _CONTACT,
        "child_protection": _CONTACT,
        "receivers": {
            "type": "object",
            "additionalProperties": False,
            "required": list(ROUTES),
            "properties": {route: _RECEIVER for route in ROUTES},
        },
        "languages": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[a-z]{2}$"}},
        "limits": {
            "type": "object",
            "additionalProperties": False,
            "required": list(_LIMITS),
            "properties": {name: {"type": "number", "exclusiveMinimum": 0} for name in _LIMITS},
        },
        "legal_references": {"type": "array", "items": _TEXT},
        "retention": retention.SCHEMA,
    },
}


@dataclass(frozen=True)
class Contact:
    """A service that answers the phone."""

    name: str
    phone: str


@dataclass(frozen=True)
class Receiver:
    """Who receives a route, and whether that is this installation's own desk."""

    name: str
    phone: str
    on_this_desk: bool


@dataclass(frozen=True)
class Profile:
    """One country as its adopter describes it.

    Args:
        code: ISO 3166-1 alpha-2 code of the country.
        country: its name.
        emergency: the emergency number.
        duty: the duty desk.
        child_protection: child protection on duty.
        receivers: receiver of each route.
        languages: languages of the desk, two-letter codes.
        limits: minutes until an alarm repeats, a reminder goes out, a draft counts as unfinished.
        legal_references: national law that the referral rests on.
        retention: how long each class of data is kept; an installation's own profile must say so.
    """

    code: str
    country: str
    emergency: str
    duty: Contact
    child_protection: Contact
    receivers: dict[str, Receiver]
    languages: list[str]
    limits: dict[str, float]
    legal_references: list[str]
    retention: retention.Periods | None


@lru_cache(maxsize=16)
def load_profile(name: str, folder: Path = PROFILES) -> Profile:
    """Load a profile.

    Args:
        name: file name without ending.
        folder: where the profiles are.

    Returns:
        The profile.

    Raises:
        BrokenData: the file is missing or broken; file, line and reason are named.
    """
    path = folder / f"{name}.yml"
    data = load(path, _SCHEMA)
    return Profile(
        code=data["country"]["code"],
        country=data["country"]["name"],
        emergency=data["emergency"],
        duty=Contact(**data["duty"]),
        child_protection=Contact(**data["child_protection"]),
        receivers={route: Receiver(**receiver) for route, receiver in data["receivers"].items()},
        languages=data["languages"],
        limits=data["limits"],
        legal_references=data["legal_references"],
        retention=retention.periods_of(path, data.get("retention")),
    )


def periods(name: str, folder: Path = PROFILES) -> retention.Periods:
    """Give how long an installation keeps each class of data.

    Args:
        name: file name of its profile without ending.
        folder: where the profiles are.

    Raises:
        BrokenData: the profile is broken, or does not say.
    """
    found = load_profile(name, folder).retention
    if found is None:
        raise BrokenData(folder / f"{name}.yml", 1, "retention: is missing; profiles/default.yml has an example")
    return found


@lru_cache(maxsize=1)
def profile_names() -> dict[str, str]:
    """Give the names of the countries that have a profile, by their codes."""
    profiles = [load_profile(path.stem) for path in sorted(PROFILES.glob("*.yml"))]
    return {profile.code: profile.country for profile in profiles}


@lru_cache(maxsize=len(_LIMITS))
def shortest(limit: str) -> float:
    """Give the shortest time of all profiles.

    Args:
        limit: which of their limits.

    Returns:
        Minutes.
    """
    return min(load_profile(path.stem).limits[limit] for path in sorted(PROFILES.glob("*.yml")))


def profile_of(country: str | None, default: str, folder: Path = PROFILES) -> tuple[Profile, bool]:
    """Find whose numbers and names to give.

    Args:
        country: ISO code of the case's country, None where it is not known.
        default: name of the configured profile.
        folder: where the profiles are.

    Returns:
        The profile, and whether it is the case's own country's (False: it stands in, and the reply says so).

    Raises:
        BrokenData: a profile is broken.
    """
    configured = load_profile(default, folder)
    if country is None or country == configured.code:
        return configured, True
    for path in sorted(folder.glob("*.yml")):
        candidate = load_profile(path.stem, folder)
        if candidate.code == country:
            return candidate, True
    return configured, False
