"""What officers do to cases: each act is one step, told to the responder, and noted."""
from __future__ import annotations

import inspect
import re
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.conversations.messages import messages_after, open_conversation, receive
from bot.conversations.tables import Change, Conversation, Message
from bot.protocol.report import put, value
from bot.referrals import cases, claims, decisions, receipts, reports, talk
from bot.referrals.tables import Receipt, Report
from bot.security import audit
from bot.security.tables import Account
from tests.desk_world import Sample, Store, make_account, make_case, told_to


@pytest.fixture
def ana(store: Store) -> Account:
    return make_account(store.writing, "duty", "Ana Marin")[0]


@pytest.fixture
def jon(store: Store) -> Account:
    return make_account(store.writing, "duty", "Jon Berg")[0]


@pytest.fixture
def chief(store: Store) -> Account:
    return make_account(store.writing, "supervisor", "Eva Lund")[0]


def do(store: Store, service: Any, *args: Any) -> Any:
    with store.writing() as session:
        return service(session, *args)


def chat_state(store: Store, sample: Sample) -> str:
    with store.writing() as session:
        return str(session.get(Conversation, sample.conversation).state)


def claimed(store: Store, account: Account, **more: Any) -> Sample:
    sample = make_case(store.writing, **more)
    do(store, claims.claim, sample.case, account)
    return sample


def test_a_claim_is_owner_state_and_silence_in_one_step(store: Store, ana: Account) -> None:
    sample = make_case(store.writing, sent=True)
    opened = do(store, claims.claim, sample.case, ana)
    assert (opened.case.state, opened.case.owner_id, opened.conversation.state) == ("claimed", ana.id, "human")
    assert opened.case.acknowledged_by == "Ana Marin" and opened.case.acknowledged_at
    assert told_to(store.writing, sample.conversation) == [
        "Received by Ana Marin, duty desk. You are now talking to Ana Marin; the assistant is silent."
    ]
    with store.writing() as session:
        assert [e.action for e in audit.trail(session, [sample.case])] == ["case.claimed"]
        assert {"desk", sample.conversation} <= set(session.execute(select(Change.topic)).scalars())
        assert all(r.confirmed_by == "Ana Marin" for r in receipts.receipts_of(session, sample.report))


def test_of_fifty_claims_one_wins(store: Store) -> None:
    sample = make_case(store.writing)
    officers = [Account(id=f"officer-{n}", name=f"officer-{n}", display_name=f"Officer {n}", role="duty",
                        password_hash="-") for n in range(50)]
    with store.writing() as session:
        session.add_all(officers)

    def attempt(account: Account) -> str:
        try:
            do(store, claims.claim, sample.case, account)
        except cases.OwnedByOther as error:
            return f"lost to {error.owner}"
        return "won"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(attempt, officers))
    assert outcomes.count("won") == 1
    winner = officers[outcomes.index("won")]
    assert set(outcomes) == {"won", f"lost to {winner.display_name}"}
    assert do(store, cases.find, sample.case).case.owner_id == winner.id
    assert len(told_to(store.writing, sample.conversation)) == 1


def test_claiming_twice_is_told_once(store: Store, ana: Account) -> None:
    sample = claimed(store, ana)
    do(store, claims.claim, sample.case, ana)
    assert len(told_to(store.writing, sample.conversation)) == 1


def test_what_the_bot_had_not_answered_is_the_officers(store: Store, ana: Account) -> None:
    sample = make_case(store.writing)
    with store.writing() as session:
        receive(session, session.get(Conversation, sample.conversation), "are you there?", None, "late")
    do(store, claims.claim, sample.case, ana)
    with store.writing() as session:
        waiting = select(Message).filter_by(conversation_id=sample.conversation, state="waiting")
        assert session.execute(waiting).first() is None


def test_two_cases_of_one_chat_have_one_officer(store: Store, ana: Account, jon: Account, chief: Account) -> None:
    one = make_case(store.writing, conversation="shared")
    two = make_case(store.writing, conversation="shared")
    assert one.conversation == two.conversation
    do(store, claims.claim, one.case, ana)
    with pytest.raises(cases.OwnedByOther, match="Ana Marin"):
        do(store, claims.claim, two.case, jon)
    assert do(store, cases.find, two.case).case.state == "open"
    do(store, claims.claim, two.case, ana)
    do(store, claims.release, one.case, ana)
    assert chat_state(store, one) == "human", "the other case keeps the officer in the chat"
    do(store, claims.claim, one.case, ana)
    do(store, claims.take_over, one.case, chief)
    assert do(store, cases.find, two.case).case.owner_id == chief.id


