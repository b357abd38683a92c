"""Finds the numbers that are ages of people, and leaves gates, prices, counts, times and spans of time alone."""
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from bot.understanding.nouns import NUMBER_WORD, Noun, either, number, numbers
from bot.understanding.text import plain

Kind = Literal["now", "look", "claim", "past"]
_OLDEST = 115
_NUM = rf"(?:\d{{1,3}}(?!\d)|{NUMBER_WORD}(?![a-z]))"
_JOIN = r"\s?(?:,\s?|/|-|\bto\b|\bor\b|\bvs\.?|\band\b|&|\+|\bbis\b|\bou\b|\boder\b|\bund\b)\s?"
_LISTED = rf"{_NUM}(?:{_JOIN}{_NUM}){{0,6}}"
_UNIT = rf"(?:[\s-]?{either(numbers()['age_units'])}(?![a-z]))"
_NOT_UNIT = rf"(?!\s?-?{either(numbers()['not_units'])}(?![a-z])|[:.]\d|/\d|\d|\s?[x*]\s?\d|\s?k\b)"
_BOUND = r"(?<![\w.,:/€£$+#-])"
_FILL = rf"(?:(?:{either(numbers()['fillers'])})[\s,:~]+|[~(:,\"'?]\s?){{0,5}}"
# A plural noun behind a number counts that noun; these words end in s and are none.
_VERBS = (
    r"(?:says|was|has|is|his|this|lives|speaks|works|looks|claims|comes|wants|needs|sleeps|seems|goes|always|"
    r"does|as|years|yrs|us|came|yes|plus|stands|tells|keeps|gives)"
)
_PLURAL = rf"(?!\s+(?!{_VERBS}\b)[a-z]{{3,}}s\b)"


@dataclass(frozen=True)
class Age:
    """An age found.

    Args:
        start: first character.
        end: one past the last.
        low: lowest.
        high: highest.
        kind: stated for now, a look, a claim, or of the past.
        count: how many people the ages are of, where they are listed.
        noun: the word for the person it stands beside, None where it stands free.
        hedged: the text itself doubts it.
        sex: of the letter in "M14".
        impossible: nobody gets that old.
    """

    start: int
    end: int
    low: int
    high: int
    kind: Kind = "now"
    count: int | None = None
    noun: Noun | None = None
    hedged: bool = False
    sex: Literal["female", "male"] | None = None
    impossible: bool = False


_HEDGE = re.compile(
    r"\b(?:maybe|perhaps|probably|prob|about|abt|approx\w*|around|roughly|circa|ca|c\.|~|like|possibly|est|"
    r"some|estimated|guess|hmm+|at most|at least|more like|or so|vielleicht|environ)\b|~|\?"
)
_LATER_HEDGE = re.compile(r"^\s?(?:-?\s?ish|\?|or so|or something|maybe|i think|i guess|-ish|plus|\+)")
_RANGE = re.compile(r"\d\s?(?:-|\bto\b|\bbis\b)\s?\d")


def _make(low: str, span: tuple[int, int], kind: Kind, noun: Noun | None = None, before: str = "") -> Age | None:
    words = low[span[0]:span[1]]
    read = [number(word) for word in re.findall(_NUM, words)]
    years = [value for value in read if value is not None]
    if not years:
        return None
    # A lone "1" or "2" counts people or things, unless years are named.
    if min(years) < 3 and not re.match(_UNIT, low[span[1]:span[1] + 16]):
        return None
    # "16/17" and "13 or 14" doubt one age; "15 and 16", "23, 25, 30" list several people.
    several = re.search(r",|&|\+|\band\b|\bund\b", words) is not None
    hedged = bool(_HEDGE.search(before) or _LATER_HEDGE.match(low[span[1]:span[1] + 14]))
    return Age(span[0], span[1], min(years), max(years), kind, len(years) if several else None, noun, hedged,
               impossible=max(years) > _OLDEST)


