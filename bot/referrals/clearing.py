"""Takes rows and keys out for good: of a whole chat, of the transcript of one, or of a record."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from bot.conversations.messages import DESK, changed
from bot.conversations.tables import Conversation, Delivery, DialogueState, Message
from bot.referrals.tables import Amendment, Appointment, Case, Hold, Receipt, Report, SearchToken
from bot.security.keys import erase_key, transcript_of


@dataclass
class Clearing:
    """One clearing: who does it and why, and what has gone so far; its conversation is held.

    Args:
        session: a writing transaction.
        by: who clears.
        why: it is kept beside each erased key, so it names nobody.
        counts: rows that went, by table.
        keys: ids of the data keys that were destroyed.
    """

    session: Session
    by: str
    why: str
    counts: Counter[str] = field(default_factory=Counter)
    keys: list[str] = field(default_factory=list)

    def conversation(self, conversation: Conversation) -> None:
        """Clear a chat with all that was told in it."""
        self._messages(conversation)
        for report in self._reports(conversation):
            self._report(report)
        self._conversation(conversation)

    def transcript(self, conversation: Conversation) -> None:
        """Clear what was written in a chat, the bot's memory, and drafts that never became a case.

        The cases stay, with a chat that nobody enters any more: what its owner writes next begins another one.
        """
        self._messages(conversation)
        cases = select(Case.report_id).where(Case.conversation_id == conversation.id)
        for report in self._reports(conversation, Report.id.not_in(cases)):
            self._report(report)
            if conversation.report_id == report.id:
                conversation.report_id = None
        conversation.erase()
        conversation.state = "closed"
        conversation.return_code_hash = conversation.return_blocked_until = None
        conversation.return_failures = 0
        self._tell(conversation)

    def record(self, report: Report) -> None:
        """Clear a record with its case; its messages stay while the chat's transcript does."""
        conversation = self.session.get(Conversation, report.conversation_id)
        self._report(report)
        if conversation.report_id == report.id:
            conversation.report_id = None
        self.session.flush()
        left = select(exists().where(Message.conversation_id == conversation.id)
                      | exists().where(Report.conversation_id == conversation.id))
        if self.session.execute(left).scalar():
            self._tell(conversation)
        else:
            self._conversation(conversation)

    def _reports(self, conversation: Conversation, *which: Any) -> list[Report]:
        query = select(Report).where(Report.conversation_id == conversation.id, *which)
        return list(self.session.execute(query).scalars())

    def _messages(self, conversation: Conversation) -> None:
        """Clear messages, their deliveries, the bot's memory, and the keys of all these."""
        mine = Message.conversation_id == conversation.id
        about = set(self.session.execute(select(Message.report_id).where(mine).distinct()).scalars()) - {None}
        about |= set(self.session.execute(select(Report.id).filter_by(conversation_id=conversation.id)).scalars())
        self._rows(Delivery, Delivery.conversation_id == conversation.id)
        self._rows(Message, mine)
        self._rows(DialogueState, DialogueState.conversation_id == conversation.id)
        self._keys([conversation.id, *map(transcript_of, sorted(about))])

    def _report(self, report: Report) -> None:
        """Clear a report, its case, and what hangs on them."""
        cases = select(Case.id).where(Case.report_id == report.id)
        self._rows(Hold, Hold.case_id.in_(cases))
        for table in (SearchToken, Amendment, Receipt, Appointment, Case):
            self._rows(table, table.report_id == report.id)
        self._rows(Report, Report.id == report.id)
        self._keys([report.id])
        self.session.expunge(report)

    def _conversation(self, conversation: Conversation) -> None:
        self._tell(conversation)
        self._rows(DialogueState, DialogueState.conversation_id == conversation.id)
        self._keys([conversation.id])
        self.session.flush()
        self._rows(Conversation, Conversation.id == conversation.id)
        self.session.expunge(conversation)

    def _rows(self, table: Any, which: Any) -> None:
        gone = self.session.execute(delete(table).where(which).execution_options(synchronize_session=False)).rowcount
        self.counts[table.__tablename__] += gone

    def _keys(self, subjects: Iterable[str]) -> None:
        erased = (erase_key(self.session.connection(), subject, self.by, self.why) for subject in subjects)
        self.keys += filter(None, erased)

    def _tell(self, conversation: Conversation) -> None:
        changed(self.session, DESK)
        changed(self.session, conversation.id)
