"""The points at which a crash test kills a process; in every other process they do nothing."""
from __future__ import annotations

import os
import signal
from collections import Counter

from bot.settings import settings

POINTS = (
    "door.before_commit",
    "door.stored",
    "door.answering",
    "turn.loaded",
    "turn.thought",
    "submit.before_commit",
    "turn.before_commit",
    "turn.committed",
    "claim.won",
    "decision.noted",
    "act.before_commit",
    "act.committed",
    "delivery.taken",
    "delivery.sent",
    "delivery.before_commit",
    "delivery.noted",
    "notice.taken",
    "notice.sent",
    "notice.before_commit",
    "notice.noted",
    "jobs.before_commit",
    "jobs.committed",
    "retention.before_commit",
    "retention.committed",
    "keys.before_replace",
    "keys.replaced",
    "keys.before_commit",
    "keys.committed",
)
"""Before and after each commit that matters, and each new key file; docs/reliability.md says what makes each whole."""

_passed: Counter[str] = Counter()


class UnknownPoint(ValueError):
    """No such point is marked, so that waiting for it would prove nothing."""


def reached(point: str) -> None:
    """End this process as `kill -9` would, where a crash test asks for it here.

    Args:
        point: one of `POINTS`.

    Raises:
        UnknownPoint: there is no such point.
    """
    wanted, _, count = settings().crash_at.partition(":")
    if point not in POINTS or (wanted and wanted not in POINTS):
        raise UnknownPoint(f"{point}, {wanted}")
    _passed[point] += 1
    if point == wanted and _passed[point] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
