"""Schemathesis, which knows nothing of this project but docs/openapi.yml, finds no fault with a whole installation.

It runs in an environment of its own (Makefile): it needs newer packages than Rasa allows.
"""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bot.settings import ROOT
from tests.program import Program
from tests.system import System

COMMAND = ROOT / ".venv" / "schemathesis" / "bin" / "schemathesis"
STORY = "Girl, 13, from Albania, works nights in a bakery and sleeps there. I am a nurse."
EXAMPLES = os.environ.get("FIRSTLINE_SCHEMATHESIS", "50")
"""Most requests that are drawn for each operation, beside those that it makes of each rule."""


def test_it_finds_no_fault(tmp_path: Path) -> None:
    system = System(tmp_path)
    try:
        system.start()
        program = Program(system)
        reference = program.send_referral(STORY)
        env = {**os.environ, "CHANNEL_TOKEN": program.token, "DESK_TOKEN": program.command("token", "add", "d", "desk"),
               "CONVERSATION": program.conversation, "REFERENCE": reference}
        run = subprocess.run(
            [str(COMMAND), "--config-file", str(Path(__file__).with_name("schemathesis.toml")), "run",
             str(ROOT / "docs" / "openapi.yml"), "--url", system.address, "--max-examples", EXAMPLES, "--no-color"],
            cwd=tmp_path, env=env, capture_output=True, text=True, timeout=400)
    finally:
        system.stop()
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert "Tested: 4" in run.stdout and "returned only 401" not in run.stdout, run.stdout[-3000:]
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text("utf-8"), log.name
