"""One assistant in a process of its own: reads commands as JSON lines, answers with figures."""
from __future__ import annotations

import asyncio
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


async def _round(subject: Any, kind: str, turns: int) -> dict[str, Any]:
    subject.begin()
    next_message = getattr(subject, kind)
    taken = [await _timed(subject, next_message(turn)) for turn in range(1, turns + 1)]
    return {"wall": [wall for wall, _ in taken], "cpu": [cpu for _, cpu in taken]}


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
        else:
            tell(**await _round(subject, asked["do"], asked["turns"]))


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