@lru_cache(maxsize=1)
def _free() -> list[tuple[Kind, re.Pattern[str]]]:
    who = (
        r"(?:he|she|they|it|hes|shes|he's|she's|he is|she is|they're|they are|is|are|to be|to|that|him|her|"
        r"them|himself|herself)"
    )
    fill = rf"(?:(?:{who[3:-1]}|{either(numbers()['fillers'])[3:-1]})[\s,:~]+|[~\"'(:]\s?){{0,5}}"
    says = (
        r"(?:says?|said|saying|stat(?:es|ed|ing)|claim(?:s|ed|ing)?|tells? (?:us|me)|told (?:us|me)|insists?|"
        r"declare[sd]?|admit(?:s|ted)?|swears?|maintains?|reckons?|writes|dice|dit|sagt|registered|recorded|"
        r"documented|booked in|passport|id|papers|card|document|documents|visa|permit)"
    )
    looks = (
        r"(?:looks?|looked|looking|seem(?:s|ed)?|appear(?:s|ed)?|presents?|presented|i'd say|id say|"
        r"i would say|we'd say|would guess|i guess|guess|passes for|more like|closer to|could be|might be|"
        r"may be|can be|must be|estimated?|assessed|put (?:her|him) at|physically|appearance|face of|body of|"
        r"by (?:the )?looks?)"
    )
    is_now = (
        r"(?:is|are|hes|shes|he's|she's|theyre|they're|i'm|im|i am|turned|just turned|aged?|ages|alter|edad|"
        r"eta|wiek|varsta|who's|whos|now|only|just|barely|maybe|about|around|approx|approximately|probably|"
        r"under the age of|definitely|actually)"
    )
    past = (
        r"(?:at|since|from|until|till?|was|were|when (?:he|she|they) (?:was|were)|since (?:he|she|they) (?:was|"
        r"were)|by|from age|at age|since age|as a|from the age of|at the age of|since the age of|"
        r"until the age of)"
    )
    unit = rf"(?:{_UNIT}|{_NOT_UNIT}{_PLURAL})"
    return [
        ("now", re.compile(rf"\bages?\W{{1,3}}{fill}(?P<n>{_NUM}(?:[\s,]+(?:and\s)?{_NUM}){{1,11}})")),
        ("past", re.compile(
            rf"\b{past}\s+(?:the age of |age |aged |about |around |only |just |maybe |"
            rf"like ){{0,2}}(?P<n>{_NUM})(?:ish)?(?:{_UNIT}(?! ago)|{_NOT_UNIT}{_PLURAL}(?!\s?%))"
        )),
        ("look", re.compile(rf"\b{looks}\s+(?:like |as |about |a ){{0,2}}{fill}(?P<n>{_LISTED}){unit}")),
        ("claim", re.compile(rf"\b{says}\s+{fill}(?P<n>{_LISTED}){unit}")),
        ("now", re.compile(rf"\b{is_now}\W{{1,3}}{fill}(?P<n>{_LISTED}){unit}")),
        ("now", re.compile(
            rf"\b(?:oldest|eldest|youngest|smallest|biggest|other|older|younger|second|third|one|"
            rf"another)\s+(?:(?:one|is|was|are|turned|out|to|be|about|aged|only|maybe|looks|says|boy|girl|kid|"
            rf"child|around|of|them|just|the)\s+){{0,5}}(?P<n>{_NUM})(?:{_UNIT}|{_NOT_UNIT}{_PLURAL})"
        )),
        ("now", re.compile(
            rf"{_BOUND}(?P<n>{_LISTED})[\s-]?(?:y\.?/?o\b\.?|yrs?\.?[\s-]?olds?|years?[\s-]?olds?|years? of age|"
            rf"yrs? of age|y\.o\.a|jahre alt|jahrige?[rsn]?|ans\b(?! (?:ici|deja))|anos\b|anni\b|jaar oud|let\b|"
            rf"rokiv\b|vjet\b)"
        )),
        ("now", re.compile(
            rf"(?:^|[,;(\n])\s*(?:maybe |about |approx |around |~ ?|prob )?(?P<n>{_NUM}(?:\s?(?:-|/|"
            rf"or)\s?{_NUM})?)(?:ish)?(?:{_UNIT})?\s*\??\s*(?=[,;)\n.]|$)(?![.,]\d)"
        )),
    ]


