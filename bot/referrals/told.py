"""The sentences that a responder reads when the desk does something, from `data/told.yml`."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from bot.protocol.loading import load
from bot.protocol.profile import load_profile
from bot.settings import settings

_PATH = Path(__file__).parent / "data" / "told.yml"


@lru_cache(maxsize=1)
def _sentences() -> dict[str, str]:
    return dict(load(_PATH, {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}))


def told(key: str, **values: str) -> str:
    """Fill in one sentence; the emergency and the duty number are always at hand.

    Args:
        key: its id in `told.yml`.
        values: what stands for the braces.

    Returns:
        The sentence.
    """
    profile = load_profile(settings().profile)
    return _sentences()[key].format(emergency=profile.emergency, duty_phone=profile.duty.phone, **values)
