"""Tells who in a message is to be protected: how many, how old, child or not; never the suspect or the relative."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Literal

from bot.understanding.adulthood import ADULT, BARELY, child_or_not
from bot.understanding.ages import Age, ages, limits
from bot.understanding.birth import Birth, births
from bot.understanding.negation import status
from bot.understanding.nouns import Noun, nouns, to_protect
from bot.understanding.reading import Fact, Person
from bot.understanding.text import plain
from bot.understanding.whose import own_ages

_MANYADULTS = re.compile(r"\b(\d{1,3})\s+(?:more |other |others )?(?:are |were )?(?:over 18|adults?|grown)")
_PRONOUN = re.compile(r"\b(?:(she|her|hers|herself|shes|she's)|(he|him|his|himself|hes|he's))\b")
_PREGNANT = re.compile(r"\b(?:pregnan\w+|in labou?r|gave birth|miscarr\w+|weeks gestation|antenatal|madam)\b")


@dataclass
class Found:
    """What was found of people in one message.

    Args:
        people: those to be protected, children first.
        facts: problems with ages.
        nouns: all words for people, for the readers of other facts.
        spans: the words that were used.
    """

    people: list[Person] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    nouns: list[Noun] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)


def _owner(age: Age, low: str, words: list[Noun], victim_sex: str | None) -> Noun | None:
    """Find whose age a free-standing age is: the nearest word before it, unless a pronoun intervenes."""
    start = max(low.rfind(mark, 0, age.start) for mark in ".!?;\n") + 1
    nearest = next((n for n in reversed(words) if n.end <= age.start), None)
    if nearest is None or nearest.start < start:
        return None
    gap = low[nearest.end : age.start]
    if age.kind == "look" and re.search(
        r"\b(?:say|says|said|think|thinks|guess\w*|estimate[sd]?|reckons?|puts?|would)\b", gap
    ):
        return None
    pronouns = list(_PRONOUN.finditer(gap))
    if nearest.role == "other" and pronouns:
        last = "female" if pronouns[-1][1] else "male"
        says = re.search(r"\b(?:says?|said|claims?|states?|insists?|tells?|told)\b", gap[: pronouns[-1].start()])
        if says or (nearest.sex and last != nearest.sex) or (victim_sex == last != nearest.sex):
            return None
    apart = low[: age.start].rstrip().endswith(",") and low[age.end :].lstrip().startswith(",")
    if nearest.role == "other" and nearest.plural and apart:
        return None
    if nearest.role == "other" and re.search(r",|\s-\s", gap) and age.kind == "claim" and not pronouns:
        return None
    return nearest


def _clear(birth: Birth) -> bool:
    return birth.problem is None


def _merge(found: list[tuple[int, int, str]]) -> int | list[int] | None:
    if not found:
        return None
    low, high = min(a for a, _, _ in found), max(b for _, b, _ in found)
    return low if low == high else [low, high]


def _sex(words: list[Noun], low: str, letters: set[str]) -> Literal["female", "male"] | None:
    sexes = letters if len(letters) == 1 else {n.sex for n in words if n.sex} | letters
    if len(sexes) == 1:
        return "female" if "female" in sexes else "male"
    return None


def _pronoun_sex(low: str) -> Literal["female", "male"] | None:
    first = re.search(r"\b(?:(she|shes|she's)|(he|hes|he's))\b", low) or _PRONOUN.search(low)
    if _PREGNANT.search(low) and not (first and first[2]):
        return "female"
    if first is None:
        return None
    return "female" if first[1] else "male"


def _contradicts(low: str, found: list[Birth]) -> Birth | None:
    under, _ = limits(low)
    says_child = under or re.search(r"\b(?:is|she's|he's|as) (?:a )?(?:minor|child)\b", low)
    return next((b for b in found if _clear(b) and b.low >= 21 and says_child), None)


def people(text: str, today: dt.date, demonyms: list[tuple[int, int]]) -> Found:
    """Find the people to be protected.

    Args:
        text: the message.
        today: the day on which ages count.
        demonyms: spans of words like "Syrian".

    Returns:
        People, problems with ages, and all words for people.
    """
    low = plain(text)
    words = nouns(low)
    born = births(low, today)
    result = Found(nouns=words)
    for birth in born:
        if birth.problem:
            result.facts.append(
                Fact("age_problem", birth.problem, "stated", text[birth.start : birth.end], birth.start, birth.end)
            )
    listed = ages(text, words, [(b.start, b.end) for b in born], demonyms)
    result.spans += [(a.start, a.end) for a in listed] + [(b.start, b.end) for b in born]
    for age in listed:
        if age.impossible:
            result.facts.append(
                Fact("age_problem", "impossible_age", "stated", text[age.start : age.end], age.start, age.end)
            )
    listed = [a for a in listed if not a.impossible]
    contradiction = _contradicts(low, born)
    if contradiction:
        span = contradiction.start, contradiction.end
        result.facts.append(Fact("age_problem", "contradiction", "stated", text[slice(*span)], *span))
    result.people = _assemble(text, low, words, listed, [b for b in born if _clear(b)], contradiction is not None)
    result.spans += [(n.start, n.end) for n in words if n.role != "other"]
    return result


def _assemble(
    text: str, low: str, words: list[Noun], listed: list[Age], born: list[Birth], contradiction: bool
) -> list[Person]:
    candidates = to_protect(words, low)
    known = set(candidates)
    kin = {a.noun for a in listed if a.noun and a.noun.role == "kin" and a.low < ADULT}
    children = [n for n in candidates if n.role == "child" or n in kin]
    if not children and not any(a.low < ADULT and a.noun not in kin and a.kind != "past" for a in listed):
        children = [n for n in words if n in kin]
        known |= set(children)
    youths = [n for n in candidates if n.role == "youth"]
    neutral = [n for n in candidates if n.role == "neutral"]
    adults = [n for n in candidates if n.role == "adult"]
    sex = _sex(children or youths or neutral, low, set()) or None
    minors = [a for a in listed if a.noun is None and a.kind != "past" and a.high < ADULT]
    if neutral and {n.sex for n in neutral} - {None} and not any(n.plural for n in adults):
        adults = [n for n in adults if n.sex in {m.sex for m in neutral}]
    small = bool(children or youths or minors or any(b.child for b in born) or any(a.sex for a in listed))
    protect = set(children) | set(youths) | set(neutral) | (set() if small else set(adults))
    mine: list[Age] = []
    past: list[Age] = []
    for age in listed:
        owner = age.noun or _owner(age, low, words, sex)
        # "Colleague says 14": a grown-up tells the age of somebody else, or is none.
        told = owner is not None and owner.role != "kin" and age.kind == "claim" and age.high < ADULT
        of_another = owner is not None and owner.role in ("other", "kin", "adult") and owner not in protect
        if of_another and age.sex is None and not told:
            continue
        if owner is not None and owner.role == "child" and owner not in known:
            continue
        (past if age.kind == "past" else mine).append(age)
    if any(a.kind != "look" or "grade" not in low for a in mine) or born:
        school = re.compile(r"(?:year|yr|\by ?-?\d|grade|klasse|class)")
        others = [a for a in mine if not school.search(low[max(0, a.start - 1) : a.end])]
        mine = others or (mine if not born else [])
    if not mine and not born and past:
        mine = [
            a
            for a in past
            if re.search(r"\b(?:was|were)\s+\w*\s*$|\bwas\b", low[max(0, a.start - 16) : a.start])
            and not re.search(r"years? ago|back then|when (?:he|she)|at the time", low)
        ]
    earlier = bool(mine) and all(a.kind == "past" for a in mine)
    mine = own_ages(mine, children, low)
    found = [(a.low, a.high, "doubt" if a.hedged else a.kind) for a in mine] + [(b.low, b.high, "born") for b in born]
    hedged = [a for a in mine if a.hedged and status(text, a.start, a.end) != "denied"]
    # Near eighteen a doubt about the age is one about childhood.
    near = range(ADULT, BARELY + 1)
    widened = [(lo - 2, hi + 2, k) if k == "doubt" and lo == hi in near else (lo, hi, k) for lo, hi, k in found]
    main = children or youths or (neutral if small else neutral + adults)
    letters = {a.sex for a in mine if a.sex}
    group = _MANYADULTS.search(low)
    if not main and not widened and not letters:
        if not _ABOUT.search(low):
            return []
        return [Person(sex=_pronoun_sex(low), child=child_or_not(None, "none", low, False, False), words="")]
    role = (
        "child"
        if children
        else "youth"
        if youths
        else "adult"
        if adults and not small
        else "neutral"
        if main
        else "none"
    )
    role = "child" if role == "none" and any(b.child for b in born) else role
    looks = [a for a in mine if a.kind == "look"]
    claimed = any(a.kind == "claim" and re.search(r"claim", low[max(0, a.start - 30) : a.start]) for a in mine)
    sexed = (
        _sex(main, low, {s for s in letters if s})
        or _sex(youths + neutral, low, set())
        or _sex([n for n in candidates if n.plural], low, set())
        or (None if {n.sex for n in main if n.sex} else _pronoun_sex(low))
    )
    count = _count(main, mine)
    years = _merge(widened)
    child = child_or_not(years, role, low, claimed, bool(hedged))
    if contradiction:
        child = "unclear"
    if born and all(b.child for b in born) and not looks and not mine:
        child = "yes"
    span = (
        (main[0].first, main[0].end) if main else (mine[0].start, mine[0].end) if mine else (born[0].start, born[0].end)
    )
    mixed = _listed(text, main, mine, count, sexed) or _split(text, low, main, mine, widened, count, sexed)
    if mixed:
        return mixed
    relative = bool(main) and all(n.role == "kin" for n in main)
    persons = [Person(count, years, child, sexed, text[span[0] : span[1]], relative=relative, earlier=earlier)]
    if group and child != "no":
        persons.append(Person(int(group[1]), None, "no", sexed, group.group()))
    return persons


def _listed(
    text: str, main: list[Noun], mine: list[Age], count: int, sex: Literal["female", "male"] | None
) -> list[Person]:
    """Make an entry each where as many different ages are listed as people: "two girls, 13 and 15"."""
    alike = len(main) == 1 and main[0].plural and main[0].count == count
    if not alike or not mine or any(a.kind in ("claim", "look", "past") or a.hedged for a in mine):
        return []
    between = text[main[0].end : max(a.end for a in mine)]
    said = [int(number) for number in re.findall(r"\b\d{1,2}\b", between)]
    told_apart = 1 < count == len(said) == len(set(said)) and not re.search(r"\d\s*(?:-|to)\s*\d", between)
    if not told_apart or [min(said), max(said)] != [min(a.low for a in mine), max(a.high for a in mine)]:
        return []
    words = text[main[0].first : max(a.end for a in mine)]
    return [Person(1, age, "yes" if age < ADULT else "no", sex, words) for age in said]


def _split(
    text: str,
    low: str,
    main: list[Noun],
    mine: list[Age],
    widened: list[tuple[int, int, str]],
    count: int,
    sex: Literal["female", "male"] | None,
) -> list[Person]:
    """Make an entry each for children of different age and sex, and for grown-ups in the same group."""
    grouped = [n for n in main if n.plural and (n.count or 0) > 2]
    adults = [a for a in mine if a.low >= ADULT]
    minors = [a for a in mine if a.high < ADULT]
    singles = [a for a in minors if a.noun is not None and not a.noun.plural]
    if grouped and minors and not any(a.kind in ("claim", "look") for a in mine):
        biggest = max(grouped, key=lambda n: n.count or 0)
        number = biggest.count or count
        few = sum(a.count or (a.noun.count if a.noun and a.noun.count else 1) for a in minors)
        if few < number and (adults or biggest.role in ("neutral", "adult")):
            lowest, highest = min(a.low for a in minors), max(a.high for a in minors)
            first = minors[0]
            persons = [
                Person(
                    few,
                    lowest if lowest == highest else [lowest, highest],
                    "yes",
                    (first.noun.sex if first.noun else None) or sex,
                    text[first.start : first.end],
                )
            ]
            grown = max((a.high for a in adults), default=None)
            return [
                *persons,
                Person(
                    number - few,
                    None if grown is None else [ADULT, grown],
                    "no",
                    sex,
                    text[biggest.first : biggest.end],
                ),
            ]
    distinct = {(a.noun.sex, a.low, a.high) for a in singles if a.noun}
    if (
        len(singles) > 1
        and len(distinct) == len(singles)
        and len(singles) == len(mine)
        and len({a.noun for a in singles}) == len(singles)
    ):
        return [
            Person(
                1,
                a.low if a.low == a.high else [a.low, a.high],
                "yes",
                a.noun.sex if a.noun else None,
                text[(a.noun.start if a.noun else a.start) : a.end],
            )
            for a in singles
        ]
    return []


def _count(main: list[Noun], mine: list[Age]) -> int:
    numbered = [n.count for n in main if n.count]
    # "5 men 2 women" are seven.
    if len(numbered) == 2 and len({n.sex for n in main if n.count}) == 2 and max(numbered) > 1:
        numbered.append(sum(numbered))
    several = [a.count for a in mine if a.count]
    best = max([*numbered, *several], default=1)
    return max(best, 2 if any(n.plural for n in main[:1]) and best == 1 else 1)


_ABOUT = re.compile(
    r"\b(?:she|he|her|him|hes|shes|he's|she's|victim|passport|pasport|trafficked|nationality|alone|asylum|boss|"
    r"madam|madm)\b"
)
