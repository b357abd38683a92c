"""The regular expressions by which ages are told from other numbers; words in them come from `numbers.yml`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from bot.understanding.nouns import NUMBER_WORD, Noun, either, numbers

Kind = Literal["now", "look", "claim", "past"]
"""An age stated for now, a look, a claim, or an age of the past."""

NUM = rf"(?:\d{{1,3}}(?!\d)|{NUMBER_WORD}(?![a-z]))"
JOIN = (r"\s?(?:,\s?|/|-|\b(?:to|till|or)(?: (?:maybe|about|perhaps))?\b|\bvs\.?|\band\b|&|\+|\bbis\b|\bou\b|"
        r"\boder\b|\bund\b)\s?")
LISTED = rf"{NUM}(?:{JOIN}{NUM}){{0,6}}"
UNIT = rf"(?:[\s-]?{either(numbers()['age_units'])}(?![a-z]))"
NOT_UNIT = rf"(?!\s?-?{either(numbers()['not_units'])}(?![a-z])|[:.]\d|/\d|\d|\s?[x*]\s?\d|\s?k\b)"
BOUND = r"(?<![\w.,:/€£$+#-])"
FILL = rf"(?:(?:{either(numbers()['fillers'])})[\s,:~]+|[~(:,\"'?]\s?){{0,5}}"
VERBS = either(numbers()["not_counted"])
PLURAL = (
    rf"(?!\s+(?!{VERBS}\b)[a-z]{{3,}}s\b)"
    r"(?!\s+(?:[a-z]+\s+){0,2}(?:men|women|people|children|boys|girls|kids|workers|males|females|persons|lads|guests)\b)"
)

HALF = re.compile(
    rf"(?<![\w.,:/€£$+#-])1?\d(?P<half>[.,]5|\s1/2){NOT_UNIT}(?!\d)"
    r"|(?<![\w.,:/€£$+#-])1?\d\s?(?:years?|yrs?|y)"
    r"(?P<months>,?\s(?:and\s|&\s)?\d{1,2}\s?(?:months?|mths?)\b)(?! (?:ago|here|in))"
)
"""Part of a year, as in "17.5" and "15 years and 2 months": it makes nobody older than the whole number does."""
HEDGE = re.compile(
    r"\b(?:maybe|perhaps|probably|prob|about|abt|approx\w*|around|roughly|circa|ca|c\.|~|like|possibly|est|"
    r"some|estimated|guess|hmm+|at most|at least|more like|or so|vielleicht|environ)\b|~|\?"
)
LATER_HEDGE = re.compile(r"^\s?(?:-?\s?ish|\?|or so|or something|maybe|i think|i guess|-ish|plus|\+)")
RANGE = re.compile(r"\d\s?(?:-|\bto\b|\bbis\b)\s?\d")


@lru_cache(maxsize=1)
def free() -> list[tuple[Kind, re.Pattern[str]]]:
    """Give the patterns of ages that stand apart from a word for a person, the surest first."""
    who = (
        r"(?:he|she|they|it|hes|shes|he's|she's|he is|she is|they're|they are|is|are|to be|to|that|him|her|"
        r"them|himself|herself)"
    )
    fill = rf"(?:(?:{who[3:-1]}|{either(numbers()['fillers'])[3:-1]})[\s,:~]+|[~\"'(:]\s?){{0,5}}"
    says = (
        r"(?:says?|sais|said|saying|guess(?:es|ed)|believes?|thinks?|tells?|stat(?:es|ed|ing)|claim(?:s|ed|"
        r"ing)?|tells? (?:us|me)|told (?:us|me)|insists?|"
        r"declare[sd]?|admit(?:s|ted)?|swears?|maintains?|reckons?|writes|dice|dit|sagt|registered|recorded|"
        r"documented|booked in|passport|id|papers|card|document|documents|visa|permit|licen[cs]e|"
        r"(?:seaman'?s?|record) book|birth cert\w*)"
        r"(?: (?:shows?|gives|states|reads|has (?:him|her|them) (?:as|at|down as)))?"
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
        r"under the age of|definitely|actually|finished|completed|(?<!\d )am)"
    )
    past = (
        r"(?:at|since|from|until|till?|was|were|when (?:he|she|they) (?:was|were)|since (?:he|she|they) (?:was|"
        r"were|has|had)|by|from age|at age|since age|as a|from the age of|at the age of|since the age of|"
        r"until the age of)"
    )
    unit = rf"(?:{UNIT}|{NOT_UNIT}{PLURAL})"
    return [
        ("now", re.compile(
            rf"(?<!since he )(?<!since she )\b(?:has|have|had)\s(?P<n>{NUM})"
            rf"(?:{UNIT}(?!\s(?:ago|in|of (?:work|school)|here))|(?=\s?[.;]|$))")),
        ("now", re.compile(r"(?<![\w.,:/€£$-])(?P<n>[1-9]\d)\s(?:by|acc\.? to|according to|per|as per)\s(?:her|"
            r"him|them|his|own)\b")),
        (
            "now",
            re.compile(
                r"(?<![\w'])(?:m|f|males?|females?|girls?|boys?|women|men)\s?(?P<n>[1-9]\d?"
                r"(?:(?:,\s?|\s(?:and|n|&|\+)\s|\s?[&+]\s?|\s)[1-9]\d){1,6})(?!\d|[:.]\d|\w|\s?(?:%|hours?|"
                r"days?|km|euros?))"
            ),
        ),
        ("now", re.compile(rf"\bages?\W{{1,3}}{fill}(?P<n>{NUM}(?:[\s,]+(?:and\s)?{NUM}){{1,11}})")),
        (
            "past",
            re.compile(
                rf"\b{past}\s+(?:the age of |age |aged |about |around |only |just |maybe |"
                rf"like ){{0,2}}(?P<n>{NUM})(?:ish)?(?:{UNIT}(?! ago)|{NOT_UNIT}{PLURAL}(?!\s?%))"
            ),
        ),
        ("claim", re.compile(
            rf"{BOUND}(?P<n>{NUM})\s(?:on|in|by|according to)\s(?:it|(?:the|his|her|their) )(?:visa|passport|papers?|"
            r"card|id|book|documents?|permit|licen[cs]e|birth cert\w*)?(?![a-z])")),
        ("look", re.compile(rf"\b{looks}\s+(?:like |as |about |a ){{0,2}}{fill}(?P<n>{LISTED}){unit}")),
        ("claim", re.compile(rf"\b{says}\s+{fill}(?P<n>{LISTED}){unit}")),
        ("now", re.compile(rf"\b{is_now}\W{{1,3}}{fill}(?P<n>{LISTED}){unit}")),
        (
            "now",
            re.compile(
                rf"\b(?:oldest|eldest|youngest|smallest|biggest|other(?! (?:two|three|four|five|six)\b)|older|younger|"
                rf"second|third|one|another)\s+(?:(?:one|is|was|are|turned|out|to|be|about|aged|only|maybe|looks|says|boy|girl|kid|"
                rf"child|around|of|them|just|the)\s+){{0,5}}(?P<n>{NUM})(?:{UNIT}|{NOT_UNIT}{PLURAL})"
            ),
        ),
        (
            "now",
            re.compile(
                rf"{BOUND}(?P<n>{LISTED})[\s-]?(?:y\.?/?o\b\.?|yrs?\.?[\s-]?olds?|years?[\s-]?olds?|years? of age|"
                rf"yrs? of age|y\.o\.a|jahre alt|jahrige?[rsn]?|ans\b(?! (?:ici|deja))|anos\b|anni\b|jaar oud|let\b|"
                rf"rokiv\b|vjet\b)"
            ),
        ),
        (
            "now",
            re.compile(
                rf"(?:^|[,;:(\n.]|\w\))\s*(?:maybe |about |approx |around |~ ?|prob |per them: "
                rf")?(?P<n>{NUM}(?:\s?(?:-|/|"
                rf"or|and|&|\+|n|\?)\s?{NUM})?)(?:ish)?(?:{UNIT})?\s*"
                r"(?:\?(?=\s)|\??\s*(?=[,;)\n.]|$)(?![.,]\d))"
            ),
        ),
    ]


def of_the_past(low: str, start: int) -> bool:
    """Tell whether a number is an age of the past: "when she was 13".

    Args:
        low: plain text.
        start: first character of the number.
    """
    past = [pattern for kind, pattern in free() if kind == "past"]
    return any(match.start("n") == start for pattern in past for match in pattern.finditer(low))


LETTER = re.compile(
    r"(?<![\w€£$/.-])(?P<a>[mf])\s?/?\s?(?P<n>\d{1,2})(?![\d\w:/%]|[.,]\d)|"
    r"(?<![\w€£$/.:-])(?P<m>\d{1,2})\s?(?:y/?o?|yrs?)?\s?/?(?P<b>[mf])(?![\w'/])"
)
ROAD = re.compile(r"(?:\b(?:the|on|a|off|junction|along|motorway|via|from|onto|near|j\d+)\s+)$")
ROAD_AFTER = re.compile(r"\s?(?:j\d|(?:north|south|east|west)bound|services|hard shoulder)")
DECADE = re.compile(
    r"\b(?:(?P<part>early|mid|middle|late)[\s-]+(?:to[\s-](?:mid|late)[\s-]+)?)?(?P<ten>20|30|40|50|60|70|"
    r"twent|thirt|fort|fift|sixt|teen)(?P<s>'?s|ies)\b"
)
TENS = {"twent": 20, "thirt": 30, "fort": 40, "fift": 50, "sixt": 60, "teen": 10}
YOUNG = re.compile(
    rf"{BOUND}(?P<n>{NUM})[\s-]?(?P<unit>months?|mths?|mo|weeks?|wks?|wk|days?|hours?)[\s-]?(?:old|of age)\b"
    rf"|\b(?:baby|infant|newborn|toddler|bebe|child|boy|girl)\s+(?:(?:boy|girl|m|f|of|is|about|"
    rf"approx\.?|approximately|around|maybe|only|"
    rf"aged)\s+){{0,3}}~?\s?(?P<n2>{NUM})\s?(?P<unit2>months?|mths?|mo|weeks?|wks?|"
    rf"days?)(?!\s+(?:pregnant|ago|in|here|missing|without|gone|at|later))\b"
    rf"|(?<![\d/])(?P<n4>\d{{1,2}})/(?P<unit4>52|12)\s(?:baby|infant|girl|boy|newborn|old)\b"
    rf"|{BOUND}(?P<n3>{NUM})[\s-](?P<unit3>months?|weeks?|days?)[\s-](?:baby|infant|girl|"
    rf"boy|newborn)\b"
)
SCHOOL = re.compile(
    r"\b(?:year|yr|y)[\s-]?(?P<uk>1[0-3]|[1-9])(?=[\s,.-]*(?:girl|boy|lad|lass|pupil|student|child|kid|class|group|form|"
    r"$|[,.;]))|\b(?P<in>in|from|is|a)\s+(?:year|yr)[\s-](?P<uk2>1[0-3]|[1-9])\b(?!\s?(?:of|%))|\b(?:grade|"
    r"klasse|classe|class)\s(?P<g>1[0-2]|[1-9])\b(?!\w)|\b(?P<g2>1[0-2]|[1-9])(?:st|nd|rd|th)[\s-]+(?:grade|"
    r"grader|class|graders)\b"
)
SOON = re.compile(
    rf"\b(?:turn(?:s|ing)?|will (?:be|turn)|about to turn|going to be|becomes?|becoming|reaches|nearly|almost|"
    rf"not (?:yet|quite|even)|not over|soon|just under|close to|coming up to)\s+(?:to be\s+)?(?P<n>1\d|2[01]|"
    rf"{NUMBER_WORD})\b(?!\s?(?:hours?|days?|weeks?|months?|euro?s?|people|times|percent|%|km|kg|k\b))"
)
_MONTH = either(list(numbers()["months"]))
BIRTHDAY = re.compile(
    rf"(?<!was )(?<!were )(?<!turned )(?<!became )(?<!been )\b(?P<n>1\d|{NUMBER_WORD})(?:th)?"
    r"\s+(?:birthday\s+)?(?:is\s+)?"
    r"(?:next|tomorrow|in (?:a|\d+|two|three|a few|few) (?:days?|weeks?|fortnight|months?)|"
    r"on the \d{1,2}(?:st|nd|rd|th)\b(?! floor| of)|"
    r"on (?:mon|tues|wednes|thurs|fri|satur|sun)day|soon|"
    rf"(?:in|on)\s+(?:the\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?)?{_MONTH}(?![a-z]))"
)
UNDER = re.compile(
    r"\b(?:under|below|younger than|less than|<)\s?-?(?P<n>1[0-8])(?:s|y(?:rs|ears)?)?\b(?!\s?(?:euro?s?|eur|€|"
    r"hours?|km|%|days?))"
)
OVER = re.compile(
    r"\b(?:over|above|older than|more than)\s?-?(?P<n>18|21)s?\b(?!\s?(?:euro?s?|eur|€|hours?|km|%|days?|"
    r"people|persons|men))|(?<!\d)(?P<m>18|21)\s?\+|\bof (?:legal )?age\b|\badult by (?:passport|id|papers|"
    r"document)"
)
AGO = re.compile(
    rf"\b(?:was|were|aged?)\s+(?:about |only |"
    rf"just )?(?P<n>{NUM})(?:{UNIT})?\W+(?:\w+\W+){{0,6}}?(?:(?P<d>{NUM}|a|last)\s+(?:years?|yrs?)\s+ago|"
    rf"(?P<last>last year)|in (?P<y>20[0-2]\d))"
)
NUMBERED = re.compile(rf"(?<![a-z]){either([*numbers()['numbered'], *numbers()['no_age_after']])}\s?(?:no\.?\s?)?$")
_NUMBERED = re.compile(
    rf"(?<![a-z]){either(numbers()['numbered'])}\s?(?:no\.?\s?|nr\.?\s?|#)?{NUM}(?!{UNIT}(?![a-z])|-?\s?ish|\s?/?\s?[mf]\b)"
    rf"|{either(numbers()['figures'])}"
)
_COUNTED = re.compile(rf"{BOUND}{NUM}(?=\s?-?{either(numbers()['not_units'])}(?![a-z]))")


def numbered(low: str) -> list[tuple[int, int]]:
    """Find numbers that can be no ages: of gates, rooms, sizes and groups, by the words before them; times and amounts.

    Args:
        low: plain text.

    Returns:
        Their spans, with those words.
    """
    return [match.span() for match in _NUMBERED.finditer(low)]


def counted(low: str, people: list[Noun]) -> list[tuple[int, int]]:
    """Find the numbers behind which stands what they count: money, hours, things.

    Args:
        low: plain text.
        people: its words for people; a number right behind one is an age ("boy 16 phone off").

    Returns:
        Their spans.
    """
    ends = [noun.end for noun in people]
    return [match.span() for match in _COUNTED.finditer(low)
            if not any(end <= match.start() <= end + len(" of ") for end in ends)]


AHEAD = re.compile(
    rf"{BOUND}(?P<n>{NUM}(?:\s?(?:-|/|or|to|and)\s?{NUM})?)(?:(?P<u>{UNIT})|{NOT_UNIT})[\s-]+(?:(?!and\b|or\b|with\b|"
    rf"w\b|plus\b|of\b|in\b|for\b|the\b|is\b)[a-z-]+\s+){{0,3}}$"
)
