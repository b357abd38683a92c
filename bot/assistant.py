"""The bot process's core: the Rasa agent with its actions in the same process, and one turn from message to outbox."""
from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import structlog
from rasa.core.agent import Agent, load_agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversations.memory import TurnStore
from bot.conversations.messages import DESK, add_message, changed, hold
from bot.conversations.tables import Conversation, Message
from bot.conversations.turn import OtherReport, Turn, begin, current
from bot.crash_points import reached
from bot.database import reading, writing
from bot.locks import ConversationLocks
from bot.protocol.dialogue import say
from bot.protocol.report import in_danger, new_report, value
from bot.protocol.wording import Setting
from bot.referrals.reports import (
    StaleReport,
    amend,
    begin_report,
    by_reference,
    confirm_receipt,
    content_of,
    current_report,
    here_for,
    open_case,
    profile_for,
    readable,
    state_in_words,
    store_content,
    submit,
)
from bot.referrals.tables import Case, Report
from bot.security.accounts import duty_signed_in
from bot.security.logs import configure, set_levels
from bot.settings import settings

log = structlog.get_logger()

ATTEMPTS = 3
"""How often a turn is worked out anew when the desk changed the report meanwhile."""

RESUME = "/resume"
"""The message that stands for the desk giving the chat back; a person's leading slash never reaches Rasa."""


class ModelBroken(RuntimeError):
    """Rasa could not load the model; it has logged why."""


class InProcessActions(EndpointConfig):
    """Runs rasa-sdk actions in this process: no port, no body in any log, and the same transaction as the turn."""

    def __init__(self) -> None:
        super().__init__(url="in-process")
        self._executor = ActionExecutor()
        self._executor.register_package("actions")

    async def request(self, method: str = "post", subpath: str | None = None, content_type: str | None = None,
                      compress: bool = False, **kwargs: Any) -> Any:
        """Run one action call as rasa-sdk's server would."""
        return await self._executor.run(kwargs["json"])


