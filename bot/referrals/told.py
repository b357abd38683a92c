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
    ended = {name: _ended(value) if name in _FREE else value for name, value in values.items()}
    return _sentences()[key].format(**ended).strip()


_FREE = ("reason", "where")
"""What officers type in their own words, so that it may lack its full stop."""


def _ended(words: str) -> str:
    return words if not words or words[-1] in ".!?…" else f"{words}."