def test_a_notice_names_its_case_where_a_chat_has_several(store: Store, ana: Account) -> None:
    sent = make_case(store.writing, conversation="two", sent=True)
    do(store, claims.claim, sent.case, ana)
    assert told_to(store.writing, sent.conversation)[-1].startswith("Received by Ana Marin")
    contact = make_case(store.writing, conversation="two", people=[{"age": 9, "sex": "male"}])
    do(store, claims.claim, contact.case, ana)
    assert told_to(store.writing, sent.conversation)[-1].startswith("About the case not sent yet (male, 9): ")
    do(store, decisions.name_case_manager, sent.case, ana, [], "Mira Holm", "Care Norvik")
    assert told_to(store.writing, sent.conversation)[-1].startswith(f"About {sent.reference}: Case manager: Mira Holm")
    with store.writing() as session:
        notice = messages_after(session, sent.conversation)[-1]
        assert notice.report_id == sent.report, "the transcript shows it as another case's"


def test_a_late_word_reopens_a_closed_case_and_nobody_has_read_it(store: Store, ana: Account) -> None:
    sample = claimed(store, ana, sent=True)
    do(store, decisions.close, sample.case, ana, "Done")
    with store.writing() as session:
        reports.amend(session, sample.report, "the plate of his van is QZ 555", "responder", True, "late-1")
    opened = do(store, cases.find, sample.case)
    assert (opened.case.state, opened.case.reason, opened.owner) == ("open", "added", None)
    assert opened.case.acknowledged_by is None and opened.case.alarm_at
    with store.writing() as session:
        reports.amend(session, sample.report, "seen again", "unknown sender", False, "late-2")


def test_danger_on_a_closed_case_opens_it_and_raises_it_at_once(store: Store, ana: Account) -> None:
    sample = claimed(store, ana, sent=True)
    do(store, decisions.close, sample.case, ana, "Done")
    with store.writing() as session:
        report = session.get(Report, sample.report)
        content = deepcopy(report.data)
        put(content, "danger", "yes", source="message", words="dragged into a van")
        report.data = content
        reports.open_case(session, report, session.get(Conversation, sample.conversation), "danger")
    case = do(store, cases.find, sample.case).case
    assert (case.state, case.danger, case.reason) == ("open", True, "danger")


def test_what_an_officer_writes_is_about_the_case_it_was_written_in(store: Store, ana: Account) -> None:
    girl, boy = make_case(store.writing, conversation="mixed"), make_case(store.writing, conversation="mixed")
    for sample in (girl, boy):
        do(store, claims.claim, sample.case, ana)
    do(store, talk.send_message, girl.case, ana, "what was she wearing?", "m1")
    with store.writing() as session:
        conversation = session.get(Conversation, girl.conversation)
        answer, _ = receive(session, conversation, "blue jacket", None, "m2")
        assert messages_after(session, girl.conversation)[-2].report_id == girl.report
        assert answer.report_id == girl.report


def test_handing_back_leaves_the_chat_waiting_where_another_case_waits(store: Store, ana: Account) -> None:
    one, two = make_case(store.writing, conversation="waits"), make_case(store.writing, conversation="waits")
    do(store, claims.claim, one.case, ana)
    do(store, claims.hand_back, one.case, ana)
    assert chat_state(store, two) == "waiting"


def test_a_route_that_a_call_brings_is_received_by_whoever_has_the_case(store: Store, ana: Account) -> None:
    sample = claimed(store, ana, sent=True)
    version = do(store, cases.find, sample.case).report.version
    do(store, talk.enter_answers, sample.case, ana,
       {(talk.NEW_PERSON, "age"): "30", (talk.NEW_PERSON, "child"): "no"}, version)
    with store.writing() as session:
        found = {r.route: r.confirmed_by for r in receipts.receipts_of(session, sample.report)}
    assert found == {"nfp": "Ana Marin", "nrm_adult": "Ana Marin"}