_LETTER = re.compile(
    r"(?<![\w€£$/.-])(?P<a>[mf])\s?/?\s?(?P<n>\d{1,2})(?![\d\w:/%]|[.,]\d)|"
    r"(?<![\w€£$/.:-])(?P<m>\d{1,2})\s?(?:y/?o?|yrs?)?\s?/?(?P<b>[mf])(?![\w'/])"
)
_ROAD = re.compile(r"(?:\b(?:the|on|a|off|junction|along|motorway|via|from|onto|near|j\d+)\s+)$")
_DECADE = re.compile(
    r"\b(?:(?P<part>early|mid|middle|late)[\s-]+(?:to[\s-](?:mid|late)[\s-]+)?)?(?P<ten>20|30|40|50|60|70|"
    r"twent|thirt|fort|fift|sixt|teen)(?P<s>'?s|ies)\b"
)
_TENS = {"twent": 20, "thirt": 30, "fort": 40, "fift": 50, "sixt": 60, "teen": 10}
_YOUNG = re.compile(
    rf"{_BOUND}(?P<n>{_NUM})[\s-]?(?P<unit>months?|mths?|mo|weeks?|wks?|wk|days?|hours?)[\s-]?(?:old|of age)\b"
                    rf"|\b(?:baby|infant|newborn|toddler|bebe|child|boy|girl)\s+(?:(?:boy|girl|of|is|about|"
                    rf"approx\.?|approximately|around|maybe|only|"
                    rf"aged)\s+){{0,3}}(?P<n2>{_NUM})\s?(?P<unit2>months?|mths?|weeks?|wks?|"
                    rf"days?)(?!\s+(?:pregnant|ago|in|here|missing|without|gone|at|later))\b"
                    rf"|{_BOUND}(?P<n3>{_NUM})[\s-](?P<unit3>months?|weeks?|days?)[\s-](?:baby|infant|girl|"
                    rf"boy|newborn)\b")
_SCHOOL = re.compile(
    r"\b(?:year|yr|y)[\s-]?(?P<uk>1[0-3]|[1-9])(?=[\s,.-]*(?:girl|boy|pupil|student|child|kid|class|group|form|"
    r"$|[,.;]))|\b(?P<in>in|from|is|a)\s+(?:year|yr)[\s-](?P<uk2>1[0-3]|[1-9])\b(?!\s?(?:of|%))|\b(?:grade|"
    r"klasse|classe|class)\s(?P<g>1[0-2]|[1-9])\b(?!\w)|\b(?P<g2>1[0-2]|[1-9])(?:st|nd|rd|th)[\s-]+(?:grade|"
    r"grader|class|graders)\b"
)
_SOON = re.compile(
    rf"\b(?:turn(?:s|ing)?|will (?:be|turn)|about to turn|going to be|becomes?|becoming|reaches|nearly|almost|"
    rf"not (?:yet|quite|even)|not over|soon|just under|close to|coming up to)\s+(?:to be\s+)?(?P<n>1\d|2[01]|"
    rf"{NUMBER_WORD})\b(?!\s?(?:hours?|days?|weeks?|months?|euro?s?|people|times|percent|%|km|kg|k\b))"
)
_BIRTHDAY = re.compile(
    r"\b(?P<n>1\d)(?:th)?\s+(?:birthday\s+)?(?:is\s+)?(?:next|tomorrow|in (?:a|\d+|two|three|few) (?:days?|"
    r"weeks?|months?)|on (?:mon|tues|wednes|thurs|fri|satur|sun)day|soon)"
)
_UNDER = re.compile(
    r"\b(?:under|below|younger than|less than|<)\s?-?(?P<n>1[0-8])(?:s|y(?:rs|ears)?)?\b(?!\s?(?:euro?s?|eur|€|"
    r"hours?|km|%|days?))"
)
_OVER = re.compile(
    r"\b(?:over|above|older than|more than)\s?-?(?P<n>18|21)s?\b(?!\s?(?:euro?s?|eur|€|hours?|km|%|days?|"
    r"people|persons|men))|(?<!\d)(?P<m>18|21)\s?\+|\bof (?:legal )?age\b|\badult by (?:passport|id|papers|"
    r"document)"
)
_AGO = re.compile(
    rf"\b(?:was|were|aged?)\s+(?:about |only |"
    rf"just )?(?P<n>{_NUM})(?:{_UNIT})?\W+(?:\w+\W+){{0,6}}?(?:(?P<d>{_NUM}|a|last)\s+(?:years?|yrs?)\s+ago|"
    rf"(?P<last>last year)|in (?P<y>20[0-2]\d))"
)
_NUMBERED = re.compile(rf"{either(numbers()['numbered'])}\s?(?:no\.?\s?)?$")


