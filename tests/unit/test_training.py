"""The model is trained when its inputs changed, and an archive that was not trained here is not loaded."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from bot import training
from bot.settings import ROOT
from bot.training import INPUTS, NAME, TrainingFailed, UntrustedModel, inputs_hash, train_if_needed, trusted_model


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("project")
    for name in INPUTS:
        source, target = ROOT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copy(source, target)
        else:
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.mark.parametrize(
    "name",
    [
        "config.yml",
        "domain.yml",
        "data/rules/*.yml",
        "bot/protocol/routes.py",
        "bot/protocol/data/routes.yml",
        "bot/protocol/data/questions.yml",
        "bot/understanding/component.py",
        "bot/understanding/data/danger.yml",
        "bot/understanding/data/signs/*.yml",
    ],
)
def test_a_changed_input_changes_the_hash_and_back_again(whole: Path, name: str) -> None:
    before = inputs_hash(whole)
    path = next(iter(sorted(whole.glob(name))))
    content = path.read_bytes()
    path.write_bytes(content + b"\n# changed\n")
    changed = inputs_hash(whole)
    path.write_bytes(content)
    assert changed != before
    assert inputs_hash(whole) == before


def test_a_new_a_renamed_and_a_lost_file_change_the_hash(whole: Path) -> None:
    found = [inputs_hash(whole)]
    new = whole / "bot" / "protocol" / "data" / "new.yml"
    new.write_text("a: 1\n", "utf-8")
    found.append(inputs_hash(whole))
    renamed = new.rename(new.with_name("newer.yml"))
    found.append(inputs_hash(whole))
    renamed.unlink()
    assert len(set(found)) == 3
    assert inputs_hash(whole) == found[0]


def test_what_the_model_does_not_depend_on_changes_nothing(whole: Path) -> None:
    before = inputs_hash(whole)
    (whole / "actions").mkdir(exist_ok=True)
    (whole / "actions" / "more.py").write_text("x = 1\n", "utf-8")
    (whole / "bot" / "protocol" / "notes.txt").write_text("x", "utf-8")
    assert inputs_hash(whole) == before


@pytest.fixture
def models(tmp_path: Path) -> Path:
    archive = tmp_path / f"{NAME}.tar.gz"
    archive.write_bytes(b"a model")
    note = {"inputs": inputs_hash(), "sha256": sha256(b"a model").hexdigest()}
    (tmp_path / f"{NAME}.json").write_text(json.dumps(note), "utf-8")
    return tmp_path


def test_the_archive_that_was_trained_here_is_loaded(models: Path) -> None:
    assert trusted_model(models) == models / f"{NAME}.tar.gz"


@pytest.mark.parametrize("change", ["archive", "archive gone", "note gone", "note broken", "note empty"])
def test_any_other_archive_is_refused(models: Path, change: str) -> None:
    archive, note = models / f"{NAME}.tar.gz", models / f"{NAME}.json"
    if change == "archive":
        archive.write_bytes(b"another model")
    elif change == "archive gone":
        archive.unlink()
    elif change == "note gone":
        note.unlink()
    else:
        note.write_text("{" if change == "note broken" else "{}", "utf-8")
    with pytest.raises(UntrustedModel, match=NAME):
        trusted_model(models)


class Training:
    """Stands for Rasa's training: writes an archive, or fails."""

    def __init__(self, models: Path, returncode: int = 0) -> None:
        self.models, self.returncode, self.runs = models, returncode, 0

    def Popen(self, command: list[str], env: dict[str, str], **_: object) -> Training:
        assert env["RASA_TELEMETRY_ENABLED"] == "false"
        assert command[command.index("--out") + 1] == str(self.models)
        self.runs += 1
        (self.models / f"{NAME}.tar.gz").write_bytes(b"newly trained")
        return self

    def poll(self) -> int:
        return self.returncode


def said(_: str) -> None:
    """Take a line of progress."""


def test_nothing_is_trained_where_nothing_changed(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "subprocess", Training(models))
    assert train_if_needed(models, said) is False


@pytest.mark.parametrize("change", ["inputs", "archive", "archive gone", "note gone"])
def test_what_would_be_refused_or_is_outdated_is_trained_again(
    models: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    rasa = Training(models)
    monkeypatch.setattr(training, "subprocess", rasa)
    if change == "inputs":
        monkeypatch.setattr(training, "inputs_hash", lambda: "another")
    elif change == "archive":
        (models / f"{NAME}.tar.gz").write_bytes(b"another model")
    else:
        (models / f"{NAME}{'.tar.gz' if change == 'archive gone' else '.json'}").unlink()
    assert train_if_needed(models, said) is True
    assert rasa.runs == 1
    assert trusted_model(models).read_bytes() == b"newly trained"
    assert train_if_needed(models, said) is False


def test_a_failed_training_is_no_model(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ROOT", models.parent)
    monkeypatch.setattr(training, "subprocess", Training(models, returncode=1))
    monkeypatch.setattr(training, "inputs_hash", lambda: "another")
    with pytest.raises(TrainingFailed, match=r"training\.log"):
        train_if_needed(models, said)
    with pytest.raises(UntrustedModel):
        trusted_model(models)