def test_one_more_person_is_entered_from_a_call(store: Store, ana: Account) -> None:
    sample = claimed(store, ana)
    opened = do(store, cases.find, sample.case)
    do(store, talk.enter_answers, sample.case, ana,
       {(talk.NEW_PERSON, "age"): "9", (talk.NEW_PERSON, "feared"): ["ER", "SD"]}, opened.report.version)
    one, two = do(store, cases.find, sample.case).report.data["persons"]
    assert (one["values"]["age"]["value"], two["values"]["age"]["value"]) == (14, 9)
    assert two["values"]["feared"]["value"] == ["ER", "SD"]
    assert "Age (person 2): 9" in told_to(store.writing, sample.conversation)[-1]
    with pytest.raises(cases.NotSaid, match="feared"):
        do(store, talk.enter_answers, sample.case, ana, {("p2", "feared"): ["Eritrea"]}, opened.report.version + 1)


def test_acknowledging_leaves_the_chat_to_the_bot(store: Store, ana: Account, jon: Account) -> None:
    sample = make_case(store.writing, sent=True)
    before = chat_state(store, sample)
    do(store, claims.acknowledge, sample.case, ana)
    opened = do(store, claims.acknowledge, sample.case, jon)
    assert (opened.case.state, opened.case.acknowledged_by) == ("open", "Ana Marin")
    assert chat_state(store, sample) == before
    assert told_to(store.writing, sample.conversation) == [
        "Received by Ana Marin, duty desk. The assistant goes on with you meanwhile."
    ]
    assert do(store, claims.claim, sample.case, jon).case.acknowledged_by == "Ana Marin"


def test_releasing_puts_it_back_and_rings(store: Store, ana: Account, jon: Account) -> None:
    sample = claimed(store, ana)
    with pytest.raises(cases.OwnedByOther):
        do(store, claims.release, sample.case, jon)
    opened = do(store, claims.release, sample.case, ana)
    assert (opened.case.state, opened.case.owner_id, opened.conversation.state) == ("open", None, "waiting")
    assert opened.case.alarm_at
    assert "back in the queue" in told_to(store.writing, sample.conversation)[-1]
    with pytest.raises(cases.NotClaimed):
        do(store, claims.release, sample.case, ana)
    assert do(store, claims.claim, sample.case, jon).case.owner_id == jon.id


def test_only_a_supervisor_takes_over(store: Store, ana: Account, jon: Account, chief: Account) -> None:
    sample = make_case(store.writing)
    with pytest.raises(cases.NotClaimed):
        do(store, claims.take_over, sample.case, chief)
    do(store, claims.claim, sample.case, ana)
    with pytest.raises(cases.NotAllowed):
        do(store, claims.take_over, sample.case, jon)
    do(store, claims.take_over, sample.case, chief)
    do(store, claims.take_over, sample.case, chief)
    told = told_to(store.writing, sample.conversation)
    assert told[1:] == ["Eva Lund, duty desk, has taken over from Ana Marin. You are now talking to Eva Lund."]
    with pytest.raises(cases.OwnedByOther, match="Eva Lund"):
        do(store, talk.send_message, sample.case, ana, "hello", "1")


def test_a_message_is_stored_once_and_only_while_the_officer_speaks(store: Store, ana: Account, jon: Account) -> None:
    sample = make_case(store.writing)
    with pytest.raises(cases.NotClaimed):
        do(store, talk.send_message, sample.case, ana, "hello", "1")
    do(store, claims.claim, sample.case, ana)
    first = do(store, talk.send_message, sample.case, ana, " Are you safe?\r\n\x07", "2")
    again = do(store, talk.send_message, sample.case, ana, " Are you safe?\r\n\x07", "2")
    assert (first.id, first.author, first.speaker, first.text) == (again.id, "human", "Ana Marin", "Are you safe?")
    for text in ("", "  \n", "x" * 10_001):
        with pytest.raises(cases.NotSaid):
            do(store, talk.send_message, sample.case, ana, text, "3")
    with pytest.raises(cases.OwnedByOther):
        do(store, talk.send_message, sample.case, jon, "hello", "4")
    do(store, claims.hand_back, sample.case, ana)
    with pytest.raises(cases.ChatWithBot):
        do(store, talk.send_message, sample.case, ana, "hello", "5")


