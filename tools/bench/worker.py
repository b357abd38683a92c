"""One assistant in a process of its own: reads commands as JSON lines, answers with figures."""
from __future__ import annotations

import asyncio
import copy
import importlib
import json
import logging
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any, TextIO

from tools.bench.clock import Clock

SHORT_TURNS = 15
"""Messages of one round: one conversation of ours, three of the starter."""


async def _timed(subject: Any, words: str) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    await subject.say(words)
    return time.perf_counter() - wall, time.process_time() - cpu


async def _round(subject: Any, turns: int) -> dict[str, Any]:
    subject.begin()
    taken = [await _timed(subject, subject.short(turn)) for turn in range(1, turns + 1)]
    return {"wall": [wall for wall, _ in taken], "cpu": [cpu for _, cpu in taken]}


async def _ages(subject: Any, points: list[int], turns: int) -> dict[str, Any]:
    """Bring one conversation to each age, then let them take turns, so that the machine's noise hits all ages."""
    talks = {}
    for point in points:
        talks[point] = copy.copy(subject)
        talks[point].begin()
        for turn in range(1, point):
            await talks[point].say(talks[point].long(turn))
    taken: dict[str, dict[int, list[float]]] = {kind: {point: [] for point in points} for kind in ("wall", "cpu")}
    for later in range(turns):
        for point, talk in talks.items():
            wall, cpu = await _timed(talk, talk.long(point + later))
            taken["wall"][point].append(wall)
            taken["cpu"][point].append(cpu)
    return taken


def _memory() -> float:
    """Give the resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def _work(subject: Any, out: TextIO) -> None:
    def tell(**answer: Any) -> None:
        print(json.dumps(answer), file=out, flush=True)

    await subject.start()
    tell(memory=_memory())
    clock: Clock | None = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        if asked["do"] == "watch":
            clock = Clock()
            subject.watch(clock)
            tell()
        elif asked["do"] == "parts":
            tell(parts=dict(clock.seconds) if clock else {})
        elif asked["do"] == "memory":
            tell(memory=_memory())
        elif asked["do"] == "ages":
            tell(**await _ages(subject, asked["points"], asked["turns"]))
        else:
            tell(**await _round(subject, asked["turns"]))


def main() -> None:
    """Load the assistant that the first argument names and do what is asked until the input ends."""
    # Figures go to the real output; what libraries print goes to the error output, which is a log file.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    module = importlib.import_module(f"tools.bench.{sys.argv[1]}")
    asyncio.run(_work(module.Subject(Path(sys.argv[2])), out))


if __name__ == "__main__":
    main()
