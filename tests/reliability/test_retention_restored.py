"""An old copy that is put back: what was erased since stays erased, with its certificate; what is held stays held."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command
from sqlalchemy import inspect, select

import bot.database
import bot.referrals.retention as retention
import bot.settings
from bot.backups import copies
from bot.backups.copies import back_up, restore
from bot.conversations.tables import Conversation, DialogueState, Message
from bot.database import Base, engine, now, reading, writing
from bot.desk import acts
from bot.jobs.retention import one_round
from bot.protocol.profile import load_profile
from bot.referrals import holds
from bot.referrals.reports import record_of
from bot.referrals.tables import Case, Hold, Report
from bot.referrals.trail import read_trail
from bot.security import audit, heads
from bot.security.chain import head_of
from bot.security.keys import KeyErased, KeyMissing, open_keys
from bot.security.sealed import SealedRow
from bot.security.tables import Erasure
from bot.setup import migrations
from tests.databases import new_url
from tests.desk_world import Sample, make_account, make_case
from tests.reliability.crashes import own_database

DAYS = {kind: period.days for kind, period in (load_profile("default").retention or {}).items()}
PLANTED = "Zorvina-Quellmark"


@pytest.fixture(autouse=True)
def installation(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """A database and keys of its own; what is given patches its settings, and is undone before they are put back."""
    with own_database(tmp_path), pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRSTLINE_BACKUP_KEY", str(tmp_path / "keys" / "backup"))
        bot.settings.settings.cache_clear()
        yield patch
    open_keys.clear()


def erase_after(patch: pytest.MonkeyPatch, kind: str) -> None:
    at = now() + timedelta(days=DAYS[kind] + 1)
    patch.setattr(retention, "now", lambda: at)
    assert one_round(lambda _: None)[1] == {}


@pytest.fixture
def put_back(tmp_path: Path, installation: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Put a copy back into another, empty database, as a process does that has no key open."""

    def do(copy: Path) -> None:
        bot.database.engine().dispose()
        installation.setenv("FIRSTLINE_DATABASE_URL", new_url(tmp_path / "other" / "second.db"))
        bot.settings.settings.cache_clear()
        bot.database._sessions.cache_clear()
        open_keys.clear()
        restore(copy)

    return do


def closed() -> Sample:
    officer, _ = make_account(writing, "supervisor", "Eva Lund")
    sample = make_case(writing, sent=True, text=PLANTED)
    with writing() as session:
        session.add(DialogueState(conversation_id=sample.conversation, events=[PLANTED]))
    acts.do("claim", sample.case, officer, {})
    acts.do("close", sample.case, officer, {"reason": ["The child is safe."]})
    return sample


def certificates_of(subject: str) -> list[tuple[str, bool]]:
    with writing() as session:
        return [(one.kind, one.bound) for one in read_trail(session, subject, "test").certificates]


def nothing_opens(table: Any) -> bool:
    """Tell whether no sealed value of a table's rows can be opened."""
    with reading() as session:
        found = session.execute(select(table)).scalars().all()
        return bool(found) and all(row.erased for row in found if isinstance(row, SealedRow))


def test_a_transcript_stays_erased_and_its_record_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put_back: Any
) -> None:
    sample = closed()
    with reading() as session:
        heads.keep(head_of(session))
    old, _ = back_up(tmp_path / "copies")
    erase_after(monkeypatch, "transcript")
    back_up(tmp_path / "copies")
    with monkeypatch.context() as patch:
        # By the keys alone, before any row is taken out again.
        patch.setattr(copies, "erase_again", lambda session: 0)
        put_back(old)
        assert nothing_opens(Message) and nothing_opens(DialogueState) and nothing_opens(Conversation)
    (tmp_path / "other" / "second.db").unlink(missing_ok=True)
    put_back(old)
    with reading() as session:
        assert session.query(Message).count() == session.query(DialogueState).count() == 0
        record = record_of(session, session.get(Report, sample.report))
        assert record["account"] == [PLANTED] and record["transcript"] == []
        chat = session.get(Conversation, sample.conversation)
        assert (chat.state, chat.name, chat.name_hash, record["conversation"]) == ("closed", None, None, chat.id)
        assert "transcript.erased" in [e.action for e in audit.trail(session, {sample.conversation})]
    assert certificates_of(sample.conversation) == [("transcript", True)]
    assert heads.check(full=True).fault is None


