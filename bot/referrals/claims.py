"""Who has a case and who speaks in its chat: claim, acknowledge, release, take over, hand back; each in one step."""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from bot.conversations.messages import hold
from bot.conversations.tables import Conversation, Message
from bot.crash_points import reached
from bot.database import now, writing
from bot.referrals.cases import (
    CaseClosed,
    NotAllowed,
    NotClaimed,
    Opened,
    OwnedByOther,
    done,
    find,
    find_held,
    find_own,
    must_be_officer,
    say,
    why_not,
)
from bot.referrals.receipts import confirm_here
from bot.referrals.reports import content_of, profile_for, tell_outside
from bot.referrals.tables import Case
from bot.security.accounts import SUPERVISOR
from bot.security.tables import Account


def claim(session: Session, case_id: str, account: Account) -> Opened:
    """Claim a case: owner, state and the bot's silence in one step; it counts as acknowledgement.

    Whoever has the case already and handed the chat back takes the chat again.

    Args:
        session: a writing transaction, to be committed at once.
        case_id: the case.
        account: the officer.

    Returns:
        The case as it is now.

    Raises:
        NoSuchCase: there is none.
        NotAllowed: the account sees no cases.
        OwnedByOther: another officer has the case, or another case of the same chat.
        CaseClosed: it was closed.
    """
    must_be_officer(account)
    opened = find_held(session, case_id)
    chat_was = opened.conversation.state
    _mute_bot(session, opened.conversation)
    at, other = now(), aliased(Case)
    chat_is_taken = exists().where(
        and_(other.conversation_id == Case.conversation_id, other.id != Case.id, other.state == "claimed",
             other.owner_id != account.id)
    )
    won = session.execute(
        update(Case)
        .where(Case.id == case_id, Case.owner_id.is_(None), Case.state == "open", ~chat_is_taken)
        .values(
            owner_id=account.id, state="claimed", claimed_at=at,
            acknowledged_at=func.coalesce(Case.acknowledged_at, at),
            acknowledged_by=func.coalesce(Case.acknowledged_by, account.display_name),
        )
        .execution_options(synchronize_session=False)
    ).rowcount
    if not won:
        return _have_already(session, case_id, account, chat_was)
    reached("claim.won")
    confirm_here(session, opened.report.id, account.display_name)
    say(session, opened, "claimed", name=account.display_name)
    done(session, opened, account, "case.claimed")
    return find(session, case_id)


def _mute_bot(session: Session, conversation: Conversation) -> None:
    session.execute(
        update(Conversation).where(Conversation.id == conversation.id).values(state="human", updated_at=now())
        .execution_options(synchronize_session=False)
    )
    # What the bot had not answered yet is a person's to answer.
    session.execute(
        update(Message).where(Message.conversation_id == conversation.id, Message.state == "waiting")
        .values(state="done").execution_options(synchronize_session=False)
    )


def _have_already(session: Session, case_id: str, account: Account, chat_was: str) -> Opened:
    opened = find(session, case_id)
    if opened.case.state == "claimed" and opened.case.owner_id == account.id:
        if chat_was != "human":
            say(session, opened, "back_in_chat", name=account.display_name)
            done(session, opened, account, "chat.taken")
        return opened
    if opened.case.state == "open":
        query = select(Account.display_name).join(Case, Case.owner_id == Account.id).where(
            Case.conversation_id == opened.conversation.id, Case.state == "claimed"
        )
        raise OwnedByOther(session.execute(query.limit(1)).scalar() or "")
    raise why_not(opened)


def acknowledge(session: Session, case_id: str, account: Account) -> Opened:
    """Say that a person has read it, without taking the chat; the bot goes on and the desk rings on.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer.

    Returns:
        The case as it is now; unchanged where it was acknowledged before.

    Raises:
        NoSuchCase: there is none.
        NotAllowed: the account sees no cases.
        CaseClosed: it was closed.
    """
    must_be_officer(account)
    opened = find_held(session, case_id)
    first = session.execute(
        update(Case)
        .where(Case.id == case_id, Case.acknowledged_at.is_(None), Case.state == "open")
        .values(acknowledged_at=now(), acknowledged_by=account.display_name)
        .execution_options(synchronize_session=False)
    ).rowcount
    if first:
        confirm_here(session, opened.report.id, account.display_name)
        say(session, opened, "received", name=account.display_name)
        done(session, opened, account, "case.acknowledged")
    elif opened.case.state == "closed":
        raise CaseClosed(case_id)
    return find(session, case_id)


def release(session: Session, case_id: str, account: Account) -> Opened:
    """Put a claimed case back into the queue.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer who has it.

    Returns:
        The case as it is now; the desk rings for it again.

    Raises:
        NoSuchCase: there is none.
        WrongState: the officer does not have it.
    """
    opened = find_own(session, case_id, account)
    limit = profile_for(content_of(opened.report))[0].limits[
        "claim_minutes_danger" if opened.case.danger or opened.case.missing else "claim_minutes"
    ]
    _change_owned(session, opened, account, state="open", owner_id=None, claimed_at=None,
                  alarm_at=now() + timedelta(minutes=limit))
    stays = _other_cases(session, opened)
    if not stays:
        _set_chat(session, opened, "waiting")
    say(session, opened, "released_one" if stays else "released", name=account.display_name)
    tell_outside(session, "rings", opened.case)
    done(session, opened, account, "case.released", alarm=True)
    return find(session, case_id)