def test_handing_back_and_taking_the_chat_again(store: Store, ana: Account) -> None:
    sample = claimed(store, ana)
    opened = do(store, claims.hand_back, sample.case, ana)
    do(store, claims.hand_back, sample.case, ana)
    assert (opened.case.state, opened.conversation.state) == ("claimed", "bot")
    do(store, claims.claim, sample.case, ana)
    assert chat_state(store, sample) == "human"
    told = told_to(store.writing, sample.conversation)
    assert [t.split(".")[0] for t in told[1:]] == [
        "Ana Marin has left this chat and keeps your case", "Ana Marin is back in this chat"
    ]


def test_answers_from_a_call(store: Store, ana: Account) -> None:
    sample = claimed(store, ana)
    answers = {
        (None, "tonight"): "foster family until Monday", (None, "danger"): "yes", (None, "needs"): ["medical", "legal"],
        ("p1", "age"): "15-16", ("p1", "nationality"): "RO", ("p1", "documents"): "not_safe",
    }
    opened = do(store, talk.enter_answers, sample.case, ana, answers, 1)
    content = opened.report.data
    assert opened.report.version == 2 and opened.case.danger
    assert value(content, "age") == [15, 16] and value(content, "nationality") == "RO"
    entry = content["values"]["tonight"]
    assert (entry["value"], entry["source"], entry["words"]) == ("foster family until Monday", "officer", "by phone")
    assert content["persons"][0]["values"]["documents"]["open"] == "not_safe"
    told = told_to(store.writing, sample.conversation)[-1]
    assert told.startswith("Ana Marin added from your call: Who has the child tonight: foster family until Monday; ")
    assert "Nationality: Romania" in told and "Age: 15 to 16" in told and "Papers: Not safe now" in told
    with pytest.raises(cases.ChangedMeanwhile):
        do(store, talk.enter_answers, sample.case, ana, {(None, "place"): "hospital"}, 1)


@pytest.mark.parametrize(("key", "typed"), [
    ((None, "danger"), "perhaps"), ((None, "needs"), ["money"]), (("p1", "age"), "140"), (("p1", "age"), "16-15"),
    (("p1", "age"), "14-15-16"), (("p1", "age"), "young"), (("p1", "nationality"), "QQ"), ((None, "tonight"), "  "),
    ((None, "tonight"), ["a"]), ((None, "secret"), "x"), (("p9", "age"), "14"), ((None, "place"), "x" * 501),
])
def test_an_answer_that_cannot_be_is_refused(store: Store, ana: Account, key: tuple[str | None, str],
                                             typed: Any) -> None:
    sample = claimed(store, ana)
    with pytest.raises(cases.NotSaid) as refused:
        do(store, talk.enter_answers, sample.case, ana, {key: typed}, 1)
    assert refused.value.field == key[1]
    assert do(store, cases.find, sample.case).report.version == 1


def test_no_answers_at_all_are_refused(store: Store, ana: Account) -> None:
    sample = claimed(store, ana)
    with pytest.raises(cases.NotSaid):
        do(store, talk.enter_answers, sample.case, ana, {}, 1)


def test_decisions_are_told_once(store: Store, ana: Account) -> None:
    sample, other = claimed(store, ana, sent=True), make_case(store.writing, sent=True)
    do(store, decisions.decide, sample.case, ana, "need_more", "Which van?")
    do(store, decisions.decide, sample.case, ana, "need_more", "Which van?")
    do(store, decisions.decide, sample.case, ana, "not_competent", "An adult.", "Adult referral mechanism")
    spoken = f"{(other.reference or '').lower().replace('-', ' ')}"
    opened = do(store, decisions.decide, sample.case, ana, "duplicate", "", spoken)
    assert opened.case.decision_reason == f"Duplicate of {other.reference}."
    do(store, decisions.decide, sample.case, ana, "accept")
    told = told_to(store.writing, sample.conversation)[1:]
    assert told == [
        "Ana Marin needs to know more before deciding: Which van?",
        "Ana Marin has decided that another service is responsible. Why: An adult. It was passed to: "
        "Adult referral mechanism.",
        "Ana Marin found that this was reported before. Both reports are kept together.",
        "Ana Marin has accepted the referral: the duty desk takes it from here.",
    ]


