"""`python -m tools.bench.seeding NUMBER`: fills an empty database with copies of one referral that a real talk made.

Each copy has its own conversation, ids, reference, times and data keys, and everything in it is sealed under these by
the product's own sealing; only the inserts are made in bulk. Of the transcript each keeps the first messages.
"""
from __future__ import annotations

import asyncio
import random
import sys
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversations.tables import Conversation, DialogueState, Message
from bot.database import now, writing
from bot.protocol.search import NAME, PHONE, SOUND, Token, name_parts, sound_of
from bot.referrals.index import hashed
from bot.referrals.reference import new_reference
from bot.referrals.tables import Appointment, Case, Receipt, Report, SearchToken
from bot.security import accounts, chain, keys
from bot.security.keys import index_key
from bot.security.sealing import new_key
from bot.security.tables import Account, AuditEntry, DataKey

LIVE = 1_000
"""Cases that are not closed: a fifth contacts, half of all unclaimed, one in twenty with danger."""
MESSAGES = 4
OFFICERS, MANAGERS = 20, 50
FIRST_NAMES, FAMILY_NAMES = 300, 20_000
YEARS = 5
BATCH = 1_000
PASSED = ("queue.opened", "case.opened", "case.claimed", "case.closed")
"""What the audit trail has of each closed case."""

Rows = dict[Any, list[dict[str, Any]]]


@dataclass(frozen=True)
class Original:
    """The rows of the referral that is copied."""

    conversation: Conversation
    report: Report
    case: Case
    receipts: list[Receipt]
    messages: list[Message]
    memory: DialogueState


async def _talk() -> str:
    """Tell a story, answer what is asked and send, as in the first part of the bench.

    Returns:
        Id of the report.
    """
    from tools.bench.ours import Subject

    subject = Subject(Path())
    await subject.start()
    subject.begin()
    turn = 0
    while "#send" not in subject.taps:
        turn += 1
        await subject.say(subject.short(turn))
    await subject.say("#send")
    with writing() as session:
        return str(session.execute(select(Report.id).where(Report.sent_at.is_not(None))).scalar_one())


def _original(session: Session, report_id: str) -> Original:
    report = session.get(Report, report_id)

    def rows(table: Any, **where: str) -> list[Any]:
        return list(session.execute(select(table).filter_by(**where)).scalars())

    return Original(
        session.get(Conversation, report.conversation_id), report, rows(Case, report_id=report.id)[0],
        rows(Receipt, report_id=report.id),
        sorted(rows(Message, conversation_id=report.conversation_id), key=lambda m: m.seq)[:MESSAGES],
        session.get(DialogueState, report.conversation_id),
    )


@dataclass(frozen=True)
class Copy:
    """What is a copy's own.

    Args:
        at: when it came.
        state: of the case.
        contact: it was not sent.
        chat: id of the conversation, and its data key.
        report: id of the report, and its data key.
    """

    at: datetime
    state: str
    contact: bool
    chat: tuple[str, tuple[str, bytes]]
    report: tuple[str, tuple[str, bytes]]