def _beside(low: str, noun: Noun) -> Age | None:
    """Read the age that stands right behind a word for a person, or right before it."""
    adj = r"(?:[\s,]+(?!and\b|with\b|who\b|in\b|on\b|at\b|from\b|to\b|for\b|has\b|not\b|no\b|by\b)[a-z][a-z-]{3,})"
    behind = re.compile(
        rf"(?:{adj}{{0,2}}?)?[\s,:(\"'-]{{1,3}}(?:and )?{_FILL}(?P<n>{_LISTED})(?:(?P<u>{_UNIT})(?!\s?(?:ago|"
        rf"here|now|in))|ish|{_NOT_UNIT}(?!\s+(?!{_VERBS}\b)[a-z]{{3,}}s\b(?=\s)))"
    )
    match = behind.match(low, noun.end)
    if match and not _NUMBERED.search(low[noun.end:match.start("n")]):
        gap = low[noun.end:match.start("n")]
        kind: Kind = "look" if re.search(r"look|seem|appear|i'?d say", gap) else "claim" if re.search(r"say|claim|state", gap) else "now"
        if re.search(r"\bwas\b|\bfrom\b|\bunder\b", gap):
            kind = "past"
        return _make(low, match.span("n"), kind, noun, gap)
    return None


_AHEAD = re.compile(
    rf"{_BOUND}(?P<n>{_NUM}(?:\s?(?:-|/|or|to|and)\s?{_NUM})?)(?P<u>{_UNIT})?[\s-]+(?:(?!and\b|or\b|with\b|"
    rf"of\b|in\b|for\b|the\b|is\b)[a-z-]+\s+){{0,3}}$"
)


def _ahead(low: str, noun: Noun) -> Age | None:
    begin = max(0, noun.start - 50)
    match = _AHEAD.search(low[begin:noun.start])
    if match is None:
        return None
    before = low[max(0, begin + match.start() - 20):begin + match.start()]
    if match["u"] is None:
        first = number(match["n"])
        # "16 syrian boy" is an age, "16 syrian boys" and "1 boy" are numbers of people.
        if noun.plural or first is None or first < 3 or _NUMBERED.search(before):
            return None
    elif re.search(r"\b(?:for|since|last|past)\s+$", before):
        return None
    return _make(low, (begin + match.start("n"), begin + match.end("n")), "now", noun, before)


