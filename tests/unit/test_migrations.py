"""The schema by Alembic: up, down and up again with data in it, and no drift from the tables in the code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversations.messages import called
from bot.conversations.tables import Conversation, Message
from bot.database import Base, make_engine
from bot.protocol.catalogue import text as text_of
from bot.protocol.report import new_report
from bot.referrals.receipts import receipts_of
from bot.referrals.search import search
from bot.referrals.tables import Amendment, Appointment, Case, Report
from bot.security import organisations
from bot.security.invitation_tables import Invitation
from bot.security.keys import erase_key, open_keys, writing_key
from bot.security.sealed import ERASED
from bot.security.sealing import key_id_of
from bot.security.tables import DataKey
from bot.setup import migrations
from tests.databases import ON_POSTGRESQL, new_url


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return migrations(new_url(tmp_path / "with %.db"))


def tables(config: Config) -> set[str]:
    engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
    found = set(inspect(engine).get_table_names()) - {"alembic_version"}
    engine.dispose()
    return found


def test_up_makes_every_table_of_the_code(config: Config) -> None:
    command.upgrade(config, "head")
    assert tables(config) == set(Base.metadata.tables)


def test_no_drift(config: Config) -> None:
    command.upgrade(config, "head")
    command.check(config)


def test_up_twice_is_up_once(config: Config) -> None:
    command.upgrade(config, "head")
    command.upgrade(config, "head")
    assert tables(config) == set(Base.metadata.tables)


def test_down_and_up_again(config: Config) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    assert tables(config) == set()
    command.upgrade(config, "head")
    assert tables(config) == set(Base.metadata.tables)
    command.check(config)


def test_each_step_goes_down_and_up_with_data(config: Config) -> None:
    steps = [s.revision for s in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    for step in steps:
        command.upgrade(config, step)
        engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
        with engine.connect().execution_options(write=True) as connection:
            connection.execute(
                text(
                    "INSERT INTO conversations (id, channel, owner, name, state, last_seq, return_failures, created_at,"
                    " updated_at) VALUES (:id, 'web', 'device', :name, 'bot', 0, 0, '2026-01-01', '2026-01-01')"
                ),
                # From then on names are sealed; this is one that was erased.
                {"id": step, "name": step if step < "0014" else b""},
            )
            connection.commit()
        engine.dispose()
    for _ in steps[1:]:
        command.downgrade(config, "-1")
        command.upgrade(config, "+1")
        command.downgrade(config, "-1")
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


AT = "2026-01-01 00:00:00.000000"
STORY = "Zorvina, 14, at Wexbury Halt \u2013 +351 912 345 678"
TOLD = {**new_report(), "account": [STORY]}
PLAIN = {
    "messages": [("id", "m"), ("conversation_id", "c"), ("report_id", None), ("seq", 1), ("author", "bot"),
                 ("text", STORY), ("payload", None), ("quick_replies", '[{"title": "' + STORY + '"}]'),
                 ("state", "done"), ("created_at", AT)],
    "dialogue_states": [("conversation_id", "c"), ("events", '["' + STORY + '"]')],
    "reports": [("id", "r"), ("conversation_id", "c"), ("data", json.dumps(TOLD)), ("version", 3),
                ("reference", "7K2M-9QXA-TEST-00001"), ("protocol_version", "1"), ("created_at", AT),
                ("updated_at", AT)],
    "cases": [("id", "k"), ("report_id", "r"), ("conversation_id", "c"), ("kind", "contact"), ("reason", "human"),
              ("danger", False), ("missing", False), ("state", "open"), ("opened_at", AT), ("alarms", 0),
              ("decision_reason", STORY), ("case_manager", "Ion Popa"), ("case_manager_organisation", STORY)],
    "amendments": [("id", "a"), ("report_id", "r"), ("text", STORY), ("author", "x"), ("verified", True),
                   ("created_at", AT)],
}
"""Rows as they were before content was sealed."""


SEALED: dict[str, tuple[str, ...]] = {
    "messages": ("text", "payload", "quick_replies"), "dialogue_states": ("events",), "reports": ("data", "reference"),
    "cases": ("decision_reason", "case_manager", "case_manager_organisation"), "amendments": ("text",),
}
"""As they were when content was first sealed."""
SEALED_NOW = {**SEALED, "cases": ("decision_reason",), "appointments": ("manager", "organisation")}

Row = list[tuple[str, object]]


def run(config: Config, statement: str, values: list[dict[str, object]] | None = None) -> list[tuple[object, ...]]:
    engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
    with engine.connect().execution_options(write=True) as connection:
        found = connection.execute(text(statement), values or [])
        rows = [tuple(row) for row in found] if found.returns_rows else []
        connection.commit()
    engine.dispose()
    return rows


def insert(config: Config, table: str, *rows: Row) -> None:
    names = [name for name, _ in rows[0]]
    marks = ", ".join(f":{name}" for name in names)
    run(config, f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", [dict(row) for row in rows])


def stored(config: Config, table: str, row: Row) -> list[tuple[object, ...]]:
    return run(config, f"SELECT {', '.join(name for name, _ in row)} FROM {table} ORDER BY 1")


def test_content_is_sealed_on_the_way_up_and_open_again_on_the_way_down(config: Config, key_file: None) -> None:
    before = ScriptDirectory.from_config(config).get_revision("0008").down_revision
    command.upgrade(config, before)
    insert(config, "conversations", [
        ("id", "c"), ("channel", "web"), ("owner", "o"), ("name", "n"), ("state", "bot"), ("report_id", "r"),
        ("last_seq", 1), ("return_failures", 0), ("created_at", AT), ("updated_at", AT)])
    for table, row in PLAIN.items():
        insert(config, table, row)
    # More rows than one batch holds.
    more = [{"id": f"m{number:03}", "seq": number} for number in range(2, 450)]
    insert(config, "messages", *[[(name, own.get(name, value)) for name, value in PLAIN["messages"]] for own in more])
    plain = {table: stored(config, table, row) for table, row in PLAIN.items()}
    command.upgrade(config, "head")
    engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
    with engine.connect() as connection:
        raw = b"".join(bytes(value or b"") for table, names in SEALED_NOW.items() for name in names
                       for (value,) in connection.execute(text(f"SELECT {name} FROM {table}")))
    if engine.dialect.name == "sqlite":
        path = Path(str(engine.url.database))
        raw += b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert raw and b"Wexbury" not in raw and b"912 345" not in raw and b"7K2M-9QXA" not in raw
    # The tables of the code are those of the last step.
    command.upgrade(config, "head")
    with Session(engine, future=True) as session:
        assert {message.text for message in session.query(Message)} == {STORY}
        report = session.query(Report).filter_by(**Report.reference.lookup(session, "7K2M-9QXA-TEST-00001")).one()
        assert report.data == TOLD and report.version == 3
        # Records from before there was an index are in it.
        assert [set(one.reports) for one in search(session, "+351 912 345 678", "PT")][:1] == [{report.id}]
        managed = session.query(Appointment).filter_by(**Appointment.manager.lookup(session, "Ion Popa")).one()
        assert (managed.organisation, session.get(Case, managed.case_id).decision_reason) == (STORY, STORY)
        assert session.query(Amendment).one().text == STORY
    engine.dispose()
    if engine.dialect.name == "sqlite":
        assert run(config, "PRAGMA foreign_key_check") == []
    command.downgrade(config, before)
    assert {table: stored(config, table, row) for table, row in PLAIN.items()} == plain
    command.upgrade(config, "head")


def subjects(config: Config) -> dict[str, tuple[str, str]]:
    """Give by message whose key seals its text, and the text as a process reads it that has no key open."""
    open_keys.clear()
    engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
    with Session(engine, future=True) as session:
        sealed = session.execute(text("SELECT id, text FROM messages")).all()
        names = {row.id: key_id_of(bytes(row.text)) if row.text else "" for row in sealed}
        whose = {key.id: key.subject for key in session.query(DataKey)}
        texts = {row.id: Message.text.open(session, row.id, bytes(row.text)) for row in sealed}
        found = {own: (whose.get(names[own], ""), text_of("erased") if said == ERASED else said)
                 for own, said in texts.items()}
    engine.dispose()
    return found


def test_messages_get_keys_of_their_own_on_the_way_up_and_lose_them_on_the_way_down(
    config: Config, key_file: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.upgrade(config, "0007")
    insert(config, "conversations", [
        ("id", "c"), ("channel", "web"), ("owner", "o"), ("name", "n"), ("state", "bot"), ("report_id", "r"),
        ("last_seq", 1), ("return_failures", 0), ("created_at", AT), ("updated_at", AT)])
    insert(config, "reports", PLAIN["reports"])
    each = {"with": "r", "gone": "r", "without": None, "orphan": "x"}
    insert(config, "messages", *[
        [(name, {"id": own, "report_id": report, "seq": seq, "payload": STORY}.get(name, value))
         for name, value in PLAIN["messages"]] for seq, (own, report) in enumerate(each.items(), 1)])
    command.upgrade(config, "0008")
    run(config, "UPDATE messages SET text = :none WHERE id = 'gone'", [{"none": b""}])
    before = subjects(config)
    assert before == {"with": ("r", STORY), "gone": ("", text_of("erased")), "without": ("c", STORY),
                      "orphan": ("x", STORY)}
    # Fewer than there are, so that there are several batches.
    script = ScriptDirectory.from_config(config).get_revision("0009").module
    monkeypatch.setattr(script, "AT_ONCE", 2)
    command.upgrade(config, "0009")
    assert subjects(config) == {"with": ("t:r", STORY), "gone": ("", text_of("erased")), "without": ("c", STORY),
                                "orphan": ("t:x", STORY)}
    run(config, "INSERT INTO not_erased (item, error, since) VALUES ('round', 'OSError', :at)", [{"at": AT}])
    command.downgrade(config, "0008")
    # Where the record went before its messages, the chat's key is the one that can be erased.
    assert subjects(config) == {**before, "orphan": ("c", STORY)}
    assert run(config, "SELECT count(*) FROM data_keys WHERE subject LIKE 't:%'") == [(0,)]
    command.upgrade(config, "head")
    assert subjects(config)["with"] == ("t:r", STORY)


@pytest.mark.parametrize("name", [b"", b"no sealed value"])
def test_a_case_manager_who_cannot_be_read_stops_no_migration(config: Config, key_file: None, name: bytes) -> None:
    command.upgrade(config, "0008")
    insert(config, "conversations", [
        ("id", "c"), ("channel", "web"), ("owner", "o"), ("name", "n"), ("state", "bot"), ("report_id", "r"),
        ("last_seq", 0), ("return_failures", 0), ("created_at", AT), ("updated_at", AT)])
    for table in ("reports", "cases"):
        insert(config, table, [(column, b"" if column in SEALED[table] else value) for column, value in PLAIN[table]])
    run(config, "UPDATE cases SET case_manager = :name", [{"name": name}])
    command.upgrade(config, "head")
    [(kept, found_by)] = run(config, "SELECT manager, manager_hash FROM appointments")
    assert (bytes(kept), found_by) == (name, None)
    command.downgrade(config, "0012")
    [(kept, found_by)] = run(config, "SELECT case_manager, case_manager_hash FROM cases")
    assert (bytes(kept), found_by) == (name, None)


NUMBER = "+351 912 345 678"
NAMES = {
    "conversations": [("id", "c"), ("channel", "api"), ("owner", "o"), ("name", NUMBER), ("return_key", "7K2M-9QXA"),
                      ("state", "bot"), ("report_id", None), ("last_seq", 1), ("sent_seq", 0), ("delivered_seq", 0),
                      ("return_failures", 0), ("created_at", AT), ("updated_at", AT)],
    "messages": [("id", "m"), ("conversation_id", "c"), ("report_id", None), ("seq", 1), ("author", "bot"),
                 ("text", b""), ("payload", None), ("quick_replies", b""), ("external_id", f"wamid.{NUMBER}"),
                 ("state", "done"), ("created_at", AT)],
    "organisations": [("id", "o"), ("name", "Wexbury Police"), ("country", "PT"), ("created_at", AT)],
    "invitations": [("id", "i"), ("organisation_id", "o"), ("role", "police"), ("call_back", NUMBER),
                    ("secret_hash", "s"), ("uses", 2), ("uses_left", 1), ("expires_at", AT), ("made_by", "x"),
                    ("created_at", AT)],
    "devices": [("id", "d"), ("owner", "o"), ("invitation_id", "i"), ("verified_at", AT)],
    "reports": [("id", "r"), ("conversation_id", "c"), ("data", b""), ("version", 1), ("protocol_version", "1"),
                ("created_at", AT), ("updated_at", AT)],
    "receipts": [("id", "t"), ("report_id", "r"), ("route", "nfp"), ("receiver", "Wexbury Point"), ("phone", NUMBER),
                 ("on_this_desk", True), ("confirmed_at", AT), ("confirmed_by", "Zorvina")],
}
"""Rows as they were before names were sealed."""
SEALED_NAMES = {"conversations": ("name", "return_key"), "messages": ("external_id",), "organisations": ("name",),
                "invitations": ("call_back",), "receipts": ("receiver", "phone", "confirmed_by")}


def other(table: str, **own: object) -> Row:
    """Give one more such row, with values of its own."""
    return [(name, own.get(name, value)) for name, value in NAMES[table]]


def test_names_are_sealed_on_the_way_up_and_open_again_on_the_way_down(
    config: Config, key_file: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Fewer than there are, so that there are several batches.
    monkeypatch.setattr(ScriptDirectory.from_config(config).get_revision("0014").module, "AT_ONCE", 2)
    command.upgrade(config, "0013")
    for table, row in NAMES.items():
        insert(config, table, row)
    # A chat that was put aside, one of the same name on another channel, and one without a number to return with.
    insert(config, "conversations", other("conversations", id="put-aside", name="put-aside", return_key=None),
           other("conversations", id="c2", owner="p", return_key=None),
           other("conversations", id="c3", name="c-3", return_key=None))
    insert(config, "messages", *[other("messages", id=f"m{n}", seq=n, external_id=(n % 2 and f"id-{n}") or None)
                                 for n in range(2, 7)],
           other("messages", id="m-r", seq=9, report_id="r", external_id="own-9"))
    plain = {table: stored(config, table, row) for table, row in NAMES.items()}
    command.upgrade(config, "head")
    engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
    with engine.connect() as connection:
        raw = b"".join(bytes(value or b"") for table, names in SEALED_NAMES.items() for name in names
                       for (value,) in connection.execute(text(f"SELECT {name} FROM {table}")))
    if engine.dialect.name == "sqlite":
        path = Path(str(engine.url.database))
        raw += b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
        assert run(config, "PRAGMA foreign_key_check") == []
    assert raw and not [word for word in (b"912 345", b"Wexbury", b"Zorvina", b"7K2M", b"id-3") if word in raw]
    with Session(engine, future=True) as session:
        found = session.query(Conversation).filter_by(**called(session, "o", NUMBER)).one()
        kept = session.query(Conversation).filter_by(**Conversation.return_key.lookup(session, "7K2M-9QXA")).one()
        assert found.id == kept.id == "c" and (found.name, found.return_key) == (NUMBER, "7K2M-9QXA")
        assert session.query(Conversation).filter_by(**called(session, "p", NUMBER)).one().id == "c2"
        aside = session.get(Conversation, "put-aside")
        assert (aside.name, aside.name_hash) == (None, None)
        own = Message.external_id.lookup(session, f"wamid.{NUMBER}")
        assert [message.id for message in session.query(Message).filter_by(**own)] == ["m"]
        assert session.get(Message, "m-r").external_id == "own-9"
        assert organisations.named(session, "Wexbury Police").id == "o"
        assert session.get(Invitation, "i").call_back == NUMBER
        [receipt] = receipts_of(session, "r")
        assert (receipt.receiver, receipt.phone, receipt.confirmed_by) == ("Wexbury Point", NUMBER, "Zorvina")
        subjects = {key.subject for key in session.query(DataKey)}
        assert {"c", "c2", "c3", "o", "i", "r", "t:r"} <= subjects and "put-aside" not in subjects
    engine.dispose()
    command.downgrade(config, "0013")
    assert {table: stored(config, table, row) for table, row in NAMES.items()} == plain
    assert run(config, "SELECT subject FROM data_keys WHERE subject IN ('o', 'i')") == []
    with pytest.raises(IntegrityError):
        insert(config, "conversations", other("conversations", id="again", return_key=None))
    command.upgrade(config, "head")
    command.check(config)


def test_what_was_erased_stays_erased_when_names_are_sealed_and_when_they_open_again(
    config: Config, key_file: None
) -> None:
    """An old copy comes up beside the keys as they are now; then it goes down."""
    command.upgrade(config, "head")
    engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
    command.downgrade(config, "0013")
    for table, row in NAMES.items():
        insert(config, table, row)
    insert(config, "messages", other("messages", id="m-r", seq=9, report_id="r", external_id="own-9"))
    with engine.connect().execution_options(write=True) as connection:
        for subject in ("c", "r", "t:r"):
            writing_key(connection, subject)
            assert erase_key(connection, subject, "x", "asked for")
        connection.commit()
    command.upgrade(config, "head")
    with Session(engine, future=True) as session:
        chat, [receipt] = session.get(Conversation, "c"), receipts_of(session, "r")
        assert (chat.name, chat.name_hash, chat.return_key, chat.return_key_hash) == (None, None, None, None)
        assert [(m.external_id, m.external_id_hash) for m in session.query(Message)] == [(None, None)] * 2
        assert (receipt.receiver, receipt.phone, receipt.confirmed_by) == (text_of("erased"), "", text_of("erased"))
    command.downgrade(config, "0013")
    assert run(config, "SELECT name, return_key FROM conversations") == [("c", None)]
    assert run(config, "SELECT external_id FROM messages") == [(None,), (None,)]
    assert run(config, "SELECT receiver, phone, confirmed_by FROM receipts") == [("", "", None)]
    engine.dispose()


def managers(config: Config) -> dict[tuple[str, str], tuple[str, str, bool]]:
    """Give by case and route who is named, read by a process without open keys, and whether the hash finds it."""
    open_keys.clear()
    engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
    with Session(engine, future=True) as session:
        found = {(one.case_id, one.route): (
            one.manager, one.organisation,
            one.manager_hash == Appointment.manager.lookup(session, one.manager)["manager_hash"],
        ) for one in session.query(Appointment)}
    engine.dispose()
    return found


def test_a_case_manager_is_named_for_each_route_on_the_way_up_and_for_the_case_on_the_way_down(
    config: Config, key_file: None
) -> None:
    before = str(ScriptDirectory.from_config(config).get_revision("0015").down_revision)
    command.upgrade(config, "0007")
    insert(config, "conversations", [
        ("id", "c"), ("channel", "web"), ("owner", "o"), ("name", "n"), ("state", "bot"), ("last_seq", 0),
        ("return_failures", 0), ("created_at", AT), ("updated_at", AT)])
    # More cases than one batch holds; the last ones are as the third.
    numbers = [*range(1, 6), *range(600, 801)]
    for table, own in (
        ("reports", lambda number: {"id": f"r{number}", "reference": f"7K2M-9QXA-TEST-{number:05}"}),
        ("cases", lambda number: {"id": f"k{number}", "report_id": f"r{number}", "case_manager": f"Ion {number}"}),
    ):
        insert(config, table, *[[(name, own(number).get(name, value)) for name, value in PLAIN[table]]
                                for number in numbers])
    run(config, "UPDATE cases SET case_manager = NULL, case_manager_organisation = NULL WHERE id = 'k4'")
    for report, route in (("r1", "nfp"), ("r1", "nrm_adult"), ("r2", "nrm_child"), ("r4", "nfp"), ("r5", "nfp")):
        insert(config, "receipts", [("id", report + route), ("report_id", report), ("route", route), ("receiver", "x"),
                                    ("phone", "1"), ("on_this_desk", True)])
    command.upgrade(config, before)
    run(config, "UPDATE cases SET case_manager = :none, case_manager_organisation = :none, case_manager_hash = NULL"
                " WHERE id = 'k5'", [{"none": b""}])
    command.upgrade(config, "head")
    up = {("k1", "nfp"): ("Ion 1", STORY, True), ("k1", "nrm_adult"): ("Ion 1", STORY, True),
          ("k2", "nrm_child"): ("Ion 2", STORY, True), ("k3", "consult"): ("Ion 3", STORY, True),
          **{(f"k{number}", "consult"): (f"Ion {number}", STORY, True) for number in numbers[5:]}}
    assert {key: told for key, told in managers(config).items() if key[0] != "k5"} == up
    blank = run(config, "SELECT route, manager, manager_hash, organisation FROM appointments WHERE case_id = 'k5'")
    assert [(route, bytes(name), found_by, bytes(of)) for route, name, found_by, of in blank] == [
        ("nfp", b"", None, b"")]
    run(config, "UPDATE appointments SET at = '2026-02-01' WHERE case_id = 'k1' AND route = 'nfp'")
    run(config, "DELETE FROM appointments WHERE case_id = 'k2'")
    command.downgrade(config, before)
    left = run(config, "SELECT id, case_manager, case_manager_hash IS NOT NULL FROM cases WHERE id < 'k6'"
                       " ORDER BY id")
    assert [(case, name and bytes(name)[:1], bool(found_by)) for case, name, found_by in left] == [
        ("k1", b"\x01", True), ("k2", None, False), ("k3", b"\x01", True), ("k4", None, False), ("k5", b"", False)]
    if not ON_POSTGRESQL:
        assert run(config, "PRAGMA foreign_key_check") == []
    command.upgrade(config, "head")
    del up["k2", "nrm_child"]
    assert {key: told for key, told in managers(config).items() if key[0] != "k5"} == up


def test_there_is_one_head(config: Config) -> None:
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_an_account_keeps_its_sessions_and_begins_without_wrong_attempts_on_the_way_up_and_down(config: Config) -> None:
    command.upgrade(config, "0012")
    account = [("id", "a"), ("name", "ana"), ("display_name", "Ana"), ("role", "duty"), ("password_hash", "x"),
               ("disabled", False), ("created_at", AT)]
    insert(config, "accounts", [*account, ("failures", 9), ("blocked_until", AT)])
    session = [("token_hash", "t"), ("account_id", "a"), ("csrf", "c"), ("created_at", AT), ("last_seen_at", AT)]
    insert(config, "desk_sessions", session)
    before = stored(config, "accounts", account), stored(config, "desk_sessions", session)
    command.upgrade(config, "0013")
    insert(config, "known_browsers", [("id", "b"), ("account_id", "a"), ("token_hash", "h"), ("used_at", AT)])
    insert(config, "sign_in_counts", [("key", "code:0000"), ("failures", 1), ("open_at", AT), ("refused", "a")])
    command.downgrade(config, "0012")
    assert (stored(config, "accounts", account), stored(config, "desk_sessions", session)) == before
    assert run(config, "SELECT failures, blocked_until FROM accounts") == [(0, None)]
    command.upgrade(config, "head")
    assert (stored(config, "accounts", account), stored(config, "desk_sessions", session)) == before
