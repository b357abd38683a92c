"""Trains this assistant and Rasa's starter, and runs them side by side: turns, long conversations, parts, size."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from bot.settings import ROOT
from tools.bench.table import mb, met, ms, percentile, show
from tools.bench.worker import SHORT_TURNS

Points = dict[str, dict[str, dict[int, list[float]]]]
"""Seconds of turns by assistant, kind of time, and point of the conversation."""

OURS, STARTER = "ours", "starter"
ROUNDS = 20
LONG_ROUNDS = 2
POINTS = (5, 100, 300)
LONG_TURNS = 10
"""Turns from each point on that count: with five kinds of messages in turn, each kind counts twice."""

PART_ROUNDS = 8
SLOWER_AT_MOST = 2.5
GROWTH_AT_MOST = 1.3
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
         "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True)
class Training:
    """What one training took."""

    seconds: float
    peak: float
    size: int


def train(project: Path, out: Path, log: Path) -> Training:
    """Train a project from scratch.

    Args:
        project: folder with config, domain and data.
        out: folder for the model.
        log: where Rasa's words go.

    Returns:
        Wall time, peak memory in bytes, and bytes of the archive.
    """
    command = [sys.executable, "-W", "ignore", "-m", "rasa", "train", "--force", "--out", str(out),
               "--fixed-model-name", "model"]
    started = time.monotonic()
    with log.open("ab") as words:
        process = subprocess.Popen(command, cwd=project, stdout=words, stderr=words, env={**os.environ, **QUIET})
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"training in {project} failed; see {log}")
    return Training(time.monotonic() - started, usage.ru_maxrss * 1024, (out / "model.tar.gz").stat().st_size)


def create_starter(folder: Path) -> None:
    """Make the project that `rasa init` makes, without importing Rasa into this process.

    Args:
        folder: where; it must not exist yet.
    """
    template = Path(str(find_spec("rasa").origin)).parent / "cli" / "initial_project"
    shutil.copytree(template, folder, ignore=shutil.ignore_patterns("__pycache__"))


class Runner:
    """One assistant in its own process."""

    def __init__(self, which: str, process: subprocess.Popen[str], log: Path) -> None:
        self._which = which
        self._process = process
        self._log = log

    def ask(self, do: str | None = None, **more: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer; without a word, wait for the process to be ready."""
        if do:
            print(json.dumps({"do": do, **more}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._which} ended: {self._log.read_text('utf-8', 'replace')[-2000:]}")
        return dict(json.loads(line))


@contextmanager
def running(which: str, folder: Path, environment: dict[str, str]) -> Iterator[Runner]:
    """Run an assistant in its own process for a while.

    Args:
        which: module of this package.
        folder: its own folder.
        environment: settings beside those of this process.
    """
    log = folder / "worker.log"
    command = [sys.executable, "-W", "ignore", "-m", "tools.bench.worker", which, str(folder)]
    with log.open("ab") as words, subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, text=True,
        env={**os.environ, **QUIET, **environment},
    ) as process:
        try:
            yield Runner(which, process, log)
        finally:
            process.kill()


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def measure(folder: Path) -> str:
    """Train, start and run both assistants.

    Args:
        folder: an empty folder on the disk that the database of a real installation would be on.

    Returns:
        The table.
    """
    own = {OURS: folder / OURS, STARTER: folder / STARTER}
    own[OURS].mkdir()
    create_starter(own[STARTER])
    projects = {OURS: ROOT, STARTER: own[STARTER]}
    trained: dict[str, Training] = {}
    for which, project in projects.items():
        _say(f"training {which} ...")
        trained[which] = train(project, own[which] / "models", own[which] / "training.log")
    environment = {
        "FIRSTLINE_DATABASE_URL": f"sqlite:///{own[OURS] / 'bench.db'}",
        "FIRSTLINE_SECRET": os.urandom(32).hex(),
        "FIRSTLINE_KEY_FILE": str(own[OURS] / "key"),
    }
    start: dict[str, float] = {}
    loaded: dict[str, float] = {}
    used: dict[str, float] = {}
    turns: dict[str, dict[str, list[float]]] = {which: {"wall": [], "cpu": []} for which in own}
    long: Points = {which: {kind: {point: [] for point in POINTS} for kind in ("wall", "cpu")} for which in own}
    parts: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        runners: dict[str, Runner] = {}
        for which in own:
            _say(f"starting {which} ...")
            started = time.monotonic()
            runners[which] = stack.enter_context(running(which, own[which], environment))
            loaded[which] = runners[which].ask()["memory"]
            start[which] = time.monotonic() - started
            runners[which].ask("short", turns=SHORT_TURNS)
        _say(f"{ROUNDS} rounds of {SHORT_TURNS} turns, in turn ...")
        for _ in range(ROUNDS):
            for which, runner in runners.items():
                taken = runner.ask("short", turns=SHORT_TURNS)
                for kind in turns[which]:
                    turns[which][kind] += taken[kind]
        _say(f"long conversations, {LONG_ROUNDS} times ...")
        for _ in range(LONG_ROUNDS):
            for which, runner in runners.items():
                times = runner.ask("ages", points=POINTS, turns=LONG_TURNS)
                for kind, points in long[which].items():
                    for point in POINTS:
                        points[point] += times[kind][str(point)]
        _say("where the time goes ...")
        for which, runner in runners.items():
            used[which] = runner.ask("memory")["memory"]
            runner.ask("watch")
            for _ in range(PART_ROUNDS):
                runner.ask("short", turns=SHORT_TURNS)
            counted = runner.ask("parts")["parts"]
            parts[which] = {part: seconds / (PART_ROUNDS * SHORT_TURNS) for part, seconds in counted.items()}
    return "\n\n".join([
        _turn_table(turns), _long_table(long), _parts_table(parts), _size_table(trained, start, loaded, used),
    ])


