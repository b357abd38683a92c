"""Whatever officers, responder and bot do, in any order: one owner, the bot silent just then, each act noted once."""
from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, update

import bot.assistant
from bot.conversations.messages import receive
from bot.conversations.tables import Conversation, Message
from bot.conversations.turn import Turn, begin
from bot.database import now, reading, writing
from bot.referrals import cases, claims, decisions, reports, talk
from bot.referrals.tables import Case, Report
from bot.security import audit
from bot.security.tables import Account
from tests.desk_world import make_account, make_case

WHO = st.integers(0, 2)
WHICH = st.integers(0, 1)
CHIEF = 2
WORK: dict[str, tuple[Callable[..., Any], Callable[[], tuple[str, ...]]]] = {
    "release": (claims.release, tuple),
    "hand_back": (claims.hand_back, tuple),
    "close": (decisions.close, lambda: ("Done",)),
    "accept": (decisions.decide, lambda: ("accept",)),
    "need_more": (decisions.decide, lambda: ("need_more", "Which van?")),
    "write": (talk.send_message, lambda: ("Are you safe?", uuid.uuid4().hex)),
}
"""Acts of whoever has the case, each with what it is given."""


class Claims(RuleBasedStateMachine):
    """Two cases of one chat, two duty officers and a supervisor, beside a model of who has what."""

    officers: list[Account] = []

    @initialize(holder=st.one_of(st.none(), WHO))
    def one_chat_with_two_cases(self, holder: int | None) -> None:
        chat = str(uuid.uuid4())
        self.samples = [make_case(writing, sent=True, conversation=chat) for _ in range(2)]
        self.state = ["open", "open"]
        self.owner: list[int | None] = [None, None]
        self.received = [False, False]
        self.decided: list[str | None] = [None, None]
        self.trail: list[list[tuple[int, str]]] = [[], []]
        self.chat = "waiting"
        self.thinking: Turn | None = None
        self.unanswered = False
        if holder is not None:
            self.claims(holder, 0)

    def teardown(self) -> None:
        """Leave nothing in the queue of other tests."""
        with writing() as session:
            session.execute(update(Case).where(Case.id.in_([sample.case for sample in self.samples]))
                            .values(state="closed", closed_at=now()))

    def _do(self, who: int, which: int, act: Callable[..., Any], *given: Any) -> type[Exception] | None:
        try:
            with writing() as session:
                act(session, self.samples[which].case, self.officers[who], *given)
        except cases.CaseError as refused:
            return type(refused)
        return None

    def _not_own(self, who: int, which: int) -> type[Exception] | None:
        """Say how an act on one's own case is refused; None where it is one's own."""
        if self.state[which] == "closed":
            return cases.CaseClosed
        if self.state[which] == "open":
            return cases.NotClaimed
        return None if self.owner[which] == who else cases.OwnedByOther

    def _note(self, who: int, which: int, action: str) -> None:
        self.trail[which].append((who, action))

    def _other_state(self, which: int) -> str:
        return self.state[1 - which]

    def _silence(self) -> None:
        self.chat, self.unanswered = "human", False

    def _bot_speaks_again(self, which: int) -> None:
        self.chat = "waiting" if self._other_state(which) == "open" else "bot"

    def _reopen(self, which: int) -> None:
        self.state[which], self.owner[which], self.received[which] = "open", None, False

    @rule(who=WHO, which=WHICH)
    def claims(self, who: int, which: int) -> None:
        refused = self._do(who, which, claims.claim)
        mine = self.state[which] == "claimed" and self.owner[which] == who
        others = self._other_state(which) == "claimed" and self.owner[1 - which] != who
        if self.state[which] == "closed":
            assert refused is cases.CaseClosed
        elif (self.state[which] == "claimed" and not mine) or (self.state[which] == "open" and others):
            assert refused is cases.OwnedByOther
        else:
            assert refused is None
            if not mine:
                self._note(who, which, "case.claimed")
                self.state[which], self.owner[which], self.received[which] = "claimed", who, True
            elif self.chat != "human":
                self._note(who, which, "chat.taken")
            self._silence()

    @rule(who=WHO, which=WHICH)
    def says_it_was_received(self, who: int, which: int) -> None:
        refused = self._do(who, which, claims.acknowledge)
        assert refused is (cases.CaseClosed if self.state[which] == "closed" else None)
        if self.state[which] == "open" and not self.received[which]:
            self._note(who, which, "case.acknowledged")
            self.received[which] = True

    @rule(who=WHO, which=WHICH, work=st.sampled_from(["release", "hand_back", "close", "accept", "need_more", "write"]))
    def works(self, who: int, which: int, work: str) -> None:
        """Do one of the acts that only whoever has the case may do."""
        act, given = WORK[work]
        refused = self._do(who, which, act, *given())
        expected = self._not_own(who, which)
        if work == "write" and not expected and self.chat != "human":
            expected = cases.ChatWithBot
        assert refused is expected
        if not expected:
            getattr(self, f"_{work}_done")(who, which)

    def _release_done(self, who: int, which: int) -> None:
        self._note(who, which, "case.released")
        self.state[which], self.owner[which] = "open", None
        self.chat = self.chat if self._other_state(which) == "claimed" else "waiting"

    def _hand_back_done(self, who: int, which: int) -> None:
        if self.chat != "bot":
            self._note(who, which, "chat.handed_back")
            self._bot_speaks_again(which)

    def _close_done(self, who: int, which: int) -> None:
        self._note(who, which, "case.closed")
        self.state[which] = "closed"
        if self.chat == "human" and self._other_state(which) != "claimed":
            self._bot_speaks_again(which)

    def _accept_done(self, who: int, which: int) -> None:
        self._decided(who, which, "accept")

    def _need_more_done(self, who: int, which: int) -> None:
        self._decided(who, which, "need_more")

    def _decided(self, who: int, which: int, decision: str) -> None:
        if self.decided[which] != decision:
            self._note(who, which, f"case.{decision}")
            self.decided[which] = decision

    def _write_done(self, who: int, which: int) -> None:
        self._note(who, which, "chat.message")

    @rule(who=WHO, which=WHICH)
    def takes_over(self, who: int, which: int) -> None:
        refused = self._do(who, which, claims.take_over)
        if who != CHIEF:
            assert refused is cases.NotAllowed
        elif self.state[which] != "claimed":
            assert refused is {"closed": cases.CaseClosed, "open": cases.NotClaimed}[self.state[which]]
        else:
            assert refused is None
            if self.owner[which] != CHIEF:
                self._note(who, which, "case.taken_over")
            # All cases of the chat go with it.
            self.owner = [CHIEF if state == "claimed" else owner
                          for state, owner in zip(self.state, self.owner, strict=True)]
            self._silence()

    @rule(which=WHICH)
    def a_late_word_comes(self, which: int) -> None:
        with writing() as session:
            reports.amend(session, self.samples[which].report, "seen again", "responder", True, None)
        if self.state[which] == "closed":
            self._reopen(which)
            self.chat = "waiting" if self.chat == "bot" else self.chat

    @rule(which=WHICH)
    def the_responder_wants_a_person(self, which: int) -> None:
        with writing() as session:
            sample = self.samples[which]
            reports.open_case(session, session.get(Report, sample.report),
                              session.get(Conversation, sample.conversation), "human")
        if self.state[which] == "closed":
            self._reopen(which)
        self.chat = "waiting" if self.chat == "bot" else self.chat

    @rule()
    def the_responder_writes_and_the_bot_begins_to_think(self) -> None:
        with writing() as session:
            chat = session.get(Conversation, self.samples[0].conversation)
            message, _ = receive(session, chat, "hello?", None, uuid.uuid4().hex)
            waits, message_id = message.state == "waiting", message.id
        assert waits == (self.chat != "human"), "what nobody holds is the bot's to answer, and nothing else"
        if waits:
            self.unanswered = True
            self.thinking = bot.assistant._load(self.samples[0].conversation, message_id)

    @rule()
    def the_bot_has_thought(self) -> None:
        if self.thinking is None:
            return
        turn, self.thinking = self.thinking, None
        turn.said = [{"text": f"bot {turn.message_id}"}]
        begin(turn)
        with writing() as session:
            bot.assistant._commit(session)
        with reading() as session:
            spoke = session.execute(select(Message.id).filter_by(answers=turn.message_id)).first() is not None
        # Only where no officer took the chat since the message came, whoever has it now.
        assert spoke == (self.unanswered and self.chat != "human")
        self.unanswered = False

    @invariant()
    def owners_chat_and_trail_are_those_of_the_model(self) -> None:
        if not hasattr(self, "samples"):
            return
        ids = [officer.id for officer in self.officers]
        names = [officer.name for officer in self.officers]
        with reading() as session:
            held = [session.get(Case, sample.case) for sample in self.samples]
            chat = session.get(Conversation, self.samples[0].conversation).state
            notes = [[(names.index(e.actor), e.action) for e in audit.trail(session, [sample.case])]
                     for sample in self.samples]
        assert [case.state for case in held] == self.state
        owners = {case.owner_id for case in held if case.state == "claimed"}
        assert owners == {ids[owner] for owner, state in zip(self.owner, self.state, strict=True)
                          if state == "claimed" and owner is not None}
        assert len(owners) <= 1, "one chat, one officer"
        assert chat == self.chat and (chat != "human" or owners), "a silent bot without an officer"
        assert notes == self.trail


def test_one_owner_a_silent_bot_and_every_act_noted(database: None) -> None:
    Claims.officers = [make_account(writing, role, display)[0] for role, display in (
        ("duty", "Ana Marin"), ("duty", "Jon Berg"), ("supervisor", "Eva Lund"))]
    run_state_machine_as_test(Claims, settings=settings(
        max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)))
