"""Copies of the database: whole, of one moment, unreadable without the key, refused where damaged, and brought back."""
from __future__ import annotations

import base64
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

import bot.database
import bot.settings
from bot.backups import copies
from bot.backups.copies import KeyUnsafe, NotEmpty, back_up, backup_key, restore
from bot.backups.sealed_file import Damaged, read, write
from bot.commands.backups import backup, restore_copy
from bot.commands.keys import keys as commands
from bot.conversations.messages import add_message, open_conversation
from bot.conversations.tables import Conversation, Message
from bot.database import Base, engine, reading, writing
from bot.jobs.alarms import repeat_alarms
from bot.protocol.catalogue import text as text_of
from bot.referrals.erasure import erase
from bot.referrals.reports import begin_report, by_reference, record_of, submit
from bot.referrals.tables import Case, Report
from bot.security import audit, chain, heads
from bot.security.accounts import first_start
from bot.security.key_file import make_keys
from bot.security.keys import SEARCH, open_keys, writing_key
from bot.security.tables import DataKey
from bot.settings import UnsafeSetting
from tests.databases import needs_postgresql, new_url

KEY = bytes(range(32))
CANARY = "zebra-striped jacket of Ondina"
NEVER_SENT = "written while the copy was made"


def _use(url: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("FIRSTLINE_DATABASE_URL", url)
    bot.settings.settings.cache_clear()
    bot.database._sessions.cache_clear()


@pytest.fixture
def source(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """A database of its own with a referral in it."""
    from alembic import command

    from bot.setup import migrations

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRSTLINE_BACKUP_KEY", str(tmp_path / "keys" / "backup"))
        patch.setenv("FIRSTLINE_AUDIT_HEADS", str(tmp_path / "audit"))
        _use(new_url(tmp_path / "first.db"), patch)
        command.upgrade(migrations(bot.settings.settings().database_url), "head")
        with writing() as session:
            first_start(session)
            conversation = open_conversation(session, "web", "web:one", "chat")
            report = begin_report(session, conversation)
            add_message(session, conversation, "responder", CANARY, payload=None)
            submit(session, report, conversation, conversation.owner)
        yield patch
    bot.settings.settings.cache_clear()
    bot.database._sessions.cache_clear()


def counts() -> dict[str, int]:
    with reading() as session:
        return {t.name: session.execute(select(func.count()).select_from(t)).scalar_one() for t in
                Base.metadata.sorted_tables}


def everything() -> dict[str, list[Any]]:
    with reading() as session:
        return {t.name: sorted(repr([bytes(value) if isinstance(value, memoryview) else value for value in row])
                               for row in session.execute(text(f"SELECT * FROM {t.name}")))
                for t in Base.metadata.sorted_tables}


def entries(subject: str) -> list[str]:
    with reading() as session:
        found = audit.trail(session, [subject])
        assert {entry.actor for entry in found} == {"command line"}
        return [entry.action for entry in found]


def test_a_copy_brings_everything_back(source: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target, copied = back_up(tmp_path / "copies")
    before, rows = everything(), counts()
    assert target.stat().st_mode & 0o777 == 0o600
    keys_copied = {"data_keys": rows["data_keys"]}
    assert {name: number for name, number in rows.items() if number} == {**copied, **keys_copied}
    _use(new_url(tmp_path / "second.db"), source)
    assert restore(target) == {**copied, **keys_copied}
    after = everything()
    assert set(before.pop("audit")) < set(after.pop("audit")) and after == before
    with reading() as session:
        assert session.execute(select(Message)).scalar_one().text == CANARY
        assert session.execute(select(Report)).scalar_one().reference


@needs_postgresql
def test_a_copy_goes_over_to_sqlite_and_back(source: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = everything()
    there, copied = back_up(tmp_path / "copies")
    _use(f"sqlite:///{tmp_path / 'second.db'}", source)
    restore(there)
    assert engine().dialect.name == "sqlite"
    back, again = back_up(tmp_path / "others")
    # The way back and forth is in the trail: restored, made.
    assert again == copied + Counter(audit=2)
    _use(new_url(tmp_path / "third.db"), source)
    restore(back)
    after = everything()
    assert engine().dialect.name == "postgresql" and set(after.pop("audit")) > set(before.pop("audit"))
    assert after == before


def test_nothing_in_a_copy_can_be_read_without_the_key(source: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target, _ = back_up(tmp_path / "copies")
    for file in target.parent.iterdir():
        assert b"zebra" not in file.read_bytes() and b"messages" not in file.read_bytes()
    key = tmp_path / "keys" / "backup"
    key.unlink()
    _use(new_url(tmp_path / "second.db"), source)
    with pytest.raises(Damaged):
        restore(target)


def test_the_key_of_the_backups_alone_opens_neither_a_word_nor_a_data_key(
    source: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`keys.latest` tells which keys there are, and of what was erased when, why and by whom."""
    with writing() as session:
        erase(session, session.execute(select(Report)).scalar_one(), "ana", "asked for")
        kept = begin_report(session, open_conversation(session, "web", "web:two", "chat"))
        _, key = writing_key(session.connection(), kept.id)
    target, _ = back_up(tmp_path / "copies")
    told = {}
    for file in target.parent.iterdir():
        _, *parts = read(file, backup_key(bot.settings.settings().backup_key))
        told[file.name] = b"".join(map(zlib.decompress, parts))
        assert not any(word in told[file.name] for word in (b"zebra", key, base64.b64encode(key), key.hex().encode()))
    latest = told[copies.KEYS_FILE]
    assert kept.id.encode() in latest and b"asked for" in latest and b"ana" in latest


def test_an_older_file_of_the_keys_brings_back_what_was_erased_since(
    source: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Why docs/operate.md says to keep none."""
    old, _ = back_up(tmp_path / "copies")
    with writing() as session:
        erase(session, session.execute(select(Report)).scalar_one(), "ana", "asked for")
    _use(new_url(tmp_path / "second.db"), source)
    open_keys.clear()
    restore(old)
    with reading() as session:
        assert session.execute(select(Message)).scalar_one().text == CANARY


def test_making_a_copy_and_putting_it_back_leave_entries(source: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert CliRunner().invoke(backup, [str(tmp_path / "copies")]).exit_code == 0
    [target] = (tmp_path / "copies").glob("*.backup")
    assert entries(target.name) == ["backup.made"]
    # The copy has its own entry, and is known whatever somebody called it since.
    _use(new_url(tmp_path / "second.db"), source)
    assert CliRunner().invoke(restore_copy, [str(target.rename(target.with_name("renamed")))]).exit_code == 0
    assert entries(target.name) == ["backup.made", "backup.restored"]
    assert heads.check(full=True).fault is None


def test_what_cannot_be_noted_is_not_copied(source: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("locked"))

    with source.context() as patch:
        patch.setattr(chain, "append", fail)
        with pytest.raises(OperationalError):
            back_up(tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_copy_is_of_one_moment(source: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is written while the copy is made is either there with all that belongs to it, or not there at all."""
    real = copies._as_stored

    def late(table: Any) -> Any:
        if table.name == "messages":
            with writing() as session:
                other = open_conversation(session, "web", "web:two", "chat")
                add_message(session, other, "responder", NEVER_SENT)
        return real(table)

    source.setattr(copies, "_as_stored", late)
    target, copied = back_up(tmp_path / "copies")
    assert copied["conversations"] == copied["messages"] == 1
    assert counts()["messages"] == 2
    source.setattr(copies, "_as_stored", real)
    _use(new_url(tmp_path / "second.db"), source)
    restore(target)
    with reading() as session:
        assert [message.text for message in session.execute(select(Message)).scalars()] == [CANARY]


def test_what_was_erased_after_a_copy_stays_erased_when_it_is_put_back(
    source: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Old records beside the keys as they are now: the erased one reads nowhere and rings no more, others read."""
    with writing() as session:
        other = open_conversation(session, "web", "web:two", "chat")
        kept = begin_report(session, other).id
        add_message(session, other, "responder", NEVER_SENT)
        report = session.execute(select(Report).where(Report.id != kept)).scalar_one()
        erased, reference = report.id, str(report.reference)
    old, _ = back_up(tmp_path / "copies")
    assert CliRunner().invoke(commands, ["erase", reference, "--reason", "asked for"]).exit_code == 0
    newer, _ = back_up(tmp_path / "copies")
    assert newer != old
    _use(new_url(tmp_path / "second.db"), source)
    open_keys.clear()
    restore(old)
    open_keys.clear()
    with reading() as session:
        assert {m.text for m in session.execute(select(Message)).scalars()} == {text_of("erased"), NEVER_SENT}
        report = session.get(Report, erased)
        assert report.erased and by_reference(session, reference) is report
        assert CANARY not in json.dumps(record_of(session, report), default=str)
        assert not session.get(Report, kept).erased
        assert session.execute(select(Case)).scalar_one().state == "closed"
        assert session.execute(select(DataKey).filter_by(subject=erased)).scalar_one().erased_reason == "asked for"
    with writing() as session:
        add_message(session, session.get(Conversation, report.conversation_id), "responder", "there is another")
        repeat_alarms(session)
    assert heads.check(full=True).fault is None


def test_a_copy_is_not_put_back_beside_another_key_file(source: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target, _ = back_up(tmp_path / "copies")
    source.setenv("FIRSTLINE_KEY_FILE", str(tmp_path / "other"))
    _use(new_url(tmp_path / "second.db"), source)
    with pytest.raises(UnsafeSetting, match="put the key file back"):
        restore(target)
    make_keys(tmp_path / "other")
    open_keys.clear()
    with pytest.raises(UnsafeSetting, match="put the right key file back"):
        restore(target)
    assert not counts()["messages"]


def test_nothing_is_written_over_records(source: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target, _ = back_up(tmp_path / "copies")
    before = everything()
    with pytest.raises(NotEmpty):
        restore(target)
    assert everything() == before


@pytest.mark.parametrize("harm", ["flip", "cut", "add", "swap keys"])
def test_a_damaged_copy_restores_nothing(source: pytest.MonkeyPatch, tmp_path: Path, harm: str) -> None:
    target, _ = back_up(tmp_path / "copies")
    content = bytearray(target.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 1
    elif harm == "cut":
        del content[-40:]
    elif harm == "add":
        content += content[-40:]
    else:
        (target.parent / copies.KEYS_FILE).write_bytes(b"something else")
    target.write_bytes(content)
    _use(new_url(tmp_path / "second.db"), source)
    with pytest.raises(Damaged):
        restore(target)
    assert {name for name, number in counts().items() if number} == {"data_keys"}
    with reading() as session:
        assert session.execute(select(DataKey)).scalar_one().subject == SEARCH
    engine().dispose()


def test_a_key_that_others_may_read_is_refused(source: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "key"
    assert len(backup_key(key)) == 32 and key.stat().st_mode & 0o777 == 0o400
    os.chmod(key, 0o440)
    with pytest.raises(KeyUnsafe, match="chmod 0400"):
        backup_key(key)


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=6), data=st.data())
def test_any_change_of_a_sealed_file_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("sealed") / "file"
    write(file, KEY, parts)
    assert list(read(file, KEY)) == parts
    content = file.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    changed = data.draw(st.sampled_from([
        content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1:], content[:at],
        content[:at] + b"x" + content[at:], content + content[at:],
    ]))
    file.unlink()
    file.write_bytes(changed)
    with pytest.raises(Damaged):
        list(read(file, KEY))