@pytest.mark.parametrize(("decision", "reason", "where", "missing"), [
    ("need_more", " ", "", "reason"), ("not_competent", "", "police", "reason"), ("not_competent", "why", "", "where"),
    ("duplicate", "", "", "where"), ("duplicate", "", "0000-0000-0000-00000", "where"), ("reject", "x", "", "decision"),
])
def test_a_decision_needs_its_reason(store: Store, ana: Account, decision: str, reason: str, where: str,
                                     missing: str) -> None:
    sample = claimed(store, ana, sent=True)
    with pytest.raises(cases.NotSaid) as refused:
        do(store, decisions.decide, sample.case, ana, decision, reason, where)
    assert refused.value.field == missing
    assert do(store, cases.find, sample.case).case.decision is None


def test_a_report_is_no_duplicate_of_itself(store: Store, ana: Account) -> None:
    sample = claimed(store, ana, sent=True)
    with pytest.raises(cases.NotSaid):
        do(store, decisions.decide, sample.case, ana, "duplicate", "", sample.reference)


def test_a_contact_becomes_a_referral(store: Store, ana: Account) -> None:
    sample = claimed(store, ana)
    with pytest.raises(cases.StillContact):
        do(store, decisions.decide, sample.case, ana, "accept")
    do(store, claims.hand_back, sample.case, ana)
    opened = do(store, decisions.make_referral, sample.case, ana)
    assert opened.case.kind == "referral" and opened.report.reference and opened.report.sent_at
    assert opened.conversation.state == "bot", "who has a person already is not waiting for one"
    assert opened.report.reference in told_to(store.writing, sample.conversation)[-1]
    with store.writing() as session:
        assert all(r.confirmed_at for r in receipts.receipts_of(session, sample.report))
    with pytest.raises(cases.AlreadyReferral):
        do(store, decisions.make_referral, sample.case, ana)


def test_the_case_manager_is_named(store: Store, ana: Account) -> None:
    sample = claimed(store, ana)
    for missing in (("", "Agency"), ("Ion", " ")):
        with pytest.raises(cases.NotSaid):
            do(store, decisions.name_case_manager, sample.case, ana, [], *missing)
    for routes in ([], ["nfp"]):
        do(store, decisions.name_case_manager, sample.case, ana, routes, "Ion Popa", "Child agency")
    assert told_to(store.writing, sample.conversation)[1:] == [
        "Case manager: Ion Popa, Child agency. Named by Ana Marin, duty desk."
    ]


def test_closing_needs_a_reason_and_gives_the_chat_back(store: Store, ana: Account) -> None:
    sample = claimed(store, ana)
    with pytest.raises(cases.NotSaid):
        do(store, decisions.close, sample.case, ana, "")
    opened, bot_speaks = do(store, decisions.close, sample.case, ana, "The child is safe.")
    assert (opened.case.state, opened.conversation.state, bot_speaks) == ("closed", "bot", True)
    told = told_to(store.writing, sample.conversation)
    assert "has closed this case at the duty desk: The child is safe." in told[-1]
    for act in (claims.claim, claims.acknowledge, claims.release, claims.hand_back):
        with pytest.raises(cases.CaseClosed):
            do(store, act, sample.case, ana)


def test_a_receipt_elsewhere_is_confirmed_once(store: Store, ana: Account) -> None:
    sample = make_case(store.writing, sent=True)
    with store.writing() as session:
        session.execute(update(Receipt).values(on_this_desk=False))
    do(store, claims.claim, sample.case, ana)
    with pytest.raises(cases.NotSaid):
        do(store, receipts.confirm_receipt, sample.case, ana, "nfp", "")
    with pytest.raises(cases.NoSuchCase):
        do(store, receipts.confirm_receipt, sample.case, ana, "nrm_adult", "Ms Ray")
    for _ in range(2):
        receipt = do(store, receipts.confirm_receipt, sample.case, ana, "nfp", "Ms Ray")
    assert receipt.confirmed_by == "Ms Ray"
    assert told_to(store.writing, sample.conversation)[1:] == [
        "National Focal Point has received this: confirmed by Ms Ray."
    ]


