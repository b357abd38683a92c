"""Turns a second with one and with two bot processes, on PostgreSQL: real processes and server, eight chats at once."""
from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import Server
from tests.system import System, free_port
from tools.bench.program import Program, client, token, wait_for_bot
from tools.bench.table import show

CHATS = 8
ROUNDS = 4
ROUND_SECONDS = 15
WARM_SECONDS = 5


@contextmanager
def _running(folder: Path, server: Server) -> Iterator[tuple[System, dict[int, int]]]:
    """Run two bot processes and two web processes: one that knows the first bot alone, and one that knows both.

    Yields:
        The installation, and the port of the web process by how many bots it asks.
    """
    system = System(folder)
    sockets = ",".join(str(folder / f"bot-{number}.sock") for number in (1, 2))
    system.env.update(FIRSTLINE_DATABASE_URL=server.url(server.new_database()), FIRSTLINE_BOT_SOCKET=sockets)
    system.prepare()
    ports = {1: system.port, 2: free_port()}
    try:
        for number in (1, 2):
            system.run(f"bot-{number}", "serve", "bot", "--number", str(number))
        for bots, port in ports.items():
            asked = ",".join(sockets.split(",")[:bots])
            system.run(f"web-{bots}", "serve", "web", FIRSTLINE_PORT=str(port), FIRSTLINE_BOT_SOCKET=asked)
        for number in (1, 2):
            wait_for_bot(folder / f"bot-{number}.sock")
        for port in ports.values():
            system.port = port
            system.wait_for(web=True)
        yield system, ports
    finally:
        system.stop()


async def _turns(programs: list[Program], seconds: float) -> float:
    """Let all talk for a while; give the turns a second."""
    started = time.monotonic()
    done = 0

    async def talk(program: Program) -> None:
        nonlocal done
        while time.monotonic() < started + seconds:
            await program.round()
            done += 1

    await asyncio.gather(*(talk(program) for program in programs))
    return done / (time.monotonic() - started)


async def _measure(system: System, ports: dict[int, int]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {bots: [] for bots in ports}
    async with client(token(system)) as http:
        programs = {bots: [Program(http, port) for _ in range(CHATS)] for bots, port in ports.items()}
        for bots in ports:
            await _turns(programs[bots], WARM_SECONDS)
        # In turn, so that the machine's noise hits both.
        for _ in range(ROUNDS):
            for bots in ports:
                found[bots].append(await _turns(programs[bots], ROUND_SECONDS))
    return found


def measure(folder: Path, server: Server) -> str:
    """Run one and two bot processes in turn.

    Args:
        folder: an empty folder.
        server: a PostgreSQL server that keeps what it commits.

    Returns:
        The table.
    """
    with _running(folder, server) as (system, ports):
        found = asyncio.run(_measure(system, ports))
    mean = {bots: sum(rounds) / len(rounds) for bots, rounds in found.items()}
    ratio = mean[2] / mean[1]
    table = show(f"Turns a second ({CHATS} chats at once, PostgreSQL)", ["mean", "lowest", "highest", "goal"], [
        [f"{bots} bot process{'es' if bots > 1 else ''}", f"{mean[bots]:.1f}", f"{min(rounds):.1f}",
         f"{max(rounds):.1f}"] for bots, rounds in found.items()
    ] + [["two : one", f"{ratio:.2f}", "", "", f"more than 1: {'met' if ratio > 1 else 'MISSED'}"]])
    return f"{table}\n(the web process, PostgreSQL and the bench share {os.cpu_count()} processors with the bots)"
