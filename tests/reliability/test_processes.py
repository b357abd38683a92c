"""The processes themselves: who may reach them, what a start refuses, and that all of them stop together."""
from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot import serve
from bot.protocol.loading import DATA
from bot.settings import ROOT
from bot.training import NAME
from tests.phone import first_sign_in
from tests.system import PARTS, System, environment, firstline, free_port, passwords_in

Started = tuple[System, subprocess.Popen[str], Path]
SECONDS = 90


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Start everything with the one command that an operator gives, and its output."""
    folder = tmp_path_factory.mktemp("run")
    # A copy, so that the manager never trains into the project's own folder.
    shutil.copytree(ROOT / "models", folder / "models")
    system, log = System(folder), folder / "run.log"
    system.env["FIRSTLINE_MODELS"] = str(folder / "models")
    # As on a machine where nobody told Rasa that it may not report.
    del system.env["RASA_TELEMETRY_ENABLED"]
    process = firstline("run", env=system.env, log=log)
    try:
        until = time.monotonic() + SECONDS
        while "Sign in as" not in log.read_text("utf-8") and process.poll() is None and time.monotonic() < until:
            time.sleep(0.2)
        yield system, process, log
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def test_one_command_ends_with_two_addresses_and_the_sign_in(started: Started) -> None:
    system, process, log = started
    words = log.read_text("utf-8")
    assert process.poll() is None, words[-2000:]
    assert f"{system.address}/\n" in words and f"{system.address}/desk" in words
    accounts = passwords_in(words)
    assert set(accounts) == {"admin", "duty"}
    with httpx.Client(base_url=system.address, headers={"origin": system.address}, timeout=20) as browser:
        phone, recovery = first_sign_in(browser, "duty", accounts["duty"])
        assert browser.get("/desk").status_code == 200
    for secret in (system.env["FIRSTLINE_SECRET"], *accounts.values(), phone.secret, *recovery):
        assert secret.encode() not in b"".join(p.read_bytes() for p in system.folder.glob("firstline.db*"))


def test_only_its_owner_may_open_the_bots_socket(started: Started) -> None:
    system, _, _ = started
    mode = os.stat(system.env["FIRSTLINE_BOT_SOCKET"]).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def _descendants(pid: int) -> list[int]:
    """Give a process and all that it started."""
    found, parents = [pid], {}
    for stat_of in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat_of.parent.name)] = int(stat_of.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _sockets(pid: int) -> set[str]:
    """Give the inodes of the sockets that a process holds."""
    held = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(os.readlink(handle).removeprefix("socket:[").removesuffix("]"))
        except FileNotFoundError:
            continue
    return held


def _lines(name: str) -> list[list[str]]:
    return [line.split() for line in Path(f"/proc/net/{name}").read_text("utf-8").splitlines()[1:]]


def test_nothing_listens_but_the_web_port_and_the_bots_own_socket(started: Started) -> None:
    system, process, _ = started
    held = set().union(*(_sockets(pid) for pid in _descendants(process.pid)))
    listens, accepts = "0A", 0x10000  # as the kernel writes that a socket takes connections
    here = socket.inet_aton("127.0.0.1")[::-1].hex().upper()
    tcp = [line[1] for name in ("tcp", "tcp6") for line in _lines(name) if line[9] in held and line[3] == listens]
    assert tcp == [f"{here}:{system.port:04X}"]
    local = [line[7:] for line in _lines("unix") if line[6] in held and int(line[3], 16) & accepts]
    assert local == [[system.env["FIRSTLINE_BOT_SOCKET"]]]


def test_rasa_reports_to_nobody(started: Started) -> None:
    _, process, _ = started
    told = {Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[-2].decode():
            Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") for pid in _descendants(process.pid)}
    assert all(b"RASA_TELEMETRY_ENABLED=false" in told[part] for part in PARTS)


def test_a_signal_stops_all_three(started: Started) -> None:
    system, process, _ = started
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{system.address}/health", timeout=5)
    with socket.socket(socket.AF_UNIX) as caller, pytest.raises(OSError):
        caller.connect(system.env["FIRSTLINE_BOT_SOCKET"])


def test_the_socket_is_private_from_its_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, modes = tmp_path / "bot.sock", []
    real = socket.socket.bind

    class Watched(socket.socket):
        def bind(self, address: str) -> None:  # type: ignore[override]
            real(self, address)
            modes.append(stat.S_IMODE(path.stat().st_mode))

    path.touch(mode=0o666)
    monkeypatch.setattr(serve.socket, "socket", Watched)
    before = os.umask(0o022)
    serve.private_socket(path).close()
    assert os.umask(before) == 0o022
    assert modes == [0o600]


def _fails(*arguments: str, env: dict[str, str]) -> str:
    """Run a command that has to fail; give what it said."""
    process = firstline(*arguments, env=env, log=subprocess.PIPE)
    words, _ = process.communicate(timeout=SECONDS)
    assert process.returncode != 0, words
    return words


@pytest.mark.parametrize("change", ["another archive", "no note", "no archive"])
def test_a_model_that_was_not_trained_here_is_not_loaded(tmp_path: Path, change: str) -> None:
    models = tmp_path / "models"
    shutil.copytree(ROOT / "models", models)
    archive, note = models / f"{NAME}.tar.gz", models / f"{NAME}.json"
    if change == "another archive":
        archive.write_bytes(archive.read_bytes() + b"\0")
        assert json.loads(note.read_text("utf-8"))["sha256"]
    elif change == "no note":
        note.unlink()
    else:
        archive.unlink()
    words = _fails("serve", "bot", env=environment(tmp_path, free_port(), models))
    assert "is not the model that was trained here" in words


BROKEN = {
    "questions.yml": ("  tier: urgent\n", "  tier: whenever\n", '"whenever" is not one of'),
    "texts.yml": ('skipped: "Left open."', "kept: again", "'kept' stands here twice"),
    "routes.yml": ("    route: nfp\n", "    route: nowhere\n", '"nowhere" is not one of'),
}
"""What is broken in each file: old words, new words, and the reason that is named."""


def _only_sources(_: str, names: list[str]) -> list[str]:
    left = {"models", "var", "docs", "tests", "__pycache__"}
    return [name for name in names if name in left or (name.startswith(".") and name != ".env.example")]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_entry_stops_the_start_with_file_line_and_reason(tmp_path: Path, name: str) -> None:
    old, new, reason = BROKEN[name]
    project = tmp_path / "project"
    shutil.copytree(ROOT, project, ignore=_only_sources)
    broken = project / DATA.relative_to(ROOT) / name
    whole = broken.read_text("utf-8")
    assert old in whole
    broken.write_text(whole.replace(old, new, 1), "utf-8")
    line = whole[:whole.index(old)].count("\n") + 1
    env = {**environment(tmp_path, free_port()), "PYTHONPATH": str(project)}
    command = [sys.executable, "-W", "ignore", "-m", "bot.cli", "prepare"]  # what `run` does before it starts anything
    ended = subprocess.run(command, cwd=project, env=env, timeout=SECONDS, capture_output=True, text=True)
    words = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert reason in words
    assert re.search(rf"{name}\D{{1,12}}{line}\b", words), words[-1500:]


def test_an_unsafe_setting_stops_the_start(tmp_path: Path) -> None:
    env = environment(tmp_path, free_port())
    assert "FIRSTLINE_HOST" in _fails("serve", "web", env={**env, "FIRSTLINE_HOST": "0.0.0.0"})
    assert "FIRSTLINE_SECRET" in _fails("serve", "web", env={**env, "FIRSTLINE_SECRET": "short"})
