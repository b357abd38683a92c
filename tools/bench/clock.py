"""Timers around the real functions: how long each part of a turn takes, what it calls for others not counted."""
from __future__ import annotations

import functools
import inspect
import time
from collections import defaultdict
from typing import Any


class Clock:
    """Counts the time of parts, each without the parts inside it.

    One conversation talks at a time, so one stack is enough, also where a part runs in another thread.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside: list[float] = []

    def watch(self, owner: Any, name: str, part: str) -> None:
        """Put a timer around a function.

        Args:
            owner: the module or class that holds it.
            name: its name there.
            part: what its time is counted as.
        """
        function = getattr(owner, name)

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            started = self._enter()
            try:
                return function(*args, **kwargs)
            finally:
                self._leave(part, started)

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            started = self._enter()
            try:
                return await function(*args, **kwargs)
            finally:
                self._leave(part, started)

        setattr(owner, name, awaited if inspect.iscoroutinefunction(function) else timed)

    def _enter(self) -> float:
        self._inside.append(0.0)
        return time.perf_counter()

    def _leave(self, part: str, started: float) -> None:
        whole = time.perf_counter() - started
        self.seconds[part] += whole - self._inside.pop()
        if self._inside:
            self._inside[-1] += whole


def watch_rasa(clock: Clock, processor: Any) -> None:
    """Time the parts that every Rasa assistant has.

    Args:
        clock: what counts.
        processor: the loaded agent's message processor.
    """
    clock.watch(processor, "handle_message", "Rasa besides")
    clock.watch(processor, "parse_message", "reading: Rasa")
    clock.watch(processor, "_predict_next_with_tracker", "policies")
    clock.watch(processor, "_run_action", "actions")
    clock.watch(processor, "run_action_extract_slots", "actions")
    clock.watch(processor.tracker_store, "retrieve", "loading")
    clock.watch(processor.tracker_store, "save", "storing")
