"""Trains the model where it is missing or its inputs changed, and loads only an archive that was trained here."""
from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bot.settings import ROOT

NAME = "firstline"
INPUTS = ("config.yml", "domain.yml", "data", "bot/understanding", "bot/protocol")
"""What the model depends on; Rasa's own cache does not see helper modules and protocol data."""


class UntrustedModel(RuntimeError):
    """The model archive is not the one that was trained here; an archive is code, so it is not loaded."""


class TrainingFailed(RuntimeError):
    """Rasa could not train; the log names the reason."""


def inputs_hash(root: Path = ROOT) -> str:
    """Hash everything that the model depends on.

    Args:
        root: the project's folder.

    Returns:
        A SHA-256 in hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in INPUTS:
        place = root / name
        inside = (p for p in place.rglob("*") if p.suffix in (".yml", ".py", ".npz"))
        files = [place] if place.is_file() else sorted(inside)
        for path in files:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _note(models: Path) -> dict[str, str]:
    try:
        return dict(json.loads((models / f"{NAME}.json").read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def trusted_model(models: Path) -> Path:
    """Give the model archive, checked against the hash noted when it was trained.

    Args:
        models: folder of the model.

    Returns:
        The archive.

    Raises:
        UntrustedModel: it is missing, or another one than was trained.
    """
    archive = models / f"{NAME}.tar.gz"
    if not archive.exists() or _note(models).get("sha256") != _sha256(archive):
        raise UntrustedModel(f"{archive.name} is not the model that was trained here; train it with `firstline train`")
    return archive


def train_if_needed(models: Path, say: Callable[[str], None] = print) -> bool:
    """Train where the model is missing, is not the one that was trained here, or its inputs changed.

    Args:
        models: folder of the model.
        say: called with each line of progress.

    Returns:
        Whether it was trained.

    Raises:
        TrainingFailed: Rasa gave an error; the log is named.
    """
    wanted = inputs_hash()
    note, archive = _note(models), models / f"{NAME}.tar.gz"
    if note.get("inputs") == wanted and archive.exists() and note.get("sha256") == _sha256(archive):
        return False
    models.mkdir(parents=True, exist_ok=True)
    log = models / "training.log"
    command = [sys.executable, "-W", "ignore", "-m", "rasa", "train", "--force", "--fixed-model-name", NAME,
               "--out", str(models)]
    quiet = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
    started = time.monotonic()
    with log.open("wb") as out:
        training = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env={**os.environ, **quiet})  # noqa: S603
        while training.poll() is None:
            say(f"Training the model, {time.monotonic() - started:.0f} s ...")
            time.sleep(5)
    if training.returncode != 0:
        raise TrainingFailed(f"training failed; see {log}")
    note = {"inputs": wanted, "sha256": _sha256(archive)}
    (models / f"{NAME}.json").write_text(json.dumps(note), "utf-8")
    say(f"Model trained in {time.monotonic() - started:.0f} s, {archive.stat().st_size / 1000:.0f} kB.")
    return True