class Assistant:
    """Answers messages, one at a time in each conversation.

    Args:
        agent: a loaded Rasa agent whose tracker store is ours.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._locks = ConversationLocks()

    @classmethod
    async def load(cls, model: Path) -> Assistant:
        """Load the trained model.

        Args:
            model: the model archive.

        Returns:
            The assistant, ready to answer.
        """
        # As it comes, Rasa prints what people wrote, also to whoever loads it elsewhere than in our processes.
        if not structlog.is_configured():
            configure(settings().log_level)
        agent = await load_agent(model_path=str(model))
        set_levels(settings().log_level)
        if agent.processor is None:
            raise ModelBroken(f"{model.name} could not be loaded; the lines above name the reason")
        agent.action_endpoint = InProcessActions()
        # The bare store: Rasa's fail-over would go on in memory and forget what was said while the database was away.
        agent.tracker_store = TurnStore(agent.domain, _commit)
        agent.processor.tracker_store = agent.tracker_store
        agent.processor.action_endpoint = agent.action_endpoint
        # Patterns load at the first message; that must not be a responder's.
        await agent.parse_message("Warm-up: nobody stands at a station, and a man of 40 does not hold any passport.")
        return cls(agent)

    async def answer(self, conversation_id: str) -> None:
        """Answer every message of a conversation that waits, in order.

        A turn that a client gives up waiting for goes on; a turn that fails leaves an honest message, and the next one
        goes on.

        Args:
            conversation_id: the conversation.

        Raises:
            SQLAlchemyError: the database is away; the messages stay waiting.
        """
        async with self._locks.held(conversation_id):
            while True:
                waiting = _first_waiting(conversation_id)
                if waiting is None:
                    return
                await self._turn(conversation_id, waiting)

    async def give_back(self, conversation_id: str) -> None:
        """Go on as the bot after a person handed the chat back: greet, and ask what is open.

        Args:
            conversation_id: the conversation.
        """
        async with self._locks.held(conversation_id):
            await self._turn(conversation_id, None)

    async def _turn(self, conversation_id: str, message_id: str | None) -> None:
        for attempt in range(ATTEMPTS):
            try:
                turn = _load(conversation_id, message_id)
                reached("turn.loaded")
                begin(turn)
                await self._agent.handle_message(UserMessage(
                    text=turn.text, output_channel=_Collected(turn), sender_id=conversation_id,
                    input_channel="door", metadata={"today": _today(), "here": turn.setting.here},
                ))
                return
            except StaleReport:
                log.info("turn_again", conversation=conversation_id, attempt=attempt)
            except Exception as error:
                log.error("turn_failed", error=type(error).__name__, conversation=conversation_id, turn=message_id,
                          exc_info=error)
                break
        _tell_failure(conversation_id, message_id)


class _Collected(CollectingOutputChannel):
    """Takes what the bot says; it goes out only with the transaction that stores the turn."""

    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self.messages = turn.said

    @classmethod
    def name(cls) -> str:
        return "door"


def _today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def _first_waiting(conversation_id: str) -> str | None:
    query = select(Message.id).where(Message.conversation_id == conversation_id, Message.state == "waiting")
    with reading() as session:
        return session.execute(query.order_by(Message.seq).limit(1)).scalar_one_or_none()


def _load(conversation_id: str, message_id: str | None) -> Turn:
    with writing() as session:
        [conversation] = hold(session, conversation_id)
        report = current_report(session, conversation)
        message = session.get(Message, message_id) if message_id else None
        others = session.execute(
            select(Report)
            .where(Report.conversation_id == conversation_id, Report.id != report.id, Report.dropped_at.is_(None))
            .order_by(Report.created_at)
        ).scalars().all()
        profile, own = profile_for(report.data)
        others = [other for other in others if readable(other) and not other.erased]
        sent = [r for r in [*others, report] if r.reference]
        return Turn(
            conversation_id=conversation_id,
            message_id=message_id,
            text=(message.payload or message.text) if message is not None else RESUME,
            report_id=report.id,
            report=report.data,
            version=report.version,
            reference=report.reference,
            sent_at=report.sent_at,
            setting=Setting(profile, own, here_for(report.data), duty_signed_in(session)),
            other_reports=[_other(r) for r in others],
            states={r.reference: state_in_words(session, r) for r in sent},
        )


def _other(report: Report) -> OtherReport:
    profile, own = profile_for(report.data)
    return OtherReport(report.id, report.data, report.version, report.reference,
                       Setting(profile, own, here_for(report.data)))


def _commit(session: Session) -> bool:
    """Store what the present turn changed, inside the transaction that stores the bot's memory.

    Returns:
        Whether Rasa's memory is to be stored too; not where a person took the chat over meanwhile, or the turn failed.
    """
    turn = current()
    hold(session, turn.conversation_id, *_others_meant(session, turn))
    conversation = session.get(Conversation, turn.conversation_id)
    message = session.get(Message, turn.message_id, populate_existing=True) if turn.message_id else None
    if message is not None and message.state != "waiting":
        return False
    if message is not None:
        message.state = "failed" if turn.failed else "done"
    if conversation.state == "human":
        # The officer claimed while the bot was thinking: the bot stays silent, the officer has the message.
        return False
    if not turn.failed:
        _store_report(session, turn, conversation)
    for reply in turn.said:
        add_message(session, conversation, "bot", reply["text"], answers=turn.message_id,
                    quick_replies=[{"title": b["title"], "payload": b["payload"]} for b in reply.get("buttons") or []])
    return not turn.failed


def _others_meant(session: Session, turn: Turn) -> list[str]:
    """Name the conversations of the references that a turn adds to."""
    meant = [*(reference for reference, _ in turn.elsewhere),
             *(a.report_id.removeprefix("ref:") for a in turn.additions if a.report_id.startswith("ref:"))]
    found = (select(Report.conversation_id).filter_by(**Report.reference.lookup(session, one)) for one in meant)
    return [conversation for query in found for conversation in session.execute(query).scalars()]


def _store_report(session: Session, turn: Turn, conversation: Conversation) -> None:
    store_content(session, turn.report_id, turn.version, turn.report)
    report = session.get(Report, turn.report_id, populate_existing=True)
    if turn.send:
        submit(session, report, conversation, conversation.owner, turn.reference)
    elif turn.case_reason or in_danger(turn.report):
        missing = value(turn.report, "missing") == "now"
        open_case(session, report, conversation, turn.case_reason or ("missing" if missing else "danger"))
    for addition in turn.additions:
        target = report.id
        if addition.report_id.startswith("ref:"):
            found = by_reference(session, addition.report_id.removeprefix("ref:"))
            target = found.id if found and not found.erased else report.id
        amend(session, target, addition.text, "responder", addition.verified, turn.message_id)
    for reference, words in turn.elsewhere:
        found = by_reference(session, reference)
        if found and not found.erased:
            amend(session, found.id, words, "unknown sender", False, turn.message_id)
    for route in turn.confirmed_routes:
        confirm_receipt(session, report.id, route, "responder")
    if turn.drop and not report.sent_at:
        report.dropped_at = datetime.now(timezone.utc)
    if turn.new_report is not None:
        begin_report(session, conversation, turn.new_report)
    elif turn.switch_to:
        conversation.report_id = turn.switch_to.id
        store_content(session, turn.switch_to.id, turn.switch_to.version, turn.switch_to.data)
    if session.execute(select(Case.id).filter_by(report_id=report.id)).first():
        changed(session, DESK)


def _tell_failure(conversation_id: str, message_id: str | None) -> None:
    """Leave an honest message where a turn failed; where even that cannot be stored, the door says so."""
    if message_id is None:
        return
    with writing() as session:
        [conversation] = hold(session, conversation_id)
        message = session.get(Message, message_id)
        if message.state != "waiting":
            return
        message.state = "failed"
        report = session.get(Report, conversation.report_id) if conversation.report_id else None
        content = content_of(report) if report else new_report()
        profile, own = profile_for(content)
        reply = say("failed", content, Setting(profile, own, here_for(content)))
        add_message(session, conversation, "system", reply.text, answers=message_id)
