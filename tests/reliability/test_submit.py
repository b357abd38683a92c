"""What must happen once happens once: sending, storing a message, numbering, and storing over a stale version."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest

from bot.conversations.messages import add_message, messages_after, open_conversation, receive
from bot.conversations.tables import Conversation, Message
from bot.database import reading, writing
from bot.protocol.report import new_report, put
from bot.referrals.reference import clean_reference
from bot.referrals.reports import StaleReport, begin_report, open_case, store_content, submit
from bot.referrals.tables import Case, Receipt, Report
from bot.security import audit

pytestmark = pytest.mark.usefixtures("database")
THREADS = 8


def begun(**values: Any) -> tuple[str, str]:
    """Begin a conversation with a report of two people; give their ids."""
    content = new_report()
    for age in (14, 33):
        content["persons"].append({"id": f"p{len(content['persons']) + 1}", "count": 1, "values": {}})
        put(content, "age", age, source="message", person=content["persons"][-1])
    content["signs"] = {"documents.held_by_other": {"seen": "observed", "words": "said", "sure": True}}
    for field, new in values.items():
        put(content, field, new, source="answer")
    with writing() as session:
        conversation = open_conversation(session, "api", f"test:{uuid.uuid4()}", "c")
        return conversation.id, begin_report(session, conversation, content).id


def at_once(act: Callable[[int], Any], times: int = THREADS) -> list[Any]:
    """Do something in several threads that start at the same moment; an error in one is an error here."""
    ready = threading.Barrier(times)

    def one(number: int) -> Any:
        ready.wait(10)
        return act(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def send(conversation_id: str, report_id: str, reference: str | None = None) -> str:
    with writing() as session:
        conversation = session.get(Conversation, conversation_id)
        return submit(session, session.get(Report, report_id), conversation, conversation.owner, reference)


def entries(report_id: str) -> list[str]:
    """Give the entries of the audit trail about a report; each must name the owner of its conversation."""
    with reading() as session:
        owner = session.get(Conversation, session.get(Report, report_id).conversation_id).owner
        found = audit.trail(session, [report_id])
        assert {entry.actor for entry in found} <= {owner}
        return [entry.action for entry in found]


def stored(report_id: str) -> tuple[int, int, list[str]]:
    """Count referrals and cases of a report, and give the routes of its receipts."""
    with reading() as session:
        sent = session.query(Report).filter(Report.id == report_id, Report.reference_hash.isnot(None)).count()
        cases = session.query(Case).filter_by(report_id=report_id).count()
        return sent, cases, sorted(r.route for r in session.query(Receipt).filter_by(report_id=report_id))


def test_sent_twice_is_one_referral() -> None:
    conversation, report = begun()
    first = send(conversation, report)
    with reading() as session:
        sent_at = session.get(Report, report).sent_at
    assert send(conversation, report) == first
    # A reference drawn for the second attempt is not used.
    assert send(conversation, report, "7K2M-9QXA-3BTW-0D5HZ") == first
    assert clean_reference(first) == first
    assert stored(report) == (1, 1, ["nfp", "nrm_adult"]) and entries(report) == ["referral.sent"]
    with reading() as session:
        assert session.get(Report, report).sent_at == sent_at


def test_sent_by_eight_at_once_is_one_reference() -> None:
    conversation, report = begun()
    references = at_once(lambda _: send(conversation, report))
    assert len(set(references)) == 1
    assert stored(report) == (1, 1, ["nfp", "nrm_adult"]) and entries(report) == ["referral.sent"]


def test_a_contact_that_is_sent_becomes_the_referral_and_no_second_case() -> None:
    conversation, report = begun(danger="yes")
    with writing() as session:
        case = open_case(session, session.get(Report, report), session.get(Conversation, conversation), "danger")
        assert (case.kind, case.danger) == ("contact", True)
    send(conversation, report)
    with reading() as session:
        [case] = session.query(Case).filter_by(report_id=report).all()
        assert (case.kind, case.danger, case.reason) == ("referral", True, "sent")


def test_eight_wishes_for_a_person_at_once_are_one_case() -> None:
    conversation, report = begun()

    def wish(_: int) -> None:
        with writing() as session:
            open_case(session, session.get(Report, report), session.get(Conversation, conversation), "human")

    at_once(wish)
    assert stored(report)[1] == 1


def test_nothing_is_sent_where_the_transaction_fails() -> None:
    conversation, report = begun()
    with pytest.raises(RuntimeError), writing() as session:
        submit(session, session.get(Report, report), session.get(Conversation, conversation), "test")
        raise RuntimeError("the disk is full")
    assert stored(report) == (0, 0, []) and entries(report) == []
    assert send(conversation, report)


def content_of(report_id: str) -> tuple[int, dict[str, Any]]:
    with reading() as session:
        report = session.get(Report, report_id)
        return report.version, deepcopy(report.data)


def test_a_stale_version_is_refused_and_changes_nothing() -> None:
    _, report = begun()
    version, content = content_of(report)
    put(content, "place", "station", source="answer")
    with writing() as session:
        store_content(session, report, version, content)
    assert content_of(report) == (version + 1, content)
    late = deepcopy(content)
    put(late, "place", "harbour", source="answer")
    for old in (version, version - 1, version + 2):
        with pytest.raises(StaleReport), writing() as session:
            store_content(session, report, old, late)
    assert content_of(report) == (version + 1, content)


def test_a_report_that_is_not_there_is_stale() -> None:
    with pytest.raises(StaleReport), writing() as session:
        store_content(session, str(uuid.uuid4()), 1, new_report())


def test_of_eight_writers_with_one_version_one_wins() -> None:
    _, report = begun()
    version, content = content_of(report)

    def write(number: int) -> bool:
        mine = deepcopy(content)
        put(mine, "place", f"platform {number}", source="answer")
        try:
            with writing() as session:
                store_content(session, report, version, mine)
            return True
        except StaleReport:
            return False

    done = at_once(write)
    assert done.count(True) == 1
    now, kept = content_of(report)
    assert now == version + 1
    assert kept["values"]["place"]["value"] == f"platform {done.index(True)}"


def test_a_message_received_five_times_at_once_is_one_row() -> None:
    conversation, _ = begun()

    def take(_: int) -> tuple[str, bool]:
        with writing() as session:
            message, new = receive(
                session, session.get(Conversation, conversation), "Two boys at the pier", None, "m-1"
            )
            return message.id, new

    taken = at_once(take, 5)
    assert len({message for message, _ in taken}) == 1
    assert sum(new for _, new in taken) == 1
    with reading() as session:
        assert session.query(Message).filter_by(conversation_id=conversation).count() == 1


def test_without_an_id_each_message_is_its_own() -> None:
    conversation, _ = begun()
    with writing() as session:
        chat = session.get(Conversation, conversation)
        assert receive(session, chat, "again", None, None)[0].id != receive(session, chat, "again", None, None)[0].id


def test_numbers_of_messages_are_unique_and_without_gaps() -> None:
    conversation, _ = begun()

    def write(number: int) -> None:
        for part in range(4):
            with writing() as session:
                add_message(session, session.get(Conversation, conversation), "human", f"{number}.{part}")

    at_once(write)
    with reading() as session:
        rows = messages_after(session, conversation)
    assert [m.seq for m in rows] == list(range(1, THREADS * 4 + 1))
    # What one writer wrote stands in the order of writing.
    for number in range(THREADS):
        assert [m.text for m in rows if m.text.startswith(f"{number}.")] == [f"{number}.{part}" for part in range(4)]


def test_one_conversation_is_begun_once_by_eight() -> None:
    owner = f"test:{uuid.uuid4()}"

    def begin(_: int) -> str:
        with writing() as session:
            return str(open_conversation(session, "api", owner, "c").id)

    assert len(set(at_once(begin))) == 1