class Copier:
    """Makes copy after copy.

    Args:
        session: a writing transaction; it is asked for the key of the search hashes.
        original: what is copied.
        number: how many copies there are to be.
    """

    def __init__(self, session: Session, original: Original, number: int) -> None:
        self._session, self._original, self._number = session, original, number
        self._officers = list(session.execute(select(Account.id).filter_by(role=accounts.DUTY)).scalars())
        self._chance = random.Random(number)
        self._now = now()
        names = [manager_name(number) for number in range(MANAGERS)]
        self._index = index_key(session.connection())[1]
        self._managers = [(name, Appointment.manager.lookup(session, name)) for name in names]
        self._rows: Rows = defaultdict(list)

    def copies(self) -> Iterator[Rows]:
        """Give the rows of all copies, batch by batch."""
        for place in range(self._number):
            self._called = called(place)
            self._copy(self._draw(place >= self._number - LIVE))
            if place % BATCH == BATCH - 1 or place == self._number - 1:
                yield self._rows
                self._rows = defaultdict(list)

    def _draw(self, live: bool) -> Copy:
        chance = self._chance
        age = timedelta(hours=48) if live else timedelta(days=365 * YEARS)
        at = self._now - age * chance.random()
        state = chance.choice(("open", "claimed")) if live else "closed"
        return Copy(at, state, live and chance.random() < 0.2, self._own(at), self._own(at))

    def _own(self, at: datetime) -> tuple[str, tuple[str, bytes]]:
        """Make an id and a data key for it."""
        subject, (key_id, key) = str(uuid.uuid4()), new_key()
        kek_id, wrapped = keys._wrap(key_id, key)
        self._add(DataKey, id=key_id, subject=subject, wrapped=wrapped, kek_id=kek_id, created_at=at)
        return subject, (key_id, key)

    def _add(self, table: Any, **values: Any) -> None:
        self._rows[table].append(values)

    def _copy(self, copy: Copy) -> None:
        original, (chat, chat_key), (report, key) = self._original, copy.chat, copy.report
        speaks = {"open": "waiting", "claimed": "human", "closed": "bot"}[copy.state]
        times = {"created_at": copy.at, "updated_at": copy.at}
        own = {"id": chat, "report_id": report, "state": speaks, **times,
               **Conversation.name.lookup(self._session, chat)}
        self._add(Conversation, **_clear(original.conversation, **own),
                  **_sealed(original.conversation, chat, chat_key, name=chat))
        reference = None if copy.contact else new_reference()
        found_by = Report.reference.lookup(self._session, reference) if reference else {"reference_hash": None}
        own = {"id": report, "conversation_id": chat, "sent_at": None if copy.contact else copy.at, **times, **found_by}
        sealed = _sealed(original.report, report, key, reference=reference)
        self._add(Report, **_clear(original.report, **own), **sealed)
        self._case(copy)
        for token in _tokens(self._called, self._chance):
            self._add(SearchToken, token=hashed(self._index, token), report_id=report, kind=token.kind)
        for receipt in [] if copy.contact else original.receipts:
            own = {"id": str(uuid.uuid4()), "report_id": report}
            self._add(Receipt, **_clear(receipt, **own), **_sealed(receipt, own["id"], key))
        for message in original.messages:
            own = {"id": str(uuid.uuid4()), "conversation_id": chat, "report_id": report, "answers": None,
                   "created_at": copy.at}
            self._add(Message, **_clear(message, **own), **_sealed(message, own["id"], key))
        self._add(DialogueState, conversation_id=chat, **_sealed(original.memory, chat, chat_key))

    def _case(self, copy: Copy) -> None:
        chance, case, (report, key) = self._chance, str(uuid.uuid4()), copy.report
        closed, open_ = copy.state == "closed", copy.state == "open"
        own = {
            "id": case, "report_id": report, "conversation_id": copy.chat[0], "danger": chance.random() < 0.05,
            "kind": "contact" if copy.contact else "referral", "reason": "human" if copy.contact else "sent",
            "state": copy.state, "owner_id": None if open_ else chance.choice(self._officers), "opened_at": copy.at,
            "claimed_at": None if open_ else copy.at, "alarm_at": self._now, "decision": "accept" if closed else None,
            "closed_at": copy.at + timedelta(days=1) if closed else None,
        }
        self._add(Case, **_clear(self._original.case, **own), **_sealed(self._original.case, case, key))
        for receipt in self._original.receipts if closed else ():
            (manager, found_by), named = chance.choice(self._managers), str(uuid.uuid4())
            self._add(Appointment, id=named, case_id=case, report_id=report, route=receipt.route, at=copy.at,
                      **found_by, **_sealed(Appointment(), named, key, manager=manager, organisation=manager))
        for action in PASSED if closed else ():
            self._add(AuditEntry, at=copy.at, actor="officer0", action=action,
                      subject=None if action == PASSED[0] else case)


def called(number: int) -> str:
    """Give the name by which the report of a number is found: first names are few, family names many."""
    chance = random.Random(number)
    first, family = random.Random(chance.randrange(FIRST_NAMES)), random.Random(-1 - chance.randrange(FAMILY_NAMES))
    return f"{_word(first, 2)} {_word(family, 4)}"


def _word(chance: random.Random, syllables: int) -> str:
    return "".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(syllables))


def _tokens(name: str, chance: random.Random) -> set[Token]:
    """Give what a report is found by: the parts of a name, their sound, and a phone."""
    parts = name_parts(name)
    sounds = {Token(SOUND, sound_of(part)) for part in parts}
    return {Token(NAME, part) for part in parts} | sounds | {Token(PHONE, f"+4477009{chance.randrange(10**5):05}")}


def manager_name(number: int) -> str:
    """Give the name of a case manager."""
    return f"Case Manager {number}"


def _clear(row: Any, **changes: Any) -> dict[str, Any]:
    """Give the columns of a row that are not sealed, some of them changed."""
    sealed = {one.name for one in getattr(row, "sealed_columns", ())}
    return {**{c.key: getattr(row, c.key) for c in row.__table__.columns if c.name not in sealed}, **changes}


def _sealed(row: Any, record: str, key: tuple[str, bytes], **changes: Any) -> dict[str, bytes | None]:
    """Give the sealed columns of a row, sealed anew for another record."""
    values = {one: changes.get(one.name, getattr(row, one.name)) for one in row.sealed_columns}
    return {one.name: None if value is None else one.close(*key, record, value) for one, value in values.items()}


def _chained(session: Session, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Number and seal entries of the audit trail."""
    last = chain.head_of(session)
    for entry in entries:
        seal = chain.seal(last.hash, last.number + 1, **entry)
        last = chain.Head(last.number + 1, seal)
        entry.update(id=last.number, hash=last.hash)
    return entries


def fill(number: int) -> None:
    """Fill this process's database.

    Args:
        number: how many referrals and contacts there are to be; more than `LIVE`.
    """
    report = asyncio.run(_talk())
    with writing() as session:
        for place in range(OFFICERS):
            accounts.add(session, f"officer{place}", accounts.DUTY, f"Officer {place}", "bench")
        for rows in Copier(session, _original(session, report), number).copies():
            rows[AuditEntry] = _chained(session, rows[AuditEntry])
            for table in (DataKey, Conversation, Report, SearchToken, Case, Appointment, Receipt, Message,
                          DialogueState, AuditEntry):
                if rows[table]:
                    session.execute(table.__table__.insert(), rows[table])
        if session.get_bind().dialect.name == "postgresql":
            # As the server does by itself, some minutes after so much was written.
            session.connection().exec_driver_sql("ANALYZE")


if __name__ == "__main__":
    fill(int(sys.argv[1]))
