"""The search for planted words finds what it must, and knows when it found nothing to search."""
from __future__ import annotations

import smtplib
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests import planted
from tests.mail_server import running


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that is gone after the test: what is planted here must not be met by the search at the run's end."""
    with tempfile.TemporaryDirectory(prefix="firstline-planted-") as path:
        yield Path(path)


@pytest.mark.parametrize("told", [planted.NAMED, planted.DESCRIBED.upper(), planted.PLACE, planted.BORN,
                                  planted.BORN_AS_STORED])
def test_a_planted_word_is_found_wherever_it_stands(folder: Path, told: str) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "clean.db").write_bytes(b"\x00sealed\xff" * 100)
    (folder / "deep" / "er" / "a.log").write_bytes(b"\xff\x00" + told.encode() + b"\x00")
    found = planted.search([folder])
    assert found.files == 2 and {path.name for path, _ in found.hits} == {"a.log"}
    assert found.bytes == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert "planted words were found" in str(found.wrong(1, 0))


def test_a_word_over_the_seam_of_two_parts_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "one").write_text("x" * 60 + planted.CHILD)
    for at_once in range(55, 80):
        monkeypatch.setattr(planted, "_AT_ONCE", at_once)
        assert [word for _, word in planted.search([folder]).hits] == ["ilvana", "ravensholt"]


def test_too_little_to_search_is_wrong(folder: Path) -> None:
    (folder / "one").write_text("nothing")
    found = planted.search([folder])
    assert found.wrong(1, 0) is None
    assert found.wrong(2, 0) == "only 1 files and 0 mails were searched, not 2 and 0"
    assert found.wrong(1, 1) == "only 1 files and 0 mails were searched, not 1 and 1"
    assert found.said(3) == ("5 planted words searched for in 1 files of 7 bytes, with 0 mails and 3 captured outputs: "
                             "0 hits")


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("encoding", ["7bit", "quoted-printable", "base64"])
def test_a_planted_word_in_a_mail_is_found_however_it_is_encoded_and_answered(folder: Path, encoding: str,
                                                                              refused: bool) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@desk.example", "b@desk.example", f"Grüße {planted.PLACE}"
    message.set_content(f"{planted.NAMED}" + (" Grüße" if encoding != "7bit" else ""), cte=encoding)
    with running(folder) as server, smtplib.SMTP("127.0.0.1", server.port) as client:
        server.answers = ["554 no"] if refused else []
        with pytest.raises(smtplib.SMTPDataError) if refused else nullcontext():
            client.send_message(message)
    found = planted.search([folder])
    assert found.mails == 1 and [word for _, word in found.hits] == ["dunmarrow", "ilvana", "ravensholt"]