def release_all(account: Account) -> int:
    """Put every case that an officer holds back into the queue, as when they leave.

    Args:
        account: the officer.

    Returns:
        How many there were.
    """
    with writing() as session:
        return release_held(session, account)


def release_held(session: Session, account: Account) -> int:
    """Do the same inside a transaction, as when an account is disabled."""
    held = hold_all_of(session, account)
    for case_id in held:
        release(session, case_id, account)
    return len(held)


def hold_all_of(session: Session, account: Account) -> list[str]:
    """Hold the conversations of all cases that an officer has (see `messages.hold`).

    Args:
        session: a writing transaction.
        account: the officer.

    Returns:
        Ids of the cases.
    """
    mine = select(Case.id, Case.conversation_id).filter_by(owner_id=account.id, state="claimed")
    rows = session.execute(mine).all()
    hold(session, *(row.conversation_id for row in rows))
    return list(session.execute(select(Case.id).filter_by(owner_id=account.id, state="claimed")
                                .where(Case.id.in_([row.id for row in rows]))).scalars())


def take_over(session: Session, case_id: str, account: Account) -> Opened:
    """Take a case from the officer who has it; all cases of the same chat go with it.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: a supervisor.

    Returns:
        The case as it is now; unchanged where the supervisor has it already.

    Raises:
        NoSuchCase: there is none.
        NotAllowed: the account is not a supervisor's.
        NotClaimed: nobody has it; it can be claimed.
        CaseClosed: it was closed.
    """
    if account.role != SUPERVISOR:
        raise NotAllowed(account.role)
    opened = find_held(session, case_id)
    if opened.case.state == "closed":
        raise CaseClosed(case_id)
    if opened.owner is None:
        raise NotClaimed(case_id)
    _mute_bot(session, opened.conversation)
    won = session.execute(
        update(Case)
        .where(Case.conversation_id == opened.conversation.id, Case.state == "claimed",
               Case.owner_id == opened.owner.id, Case.owner_id != account.id)
        .values(owner_id=account.id, claimed_at=now())
        .execution_options(synchronize_session=False)
    ).rowcount
    if won:
        say(session, opened, "taken_over", name=account.display_name, before=opened.owner.display_name)
        done(session, opened, account, "case.taken_over")
    return find(session, case_id)


def hand_back(session: Session, case_id: str, account: Account) -> Opened:
    """Let the assistant speak again; the officer keeps the case. The caller then tells the bot process.

    Args:
        session: a writing transaction.
        case_id: the case.
        account: the officer who has it.

    Returns:
        The case as it is now.

    Raises:
        NoSuchCase: there is none.
        WrongState: the officer does not have it.
    """
    opened = find_own(session, case_id, account)
    if opened.conversation.state != "bot":
        _set_chat(session, opened, "waiting" if _waits(session, opened) else "bot")
        say(session, opened, "handed_back", name=account.display_name)
        done(session, opened, account, "chat.handed_back")
    return find(session, case_id)


def leave_chat(session: Session, opened: Opened) -> bool:
    """Let the assistant speak again where no other claimed case keeps a person in the chat.

    Args:
        session: a writing transaction.
        opened: the case that no longer needs the chat.

    Returns:
        Whether the assistant speaks now, so that the bot process is to be told.
    """
    if opened.conversation.state != "human" or _other_cases(session, opened):
        return False
    _set_chat(session, opened, "waiting" if _waits(session, opened) else "bot")
    return True


def _change_owned(session: Session, opened: Opened, account: Account, **values: object) -> None:
    changed_rows = session.execute(
        update(Case)
        .where(Case.id == opened.case.id, Case.owner_id == account.id, Case.state == "claimed")
        .values(**values).execution_options(synchronize_session=False)
    ).rowcount
    if not changed_rows:
        raise why_not(find(session, opened.case.id))


def _other_cases(session: Session, opened: Opened) -> bool:
    query = select(Case.id).where(
        Case.conversation_id == opened.conversation.id, Case.id != opened.case.id, Case.state == "claimed"
    )
    return session.execute(query.limit(1)).first() is not None


def _waits(session: Session, opened: Opened) -> bool:
    """Tell whether another case of the chat still waits for somebody."""
    query = select(Case.id).where(
        Case.conversation_id == opened.conversation.id, Case.id != opened.case.id, Case.state == "open"
    )
    return session.execute(query.limit(1)).first() is not None


def _set_chat(session: Session, opened: Opened, state: str) -> None:
    session.execute(
        update(Conversation).where(Conversation.id == opened.conversation.id).values(state=state, updated_at=now())
        .execution_options(synchronize_session=False)
    )