def test_of_many_who_confirm_at_once_one_is_noted(store: Store) -> None:
    sample, names = make_case(store.writing, sent=True), [f"Ms Ray {number}" for number in range(20)]
    with ThreadPoolExecutor(len(names)) as pool:
        first = list(pool.map(lambda by: do(store, reports.confirm_receipt, sample.report, "nfp", by), names))
    assert first.count(True) == 1
    with store.writing() as session:
        [receipt] = receipts.receipts_of(session, sample.report)
    assert receipt.confirmed_by == names[first.index(True)] and receipt.confirmed_at


ACTS = {
    "claim": lambda s, case, who: claims.claim(s, case, who),
    "acknowledge": lambda s, case, who: claims.acknowledge(s, case, who),
    "release": lambda s, case, who: claims.release(s, case, who),
    "hand_back": lambda s, case, who: claims.hand_back(s, case, who),
    "send": lambda s, case, who: talk.send_message(s, case, who, "x", "1"),
    "answers": lambda s, case, who: talk.enter_answers(s, case, who, {(None, "place"): "x"}, 1),
    "decide": lambda s, case, who: decisions.decide(s, case, who, "need_more", "x"),
    "make_referral": lambda s, case, who: decisions.make_referral(s, case, who),
    "manager": lambda s, case, who: decisions.name_case_manager(s, case, who, [], "x", "x"),
    "confirm": lambda s, case, who: receipts.confirm_receipt(s, case, who, "nfp", "x"),
    "close": lambda s, case, who: decisions.close(s, case, who, "x"),
    "take_over": lambda s, case, who: claims.take_over(s, case, who),
}


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_done_to_unknown_cases_or_by_administrators(store: Store, chief: Account, act: str) -> None:
    admin = make_account(store.writing, "admin", "Root")[0]
    with pytest.raises(cases.NoSuchCase):
        do(store, ACTS[act], "no-such-case", chief)
    sample = make_case(store.writing)
    with pytest.raises(cases.NotAllowed):
        do(store, ACTS[act], sample.case, admin)
    assert told_to(store.writing, sample.conversation) == []


@pytest.mark.parametrize("act", [a for a in ACTS if a not in ("claim", "acknowledge", "take_over")])
def test_only_the_owner_works_on_a_case(store: Store, ana: Account, jon: Account, act: str) -> None:
    sample = claimed(store, ana)
    told = told_to(store.writing, sample.conversation)
    with pytest.raises(cases.OwnedByOther, match="Ana Marin"):
        do(store, ACTS[act], sample.case, jon)
    assert told_to(store.writing, sample.conversation) == told
    assert do(store, cases.find, sample.case).report.version == 1


def test_a_refused_act_changes_nothing(store: Store, ana: Account, jon: Account) -> None:
    sample = make_case(store.writing, conversation="one")
    with store.writing() as session:
        chat = open_conversation(session, "web", "web:one", "chat")
        assert chat.state == "waiting"
    do(store, claims.claim, sample.case, ana)
    do(store, claims.hand_back, sample.case, ana)
    with pytest.raises(cases.OwnedByOther):
        do(store, claims.claim, sample.case, jon)
    assert chat_state(store, sample) == "bot", "the refused claim did not silence the assistant"


def test_the_tree_of_errors_is_as_drawn() -> None:
    stack: list[tuple[int, str]] = []
    drawn: dict[str, str] = {}
    for match in re.finditer(r"^ {4}([│├└─ ]*)([A-Z]\w+)", cases.__doc__ or "", re.M):
        depth, name = len(match.group(1)), match.group(2)
        stack = [entry for entry in stack if entry[0] < depth]
        drawn[name] = stack[-1][1] if stack else "Exception"
        stack.append((depth, name))
    defined = [c for c in vars(cases).values() if inspect.isclass(c) and issubclass(c, cases.CaseError)]
    assert drawn == {c.__name__: c.__bases__[0].__name__ for c in defined}


def test_the_report_stays_one(store: Store, ana: Account) -> None:
    sample = claimed(store, ana)
    do(store, decisions.make_referral, sample.case, ana)
    with store.writing() as session:
        report = session.get(Report, sample.report)
        assert reports.record_of(session, report)["status"] == "referral"
        assert len(session.execute(select(Receipt)).all()) == 1
