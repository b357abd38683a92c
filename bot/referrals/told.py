"""The sentences that a responder reads when the desk does something, from `data/told.yml`."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from bot.protocol.loading import load

_PATH = Path(__file__).parent / "data" / "told.yml"


@lru_cache(maxsize=1)
def _sentences() -> dict[str, str]:
    return dict(load(_PATH, {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}))


def told(key: str, **values: str) -> str:
    """Fill in one sentence.

    Args:
        key: its id in `told.yml`.
        values: what stands for the braces.

    Returns:
        The sentence, without outer spaces where a value was empty.
    """
    return _sentences()[key].format(**values).strip()
