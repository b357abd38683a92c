"""The officer's own words: messages in the chat, and answers heard on the phone."""
from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.conversations.messages import add_message, known_message
from bot.conversations.tables import Message
from bot.database import now
from bot.protocol.catalogue import OPEN_ANSWERS, Field, fields
from bot.protocol.names import country_name, value_in_words
from bot.protocol.report import Data, add_person, put, value
from bot.protocol.search import read_date
from bot.referrals.cases import ChangedMeanwhile, ChatWithBot, NotSaid, Opened, done, find, find_own, required, say
from bot.referrals.reports import StaleReport, store_content
from bot.referrals.tables import Case
from bot.referrals.told import told
from bot.security.tables import Account

OLDEST = 120
LONGEST_ANSWER = 500
SOURCE, WORDS = "officer", "by phone"
NEW_PERSON = "new"
"""Stands for the id of a person whom the report does not have yet."""


def send_message(session: Session, case_id: str, account: Account, text: str, own_id: str) -> Message:
    """Write to the responder.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer who has it.
        text: what to say.
        own_id: the page's id of this message; sent twice, it is stored once.

    Returns:
        The stored message.

    Raises:
        NoSuchCase: there is no such case.
        NotSaid: the text is empty or too long.
        ChatWithBot: the assistant is speaking.
        WrongState: the officer does not have the case.
    """
    opened = find_own(session, case_id, account)
    key = f"desk-{own_id}"[:64]
    known = known_message(session, opened.conversation.id, key)
    if known is not None:
        return known
    clean = required("text", text)
    if opened.conversation.state != "human":
        raise ChatWithBot(case_id)
    # The chat is about this case from now on, and so is what is answered.
    opened.conversation.report_id = opened.report.id
    message = add_message(session, opened.conversation, "human", clean, speaker=account.display_name, external_id=key)
    done(session, opened, account, "chat.message")
    return message


def enter_answers(session: Session, case_id: str, account: Account, answers: Mapping[tuple[str | None, str], Any],
                  version: int) -> Opened:
    """Enter what the responder said on the phone, with the officer as the source.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer who has it.
        answers: by person's id (None for the whole report, `NEW_PERSON` for one more) and field: what was typed or
            picked; a list of values for a field that takes several.
        version: version of the report that the officer saw.

    Returns:
        The case as it is now.

    Raises:
        NoSuchCase: there is no such case.
        NotSaid: nothing was entered, or `field` names the field whose answer cannot be right.
        ChangedMeanwhile: the report was changed since.
        WrongState: the officer does not have the case.
    """
    opened = find_own(session, case_id, account)
    data: Data = deepcopy(opened.report.data)
    if any(person_id == NEW_PERSON for person_id, _ in answers):
        newcomer = add_person(data)
        answers = {(newcomer["id"] if who == NEW_PERSON else who, name): typed
                   for (who, name), typed in answers.items()}
    people = {person["id"]: person for person in data["persons"]}
    lines = []
    for (person_id, name), typed in answers.items():
        field = fields().get(name)
        if field is None or (person_id is not None and person_id not in people):
            raise NotSaid(name)
        entered = read_answer(field, typed)
        put(data, name, entered, source=SOURCE, words=WORDS, person=people.get(person_id or ""))
        label = field.label
        if person_id is not None and len(people) > 1:
            label = told("of_person", label=label, number=str(list(people).index(person_id) + 1))
        # Names, dates of birth and addresses are never said in a chat (protocol, section 3, rule 12).
        lines.append(told("answer_private", label=label) if field.private
                     else told("answer", label=label, value=_in_words(name, entered)))
    if not lines:
        raise NotSaid("answers")
    try:
        store_content(session, opened.report.id, version, data)
    except StaleReport as error:
        raise ChangedMeanwhile(case_id) from error
    session.execute(
        update(Case).where(Case.id == case_id)
        .values(danger=value(data, "danger") == "yes", missing=value(data, "missing") == "now")
        .execution_options(synchronize_session=False)
    )
    opened = find(session, case_id)
    say(session, opened, "answers", name=account.display_name, answers="; ".join(lines))
    done(session, opened, account, "case.answers")
    return opened


def _in_words(name: str, entered: Any) -> str:
    if isinstance(entered, str) and entered in OPEN_ANSWERS:
        return OPEN_ANSWERS[entered]
    return value_in_words(name, entered)


def read_answer(field: Field, typed: Any) -> Any:
    """Read one answer as it was typed or picked.

    Args:
        field: what it answers.
        typed: the input; a list for a field that takes several values.

    Returns:
        The value as a report stores it, or an open answer.

    Raises:
        NotSaid: it cannot be an answer to this field.
    """
    if isinstance(typed, str) and typed in OPEN_ANSWERS:
        return typed
    if field.kind in ("list", "countries"):
        picked = [typed] if isinstance(typed, str) else list(typed)
        if not picked or not all(one in field.values or _is_country(field, one) for one in picked):
            raise NotSaid(field.id)
        return picked
    if not isinstance(typed, str):
        raise NotSaid(field.id)
    if field.kind == "choice":
        if typed not in field.values:
            raise NotSaid(field.id)
        return typed
    if field.kind == "country":
        if not _is_country(field, typed):
            raise NotSaid(field.id)
        return typed
    if field.kind == "age":
        return _read_age(field, typed)
    if field.kind == "date":
        return _read_day(field, typed)
    return required(field.id, typed, LONGEST_ANSWER)


def _is_country(field: Field, code: str) -> bool:
    return field.kind in ("country", "countries") and country_name(code) != code


def _read_day(field: Field, typed: str) -> str:
    day = read_date(typed)
    if day is None or day > now().date():
        raise NotSaid(field.id)
    return day.isoformat()


def _read_age(field: Field, typed: str) -> int | list[int]:
    try:
        ages = [int(part) for part in typed.replace("–", "-").split("-")]
    except ValueError as error:
        raise NotSaid(field.id) from error
    if len(ages) > 2 or ages != sorted(ages) or not all(0 <= age <= OLDEST for age in ages):
        raise NotSaid(field.id)
    return ages[0] if len(ages) == 1 else ages
