"""`python -m tools.bench [PART ...]`: measures, and prints a table of each part with its goals."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bot.database import BUSY_SECONDS
from bot.settings import ROOT
from tests import postgres
from tests.system import environment, free_port
from tools.bench import beside, memory, throughput
from tools.bench.table import met, ms, percentile, show

REFERRALS = int(os.environ.get("FIRSTLINE_BENCH_REFERRALS", "100000"))
SLOWEST = 0.2
"""Seconds that 95 of 100 requests of the desk, or rounds of the jobs, may take at most."""
GOALS = {"a round that rings for many": float(BUSY_SECONDS)}
"""Other limits in seconds: on SQLite whoever writes meanwhile gives up after that time."""


def desk(folder: Path, url: str, engine: str) -> str:
    """Fill a database and time the desk's pages.

    Args:
        folder: an empty folder.
        url: address of an empty database.
        engine: its name in the table.

    Returns:
        The table.
    """
    command = [sys.executable, "-W", "ignore", "-m", "tools.bench.desk", str(REFERRALS)]
    given = {**environment(folder, free_port()), "FIRSTLINE_DATABASE_URL": url}
    with (folder / "desk.log").open("ab") as log:
        done = subprocess.run(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=log, text=True)
    if done.returncode:
        raise SystemExit((folder / "desk.log").read_text("utf-8", "replace")[-2000:])
    taken = json.loads(done.stdout)
    filling = taken.pop("filling")[0]
    rows = [[name, ms(percentile(times, 0.5)), ms(percentile(times, 0.95)), ms(max(times)),
             met(percentile(times, 0.95) * 1000, GOALS.get(name, SLOWEST) * 1000)] for name, times in taken.items()]
    heads = ["median", "p95", "longest", "goal of p95 in ms"]
    return f"{show(f'{REFERRALS:,} referrals, {engine}', heads, rows)}\n(filled in {filling:.0f} s)"


def on_postgresql(measure: Callable[[postgres.Server], str]) -> str:
    """Measure on a PostgreSQL server that is started for it and keeps what it commits."""
    if not postgres.available():
        return "PostgreSQL is not installed here: nothing is measured on it."
    with postgres.running(durable=True) as server:
        return measure(server)


PARTS: dict[str, Callable[[Path], str]] = {
    "beside": beside.measure,
    "processes": lambda folder: on_postgresql(lambda server: throughput.measure(folder, server)),
    "desk": lambda folder: desk(folder, f"sqlite:///{folder / 'bench.db'}", "SQLite"),
    "desk-postgresql": lambda folder: on_postgresql(
        lambda server: desk(folder, server.url(server.new_database()), "PostgreSQL")),
    "memory": memory.measure,
}
ASKED = [part for part in PARTS if part != "memory"]
"""What is measured where nothing is named: the memory takes its time."""


def main() -> None:
    """Measure what the arguments name, and print."""
    (ROOT / "var").mkdir(exist_ok=True)
    for part in sys.argv[1:] or ASKED:
        started, before = time.monotonic(), os.getloadavg()[0]
        print(f"{part} ...", file=sys.stderr, flush=True)
        # Beside the real database, so that commits reach the same disk.
        with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as folder:
            print(PARTS[part](Path(folder)))
        print(f"\nTook {time.monotonic() - started:.0f} s on {os.cpu_count()} processors; load average {before:.1f} at "
              f"the start, {os.getloadavg()[0]:.1f} at the end (up to about 2 is the bench itself).\n", flush=True)


if __name__ == "__main__":
    main()