def _special(low: str, text: str) -> list[Age]:
    """Read the ages that are written in ways of their own."""
    found: list[Age] = []
    for m in _AGO.finditer(low):
        then, gone = number(m["n"]), 1
        if m["d"]:
            gone = number(m["d"]) or 1
        if then is not None:
            found.append(Age(m.start(), m.end(), then + gone, then + gone, hedged=True) if not m["y"] else
                         Age(m.start(), m.end(), then, int(m["y"]), "past"))
    for m in _YOUNG.finditer(low):
        value = number(m["n"] or m["n2"] or m["n3"]) or 0
        unit = m["unit"] or m["unit2"] or m["unit3"]
        years = value // 12 if unit.startswith("mo") or unit.startswith("mth") else value // 52 if unit.startswith("w") else 0
        start = next(m.start(name) for name in ("n", "n2", "n3") if m[name])
        found.append(Age(start, m.end(), years, years))
    for m in _SOON.finditer(low):
        soon = number(m["n"])
        if soon is not None and soon > 1:
            found.append(Age(m.start(), m.end(), soon - 1, soon - 1))
    for m in _BIRTHDAY.finditer(low):
        found.append(Age(m.start(), m.end(), int(m["n"]) - 1, int(m["n"]) - 1))
    for m in _LETTER.finditer(low):
        letter, digits = m["a"] or m["b"], m["n"] or m["m"]
        if _ROAD.search(low[max(0, m.start() - 12):m.start()]) or (" " in m.group() and not text[m.start():m.end()].isupper()):
            continue
        found.append(Age(m.start(), m.end(), int(digits), int(digits), sex="male" if letter == "m" else "female"))
    for m in _SCHOOL.finditer(low):
        year = int(m["uk"] or m["uk2"] or m["g"] or m["g2"])
        first = year + (4 if m["uk"] or m["uk2"] else 5)
        found.append(Age(m.start(), m.end(), first, first + 1, "look"))
    for m in _DECADE.finditer(low):
        ten = _TENS.get(m["ten"]) or int(m["ten"])
        before = low[max(0, m.start() - 12):m.start()]
        if (m["ten"].isdigit() and not m["part"] and not re.search(r"\b(?:in|their|his|her|the|s)\s*$|~$", before)) or (
            m["ten"] == "teen" and not m["part"] and not re.search(r"\bin (?:his|her|their)\s*$", before)
        ):
            continue
        start, stop = {"early": (0, 3), "mid": (4, 6), "middle": (4, 6), "late": (7, 9)}.get(m["part"] or "", (0, 9))
        found.append(Age(m.start(), m.end(), max(13, ten + start), ten + stop, "look", hedged=False))
    return found


def ages(text: str, people: list[Noun], skip: list[tuple[int, int]], demonyms: list[tuple[int, int]]) -> list[Age]:
    """Find the ages in a message.

    Args:
        text: the message.
        people: its words for people (`nouns.nouns`).
        skip: spans already read as something else (dates of birth).
        demonyms: spans of words like "Syrian", beside which a lone number is an age too.

    Returns:
        The ages in the order of the text, not overlapping; past ages among them.
    """
    low = plain(text)
    taken = bytearray(len(low))
    for start, end in skip:
        taken[start:end] = b"1" * (end - start)
    found: list[Age] = []

    def take(age: Age | None) -> None:
        if age is not None and not any(taken[age.start:age.end]):
            taken[age.start:age.end] = b"1" * (age.end - age.start)
            found.append(age)

    for age in _special(low, text):
        take(age)
    for noun in people:
        take(_ahead(low, noun))
        take(_beside(low, noun))
    for kind, pattern in _free():
        for match in pattern.finditer(low):
            if not _NUMBERED.search(low[max(0, match.start("n") - 14):match.start("n")]) or kind == "past":
                take(_make(low, match.span("n"), kind, None, low[match.start():match.start("n")]))
    for start, end in demonyms:
        after = re.compile(rf"[\s,:(-]{{1,3}}{_FILL}(?P<n>{_LISTED})(?:{_UNIT}|{_NOT_UNIT}{_PLURAL})").match(low, end)
        if after:
            take(_make(low, after.span("n"), "now"))
        ahead = re.search(rf"{_BOUND}(?P<n>[1-9]\d)[\s,]+$", low[max(0, start - 6):start])
        if ahead and not re.match(
            r"\s+(?:[a-z]+\s+)?(?!says\b|was\b|is\b|has\b)[a-z]{3,}s\b|\s+(?:crew|people|women|men|children)", low[end:end + 30]) and not low[start:end].endswith("s"):
            first = max(0, start - 6)
            take(_make(low, (first + ahead.start("n"), first + ahead.end("n")), "now"))
    return sorted((_whole_numbers(age) for age in found), key=lambda age: age.start)


def _whole_numbers(age: Age) -> Age:
    return replace(age, low=min(age.low, age.high), high=max(age.low, age.high))


def limits(low: str) -> tuple[bool, bool]:
    """Tell whether a message says "under 18" or "over 18" without an age.

    Args:
        low: plain text.

    Returns:
        Whether it says under, whether it says over.
    """
    return _UNDER.search(low) is not None, _OVER.search(low) is not None