@pytest.mark.parametrize("kind", ["referral", "advice"])
def test_a_record_and_a_chat_stay_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put_back: Any, kind: str
) -> None:
    sample = closed()
    if kind == "advice":
        with writing() as session:
            session.query(Case).delete()
    old, _ = back_up(tmp_path / "copies")
    erase_after(monkeypatch, kind)
    back_up(tmp_path / "copies")
    put_back(old)
    with reading() as session:
        for table in (Message, Report, Case, Conversation):
            assert session.query(table).count() == 0, table
    subject = sample.conversation if kind == "advice" else str(sample.reference)
    assert kind in dict(certificates_of(subject)) and all(bound for _, bound in certificates_of(subject))
    assert heads.check(full=True).fault is None
    with pytest.raises((KeyErased, KeyMissing)), writing() as session:
        session.add(Hold(id="h", case_id=sample.case, report_id=sample.report, reason=PLANTED, set_by="x"))
        session.flush()


def test_a_certificate_is_carried_over_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put_back: Any) -> None:
    sample = closed()
    erase_after(monkeypatch, "transcript")
    with reading() as session:
        before = {column.name: getattr(session.query(Erasure).filter_by(kind="transcript").one(), column.name)
                  for column in Erasure.__table__.columns}
    copy, _ = back_up(tmp_path / "copies")
    put_back(copy)
    with reading() as session:
        after = session.query(Erasure).filter_by(kind="transcript").one()
        assert {name: getattr(after, name) for name in before} == before
        assert json.loads(after.counts)["messages"] > 0 and after.conversation_id == sample.conversation


def test_a_hold_that_was_set_after_the_copy_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put_back: Any
) -> None:
    sample = closed()
    old, _ = back_up(tmp_path / "copies")
    officer, _ = make_account(writing, "dpo", "Ida Berg")
    with writing() as session:
        holds.set_hold(session, sample.case, officer, "Proceedings")
    back_up(tmp_path / "copies")
    put_back(old)
    erase_after(monkeypatch, "referral")
    with reading() as session:
        assert session.query(Hold).one().reason == "Proceedings"
        assert session.query(Case).count() == 1 and session.query(Message).count() > 0


def test_a_copy_from_before_messages_had_keys_of_their_own_is_put_back_and_erased_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put_back: Any
) -> None:
    sample, other = closed(), make_case(writing, sent=True, text="Another")
    with writing() as session:
        # They open on the way down, and PostgreSQL's log keeps what stood in the clear.
        for message in session.query(Message):
            message.external_id = message.id
    config = migrations(bot.settings.settings().database_url)
    command.downgrade(config, "0008")
    with monkeypatch.context() as patch:
        there = inspect(engine()).get_table_names()
        known = [table for table in Base.metadata.sorted_tables if table.name in there]
        patch.setattr(copies, "Base", SimpleNamespace(metadata=SimpleNamespace(sorted_tables=known)))
        old, _ = back_up(tmp_path / "copies")
    command.upgrade(config, "head")
    erase_after(monkeypatch, "transcript")
    back_up(tmp_path / "copies")
    put_back(old)
    with reading() as session:
        assert {m.text for m in session.query(Message).filter_by(conversation_id=other.conversation)} == {"Another"}
        assert session.query(Message).filter_by(conversation_id=sample.conversation).count() == 0
    assert certificates_of(sample.conversation) == [("transcript", True)]
