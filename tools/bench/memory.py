"""The memory of bot and web process over many conversations: real processes on SQLite, messages of all kinds."""
from __future__ import annotations

import asyncio
import itertools
import json
import os
import time
from pathlib import Path

from bot.settings import ROOT
from tests.system import System
from tools.bench.program import Program, client, token, wait_for_bot
from tools.bench.table import mb, met, show

CONVERSATIONS = int(os.environ.get("FIRSTLINE_BENCH_CONVERSATIONS", "20000"))
MARKS = tuple(CONVERSATIONS * tenths // 10 for tenths in (1, 5, 10))
"""After how many conversations memory is looked at."""
CHATS = 8
WHOLE_EACH = 50
"""Every so many-th conversation goes on to its reference; the others are one message and its answer."""
GROWTH_AT_MOST = 1.05
PARTS = ("bot", "web")


def _stories() -> list[str]:
    """Give the first messages of the labelled set, for a process may keep something of what it reads."""
    files = sorted((ROOT / "evaluation" / "messages").glob("*.jsonl"))
    return [json.loads(line)["messages"][0] for file in files for line in file.read_text().splitlines()]


def _resident(system: System) -> dict[str, int]:
    """Give the resident memory of each process, in bytes."""
    statm = {part: Path(f"/proc/{system.processes[part].pid}/statm").read_text() for part in PARTS}
    return {part: int(words.split()[1]) * os.sysconf("SC_PAGE_SIZE") for part, words in statm.items()}


async def _conversations(system: System) -> dict[int, dict[str, int]]:
    stories, numbers = _stories(), itertools.count(1)
    found: dict[int, dict[str, int]] = {}

    async def talk(program: Program) -> None:
        for number in numbers:
            if number > CONVERSATIONS:
                return
            program.begin()
            if number % WHOLE_EACH:
                # No two are the same text.
                await program.say(f"{stories[number % len(stories)]} (note {number})")
            else:
                await program.round()
                while program.turn:
                    await program.round()
            if number in MARKS:
                found[number] = _resident(system)

    async with client(token(system)) as http:
        await asyncio.gather(*(talk(Program(http, system.port)) for _ in range(CHATS)))
    return found


def measure(folder: Path) -> str:
    """Hold the conversations.

    Args:
        folder: an empty folder.

    Returns:
        The table.
    """
    system = System(folder)
    system.prepare()
    try:
        for part in PARTS:
            system.start_part(part)
        wait_for_bot(folder / "bot.sock")
        system.wait_for(**{part: True for part in PARTS})
        loaded, started = _resident(system), time.monotonic()
        found = asyncio.run(_conversations(system))
        seconds = time.monotonic() - started
    finally:
        system.stop()
    first, last = found[MARKS[0]], found[MARKS[-1]]
    rows = [[part, mb(loaded[part]), *(mb(found[mark][part]) for mark in MARKS),
             f"{(last[part] - first[part]) / (MARKS[-1] - MARKS[0]):+.0f} B", f"{last[part] / first[part]:.3f}",
             met(last[part] / first[part], GROWTH_AT_MOST)] for part in PARTS]
    heads = ["loaded", *(f"{mark:,}" for mark in MARKS), "each", "last : first", "goal"]
    return f"{show('Resident memory after conversations', heads, rows)}\n\n{CONVERSATIONS:,} took {seconds:.0f} s."