HEADS = ["Firstline", "starter", "ratio", "goal"]


def _row(name: str, write: Any, ours: float, starter: float, limit: float | None = None) -> list[str]:
    ratio = ours / starter
    return [name, write(ours), write(starter), f"{ratio:.2f}", *([met(ratio, limit)] if limit else [])]


def _turn_table(turns: dict[str, dict[str, list[float]]]) -> str:
    ours, starter = turns[OURS], turns[STARTER]
    return show(f"A turn ({len(ours['wall'])} each)", HEADS, [
        _row("median", ms, median(ours["wall"]), median(starter["wall"]), SLOWER_AT_MOST),
        _row("p95", ms, percentile(ours["wall"], 0.95), percentile(starter["wall"], 0.95)),
        _row("processor time, median", ms, median(ours["cpu"]), median(starter["cpu"])),
    ])


def _long_table(long: Points) -> str:
    rows = []
    for kind, name, limit in (("wall", "", GROWTH_AT_MOST), ("cpu", "processor time, ", None)):
        middle = {which: {p: median(times) for p, times in found[kind].items()} for which, found in long.items()}
        rows += [_row(f"{name}from turn {p} on", ms, middle[OURS][p], middle[STARTER][p]) for p in POINTS]
        growth = {which: points[POINTS[-1]] / points[POINTS[0]] for which, points in middle.items()}
        rows.append([f"{name}turn {POINTS[-1]} : turn {POINTS[0]}", f"{growth[OURS]:.2f}", f"{growth[STARTER]:.2f}", "",
                     *([met(growth[OURS], limit)] if limit else [])])
    return show("Long conversations", HEADS, rows)


def _parts_table(parts: dict[str, dict[str, float]]) -> str:
    wholes = {which: sum(found.values()) for which, found in parts.items()}
    names = sorted({*parts[OURS], *parts[STARTER]}, key=lambda part: -parts[OURS].get(part, 0))
    rows = []
    for name in names:
        cells = [f"{ms(parts[which].get(name, 0))} {parts[which].get(name, 0) / wholes[which]:4.0%}" for which in parts]
        rows.append([name, *cells])
    rows.append(["whole turn (mean, with timers)", *[f"{ms(wholes[which])}     " for which in parts]])
    return show("Where it goes", ["Firstline", "starter"], rows)


def _size_table(trained: dict[str, Training], start: dict[str, float], loaded: dict[str, float],
                used: dict[str, float]) -> str:
    def seconds(value: float) -> str:
        return f"{value:.1f} s"

    return show("Size", HEADS[:3], [
        _row("training", seconds, trained[OURS].seconds, trained[STARTER].seconds),
        _row("peak memory of the training", mb, trained[OURS].peak, trained[STARTER].peak),
        _row("model", mb, trained[OURS].size, trained[STARTER].size),
        _row("start-up, process to ready", seconds, start[OURS], start[STARTER]),
        _row("memory, loaded", mb, loaded[OURS], loaded[STARTER]),
        _row("memory, after all turns", mb, used[OURS], used[STARTER]),
    ])
