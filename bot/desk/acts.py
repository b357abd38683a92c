"""What an officer can do on the page of a case: one function an act, each in one transaction."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from bot.crash_points import reached
from bot.database import writing
from bot.desk import access, masking
from bot.desk.rendering import texts
from bot.door import bot_client
from bot.protocol.catalogue import fields
from bot.referrals import cases, claims, decisions, holds, receipts, talk
from bot.security.tables import Account

Form = dict[str, list[str]]


def _one(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _send(session: Session, case_id: str, account: Account, form: Form) -> None:
    talk.send_message(session, case_id, account, _one(form, "text"), own_id=_one(form, "own_id"))


def _answers(session: Session, case_id: str, account: Account, form: Form) -> None:
    answers: dict[tuple[str | None, str], Any] = {}
    for name, typed in form.items():
        scope, _, field_id = name.partition(".")
        given = [text.strip() for text in typed if text.strip()]
        if scope not in ("report", "person") or not given:
            continue
        person, _, field_id = field_id.partition(".") if scope == "person" else (None, "", field_id)
        several = field_id in fields() and fields()[field_id].kind in ("list", "countries")
        open_answer = len(given) == 1 and given[0] in form.get("open_answers", [])
        answers[(person or None, field_id)] = given if several and not open_answer else given[0]
    version = _one(form, "version")
    talk.enter_answers(session, case_id, account, answers, int(version) if version.isdigit() else 0)


def _decide(session: Session, case_id: str, account: Account, form: Form) -> None:
    decisions.decide(session, case_id, account, _one(form, "decision"), _one(form, "reason"), _one(form, "where"))


def _manager(session: Session, case_id: str, account: Account, form: Form) -> None:
    decisions.name_case_manager(session, case_id, account, form.get("route", []), _one(form, "manager"),
                                _one(form, "organisation"))


def _confirm(session: Session, case_id: str, account: Account, form: Form) -> None:
    receipts.confirm_receipt(session, case_id, account, _one(form, "route"), _one(form, "by"))


def _hold(session: Session, case_id: str, account: Account, form: Form) -> None:
    holds.set_hold(session, case_id, account, _one(form, "reason"))


def _lift(session: Session, case_id: str, account: Account, form: Form) -> None:
    holds.lift_hold(session, case_id, account, _one(form, "reason"))


def _hand_back(session: Session, case_id: str, account: Account, form: Form) -> str:
    return str(claims.hand_back(session, case_id, account).conversation.id)


def _close(session: Session, case_id: str, account: Account, form: Form) -> str | None:
    opened, bot_speaks = decisions.close(session, case_id, account, _one(form, "reason"))
    return str(opened.conversation.id) if bot_speaks else None


def _reveal(session: Session, case_id: str, account: Account, form: Form) -> None:
    masking.reveal(session, case_id, account, _one(form, "why"))


def _plain(service: Callable[[Session, str, Account], Any]) -> Callable[[Session, str, Account, Form], None]:
    def act(session: Session, case_id: str, account: Account, form: Form) -> None:
        service(session, case_id, account)

    return act


ACTS: dict[str, Callable[[Session, str, Account, Form], str | None]] = {
    "claim": _plain(claims.claim),
    "acknowledge": _plain(claims.acknowledge),
    "release": _plain(claims.release),
    "take_over": _plain(claims.take_over),
    "hold": _hold,
    "lift": _lift,
    "hand_back": _hand_back,
    "send": _send,
    "answers": _answers,
    "decide": _decide,
    "make_referral": _plain(decisions.make_referral),
    "manager": _manager,
    "confirm": _confirm,
    "reveal": _reveal,
    "close": _close,
}
"""Acts by the last part of their address. One that lets the assistant speak again returns the conversation's id."""


def do(act: str, case_id: str, account: Account, form: Form) -> str | None:
    """Do one act in a transaction of its own.

    Args:
        act: a key of `ACTS`, which `access.admit` let pass.
        case_id: the case.
        account: who acts.
        form: the inputs.

    Returns:
        The conversation to give back to the bot process, where the act asks for it.

    Raises:
        CaseError: the act cannot be done; nothing was changed.
    """
    with writing() as session:
        if access.ACTS[act].own:
            # Here and not at the door: the case is held from this look on until the act is stored.
            cases.find_own(session, case_id, account)
        speaks_again = ACTS[act](session, case_id, account, form)
        session.flush()
        reached("act.before_commit")
    reached("act.committed")
    return speaks_again


async def give_back(conversation_id: str) -> bool:
    """Tell the bot process that it speaks again.

    The chat is the assistant's already by its row in the database; this only freshens the assistant's memory.

    Args:
        conversation_id: the conversation.

    Returns:
        Whether the bot process answered.
    """
    try:
        await bot_client.give_back(conversation_id)
    except bot_client.BotUnavailable:
        return False
    return True


def problem(error: cases.CaseError) -> str:
    """Say kindly why an act was not done."""
    sentences = texts()["problems"]
    kind = next((c.__name__ for c in type(error).__mro__ if c.__name__ in sentences), "WrongState")
    given: dict[str, str] = {}
    if isinstance(error, cases.NotSaid):
        inputs = texts()["missing_inputs"]
        label = fields()[error.field].label if error.field in fields() else error.field
        given["field"] = inputs.get(error.field) or inputs["field"].format(label=label)
    if isinstance(error, cases.OwnedByOther):
        given["owner"] = error.owner
    return str(sentences[kind]).format(**given)


def status_of(error: cases.CaseError) -> int:
    """Give the HTTP status of a refused act."""
    by_kind = ((cases.NoSuchCase, 404), (cases.NotAllowed, 403), (cases.NotSaid, 422), (cases.WrongState, 409))
    return next((status for kind, status in by_kind if isinstance(error, kind)), 409)
