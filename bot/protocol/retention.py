"""How long each class of data is kept, from the country profile; the transcript always goes before the record."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.protocol.loading import TEXT, BrokenData, line_of

RECORDS = ("contact", "referral")
"""Classes of a case's record, by the kind of the case; counted from its closing."""
ROWS = ("deliveries", "sessions", "changes", "invitations")
"""Classes of rows that belong to no record, and hold no word of one."""
CLASSES = ("transcript", *RECORDS, "advice", *ROWS)
"""In the order in which they go; docs/operate.md says of each what it is."""

_PERIOD = {"type": "object", "additionalProperties": False, "required": ["days", "reason"],
           "properties": {"days": {"type": "integer", "minimum": 1, "maximum": 36_500}, "reason": TEXT}}
SCHEMA: dict[str, Any] = {"type": "object", "additionalProperties": False, "required": list(CLASSES),
                          "properties": {name: _PERIOD for name in CLASSES}}


@dataclass(frozen=True)
class Period:
    """How long a class is kept, and why so long."""

    days: int
    reason: str

    @property
    def length(self) -> timedelta:
        """The period as a length of time."""
        return timedelta(days=self.days)


Periods = dict[str, Period]
"""Period by class."""


def periods_of(path: Path, said: dict[str, Any] | None) -> Periods | None:
    """Read what a profile says of retention.

    Args:
        path: the profile's file.
        said: its entry `retention`, which fits `SCHEMA`; None where it has none.

    Returns:
        The periods; None where it has none.

    Raises:
        BrokenData: the transcript would not go before the record that was made of it.
    """
    if said is None:
        return None
    for record in RECORDS:
        if said["transcript"]["days"] >= said[record]["days"]:
            raise BrokenData(path, line_of(path, ["retention", "transcript"]),
                             f"retention/transcript: must be shorter than {record}: the record is made of it, so it "
                             "goes first")
    return {name: Period(**said[name]) for name in CLASSES}
