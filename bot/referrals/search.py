"""Finds records by what somebody reads out or types, and the records that share something with one."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.protocol.report import Data
from bot.protocol.search import BORN, CALLER, NAME, PHONE, PLATE, SOUND, WRITTEN, Token, asked_for, tokens_of
from bot.referrals.index import hashed, with_all
from bot.referrals.reports import here_for
from bot.referrals.tables import SearchToken
from bot.security.keys import index_keys

Limits = Callable[[Collection[str]], Mapping[str, set[Token]]]
"""Gives the tokens that count, of those of some reports of which not all do."""

MOST = 500
"""Names that sound alike that are looked at, of records that share nothing else: what is in more tells nothing."""


@dataclass(frozen=True)
class Found:
    """Reports that were found, and by what: name, sound, born, phone or plate; each has every one of the tokens."""

    by: str
    tokens: tuple[Token, ...]
    reports: frozenset[str]


@dataclass(frozen=True)
class Alike:
    """A report that shares something with another: the surest of born, phone, plate, written and sound.

    It is `strong` where it is hardly by chance: a phone or plate that a field holds, or a date of birth with a name.
    """

    report: str
    by: str
    strong: bool


def search(session: Session, typed: str, here: str) -> Iterator[Found]:
    """Find reports by a name or parts of one, a date of birth, a phone or a plate.

    Args:
        session: any transaction.
        typed: what was typed.
        here: ISO code of the country of the desk.

    Yields:
        The surest first, and each only looked for when it is asked for; nothing where nothing like that can be looked
        for. A report may be found by several.

    Raises:
        KeyMissing: there is no key file.
    """
    for tokens in asked_for(typed, here):
        yield Found(tokens[0].kind, tuple(tokens), frozenset(with_all(session, tokens)))


def alike(session: Session, report_id: str, content: Data, limits: Limits = lambda _: {}) -> list[Alike]:
    """Find the reports that may be about the same child or the same people.

    Args:
        session: any transaction.
        report_id: the report.
        content: its content, or the part of it that counts.
        limits: gives, of reports of which a part counts, the tokens of that part; of others all tokens count.

    Returns:
        The strong ones first.

    Raises:
        KeyMissing: there is no key file.
    """
    # The same name sounds the same: its sound is enough.
    own = {token for token in tokens_of(content, here_for(content)) if token.kind not in (CALLER, NAME)}
    if not own:
        return []
    shared: dict[str, set[tuple[str, str]]] = defaultdict(set)
    keys = index_keys().values()
    for key in keys:
        mine = {hashed(key, token): token.kind for token in own}
        query = select(SearchToken.report_id, SearchToken.token, SearchToken.kind).where(
            SearchToken.token.in_(mine), SearchToken.kind != CALLER, SearchToken.report_id != report_id)
        rare = session.execute(query.where(SearchToken.kind != SOUND)).all()
        sounding = query.where(SearchToken.kind == SOUND)
        of_rare = sounding.where(SearchToken.report_id.in_({row.report_id for row in rare}))
        for row in (*rare, *session.execute(of_rare), *session.execute(sounding.limit(MOST))):
            kind = WRITTEN if WRITTEN in (row.kind, mine[row.token]) else row.kind
            shared[row.report_id].add((kind, row.token))
    for report, tokens in limits(shared).items():
        counted = {hashed(key, token) for key in keys for token in tokens}
        shared[report] = {(kind, token) for kind, token in shared[report] if token in counted}
    sounds = {report: sum(1 for kind, _ in tokens if kind == SOUND) for report, tokens in shared.items()}
    own_sounds = sum(1 for token in own if token.kind == SOUND)
    # One name of two is shared by many; all of the shorter name, or two parts, are not.
    once = [report for report, many in sounds.items() if many == 1]
    whole = set(once) if own_sounds == 1 else _with_one_sound(session, once)
    judged = [_judged(report, {kind for kind, _ in tokens}, sounds[report] > 1 or report in whole)
              for report, tokens in shared.items()]
    return sorted((one for one in judged if one), key=lambda one: (not one.strong, one.report))


def _judged(report: str, kinds: set[str], enough: bool) -> Alike | None:
    for kind, holds in ((PHONE, True), (PLATE, True), (BORN, SOUND in kinds)):
        if kind in kinds and holds:
            return Alike(report, kind, strong=True)
    if WRITTEN in kinds:
        return Alike(report, WRITTEN, strong=False)
    return Alike(report, SOUND, strong=False) if SOUND in kinds and enough else None


def _with_one_sound(session: Session, reports: list[str]) -> set[str]:
    query = select(SearchToken.report_id).where(SearchToken.report_id.in_(reports), SearchToken.kind == SOUND)
    return set(session.execute(query.group_by(SearchToken.report_id).having(func.count() == 1)).scalars())
