"""Which cases wait, how many, and in which order: asked of the database, so that only what is shown is opened."""
from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from bot.conversations.tables import Conversation, Message
from bot.protocol.routes import routes_of
from bot.referrals.cases import seen_by, seen_by_route
from bot.referrals.reports import content_of, here_for
from bot.referrals.tables import Case, Receipt, Report
from bot.security.tables import Account

CONTACTS_KEPT = 4096
"""Contacts whose routes a process remembers."""

_LIVE = Case.state.in_(("open", "claimed"))
_URGENT = or_(Case.danger, Case.missing)
_ASKS_AGAIN = and_(Case.state == "claimed", Conversation.state == "waiting")


@dataclass(frozen=True)
class Counts:
    """How many cases wait or are worked on: in all, one's own, and by route."""

    total: int
    mine: int
    routes: dict[str, int]

    def of(self, shown: str) -> int:
        """Give the number of one part of the queue: a route, `mine`, or all."""
        return self.mine if shown == "mine" else self.routes.get(shown, 0) if shown else self.total


class _Routes:
    """The routes of the contacts that were counted last; a report whose version is the same has the same ones."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: Session, contacts: Iterable[Any]) -> dict[str, tuple[str, ...]]:
        """Give the routes of contacts, rows of (id of the case, id and version of the report)."""
        rows = list(contacts)
        with self._lock:
            known = {row.id: self._known.get((row.report_id, row.version)) for row in rows}
        missing = {row.report_id: row.id for row in rows if known[row.id] is None}
        # In one query for all: this is what costs where a process has just started.
        for report in session.execute(select(Report).where(Report.id.in_(missing))).scalars():
            content = content_of(report)
            known[missing[report.id]] = self._keep((report.id, report.version), routes_of(content, here_for(content)))
        return {case_id: routes or () for case_id, routes in known.items()}

    def _keep(self, key: tuple[str, int], routes: Iterable[str]) -> tuple[str, ...]:
        with self._lock:
            self._known[key] = kept = tuple(routes)
            if len(self._known) > CONTACTS_KEPT:
                self._known.popitem(last=False)
        return kept


_routes = _Routes()


class Waiting:
    """The cases that an account sees.

    Args:
        session: any transaction.
        account: who looks.
    """

    def __init__(self, session: Session, account: Account) -> None:
        self._session, self._account = session, account
        self._seen, self._seen_route = seen_by(session, account), seen_by_route(session, account)
        contacts = (select(Case.id, Case.report_id, Report.version).join(Report, Report.id == Case.report_id)
                    .where(_LIVE, self._seen, Case.kind == "contact"))
        # A contact has no receipts yet: where it would go now is read from its report.
        self._contacts = _routes.of(session, session.execute(contacts))

    def counts(self) -> Counts:
        """Count them."""
        own = func.count(case((Case.owner_id == self._account.id, 1)))
        total, mine = self._session.execute(select(func.count(), own).select_from(Case).where(_LIVE, self._seen)).one()
        sent = (select(Receipt.route, func.count()).join(Case, Case.report_id == Receipt.report_id)
                .where(_LIVE, self._seen, self._seen_route).group_by(Receipt.route))
        routes = Counter(dict(self._session.execute(sent).all()))
        routes.update(route for found in self._contacts.values() for route in found)
        return Counts(total, mine, dict(routes))

    def part(self, shown: str, limit: int, offset: int) -> list[str]:
        """Give the ids of a part of those that wait or are worked on, as the queue orders them.

        Args:
            shown: a route, `mine`, or nothing for all.
            limit: how many at most.
            offset: how many to pass over.
        """
        newest = select(func.max(Message.seq)).where(
            Message.conversation_id == Case.conversation_id, Message.author.in_(("responder", "human"))
        ).correlate(Case).scalar_subquery()
        unanswered = exists().where(
            Message.conversation_id == Case.conversation_id, Message.seq == newest, Message.author == "responder",
            or_(Case.claimed_at.is_(None), Message.created_at > Case.claimed_at),
        ).correlate(Case)
        wanted = or_(Case.state == "open", _ASKS_AGAIN, and_(Conversation.state == "human", unanswered))
        query = (select(Case.id).join(Conversation, Conversation.id == Case.conversation_id)
                 .where(_LIVE, self._seen, self._in(shown))
                 .order_by(case((wanted, 0), else_=1), case((_URGENT, 0), else_=1), Case.opened_at, Case.id))
        return list(self._session.execute(query.limit(limit).offset(offset)).scalars())

    def _in(self, shown: str) -> Any:
        if shown == "mine":
            return Case.owner_id == self._account.id
        if not shown:
            return True
        sent = exists().where(Receipt.report_id == Case.report_id, Receipt.route == shown,
                              self._seen_route).correlate(Case)
        return or_(sent, Case.id.in_([case_id for case_id, routes in self._contacts.items() if shown in routes]))

    def closed(self, limit: int) -> list[str]:
        """Give the ids of those that were closed last."""
        query = select(Case.id).where(Case.state == "closed", self._seen).order_by(Case.closed_at.desc())
        return list(self._session.execute(query.limit(limit)).scalars())


def ringing(session: Session) -> tuple[int, int]:
    """Count what rings: all, and those with danger or a missing child."""
    what = select(func.count(), func.count(case((_URGENT, 1)))).select_from(Case)
    unclaimed = session.execute(what.where(Case.state == "open")).one()
    again = session.execute(what.join(Conversation, Conversation.id == Case.conversation_id).where(_ASKS_AGAIN)).one()
    return unclaimed[0] + again[0], unclaimed[1] + again[1]
