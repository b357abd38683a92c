"""Reads dates and years of birth, and says which age they give on a day."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bot.understanding.nouns import either, numbers

Problem = Literal["impossible_age", "future_birth_date", "impossible_date"]
_OLDEST = 115


@dataclass(frozen=True)
class Birth:
    """A date or year of birth found.

    Args:
        start: first character.
        end: one past the last.
        low: lowest age it allows today.
        high: highest age it allows today.
        child: whether it makes a child today; only a year known: a child until the end of the year of the birthday.
        problem: why it cannot be, None where it can.
    """

    start: int
    end: int
    low: int
    high: int
    child: bool
    problem: Problem | None = None


@lru_cache(maxsize=1)
def _dates() -> re.Pattern[str]:
    month = either(list(numbers()["months"]))
    return re.compile(
        r"(?P<iso>(?P<y1>[12]\d{3})[-/.](?P<m1>\d{1,2})[-/.](?P<d1>\d{1,2}))(?!\d)"
        r"|(?P<dmy>(?P<d2>\d{1,2})\s?[-/.]\s?(?P<m2>\d{1,2})\s?[-/.]\s?(?P<y2>\d{4}|\d{2}))(?!\d)"
        rf"|(?P<named>(?P<d3>\d{{1,2}})(?:st|nd|rd|th|"
        rf"\.)?\s+(?:of\s+)?(?P<m3>{month})[\s,.']+(?P<y3>\d{{4}}|\d{{2}}))(?!\d)"
        rf"|(?P<us>(?P<m4>{month})\s+(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?[\s,]+(?P<y4>\d{{4}}))(?!\d)"
        rf"|(?P<my>(?:(?P<m5>{month})\s+|(?P<m6>\d{{1,2}})[/.])(?P<y5>\d{{4}}))(?!\d)"
        r"|(?P<years>(?:19|20)\d\d(?:\s?(?:,|/|-|or|and|&|to)\s?(?:19|20)\d\d){0,6})(?!\d)"
        r"|(?P<short>'?\d\d(?:\s?(?:,|and|&|or)\s?'?\d\d){0,6})(?![\d:/.]\d|\d|\s?(?:weeks?|days?|months?|"
        r"hours?|hrs?|years?))"
    )


_NEXT_TO_IT = re.compile(r"[\s:'(.~-]*(?:(?:in|on|is|was|about|abt|approx|circa|ca|year|around|the)\b[\s:'(.~-]*){0,3}")
"""Stands between "born" and a short year; "UK born boy 12" is twelve."""


@lru_cache(maxsize=1)
def _announced() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![a-z])(?<![a-z]-)(?<!foreign )(?<!native ){either(numbers()['birth'])}(?![a-z])"
        rf"(?P<gap>[^\d\n;!?]{{0,40}}?)(?=['\d]|"
        rf"{either(list(numbers()['months']))}\b)"
    )


_SHOWN = re.compile(
    r"(?<![a-z])(?:(?:passport|id|card|papers?|paperwork|records?|wristband|permit|licen[cs]e|visa|certificate|tazkira|\w*titel|ausweis)"
    r"(?: (?:says?|shows?|reads?|states?|gives?|has|is))?"
    r"|(?:gives?|gave|puts?|says?|said|dice|dit|sagt|writes?)(?: (?:the )?year)?)"
    r"[ :]{1,2}(?=\d)"
)
"""Stands in front of a date or year that may be one of birth, where it makes somebody of the years below."""
_LIKELY = range(8, 70)
_ENDS = re.compile(r"\s*(?:[,.;?!)'\"]|$|\n|(?:and|or|then|so|but|both|all)\b)")


def _full(year: str, today: dt.date) -> int:
    value = int(year)
    if len(year) == 4:
        return value
    return value + (2000 if value <= today.year % 100 else 1900)


def _exact(day: dt.date, today: dt.date) -> int:
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def _of_years(years: list[int], start: int, end: int, today: dt.date) -> Birth:
    if max(years) > today.year:
        return Birth(start, end, 0, 0, False, "future_birth_date")
    if today.year - min(years) > _OLDEST:
        return Birth(start, end, 0, 0, False, "impossible_age")
    low = max(0, today.year - max(years) - 1)
    return Birth(start, end, low, today.year - min(years), today.year - max(years) <= 18)


def _of_match(match: re.Match[str], today: dt.date) -> Birth | None:
    start, end = match.span()
    group = match.groupdict()
    months = numbers()["months"]
    if group["years"] or group["short"]:
        return _of_years([_full(y, today) for y in re.findall(r"\d+", match.group())], start, end, today)
    if group["my"]:
        month = months[group["m5"]] if group["m5"] else int(group["m6"])
        if not 1 <= month <= 12:
            return Birth(start, end, 0, 0, False, "impossible_date")
        year = int(group["y5"])
        if year > today.year or today.year - year > _OLDEST:
            return _of_years([year], start, end, today)
        if (year, month) > (today.year, today.month):
            return Birth(start, end, 0, 0, False, "future_birth_date")
        high = today.year - year - (today.month < month)
        # In the month of the birthday the day decides: the lower age protects.
        low = max(0, high - (today.month == month))
        return Birth(start, end, low, high, low < 18)
    if group["iso"]:
        parts = int(group["y1"]), int(group["m1"]), int(group["d1"])
    elif group["dmy"]:
        parts = _full(group["y2"], today), int(group["m2"]), int(group["d2"])
        if parts[1] > 12 >= parts[2]:
            parts = parts[0], parts[2], parts[1]
    elif group["named"]:
        parts = _full(group["y3"], today), months[group["m3"]], int(group["d3"])
    else:
        parts = int(group["y4"]), months[group["m4"]], int(group["d4"])
    try:
        day = dt.date(*parts)
    except ValueError:
        return Birth(start, end, 0, 0, False, "impossible_date")
    if day > today:
        return Birth(start, end, 0, 0, False, "future_birth_date")
    age = _exact(day, today)
    if age > _OLDEST:
        return Birth(start, end, 0, 0, False, "impossible_age")
    return Birth(start, end, age, age, age < 18)


def births(low: str, today: dt.date) -> list[Birth]:
    """Find dates and years of birth.

    Args:
        low: plain text.
        today: the day on which the age counts.

    Returns:
        They in the order of the text; with `problem` where none can be right.
    """
    found: list[Birth] = []
    for announced in _announced().finditer(low):
        match = _dates().match(low, announced.end())
        if match is None or (found and match.start() < found[-1].end):
            continue
        # "born in 7 days" and the like: a short year stands next to its word.
        if match["short"] and not _NEXT_TO_IT.fullmatch(announced["gap"]):
            continue
        birth = _of_match(match, today)
        if birth is not None:
            found.append(birth)
    for shown in _SHOWN.finditer(low):
        match = _dates().match(low, shown.end())
        if match is None or match["short"]:
            continue
        birth = _of_match(match, today)
        known = any(match.start() < other.end and other.start < match.end() for other in found)
        if birth and not birth.problem and not known and birth.low in _LIKELY and _ENDS.match(low, match.end()):
            found.append(birth)
    return sorted(found, key=lambda birth: birth.start)
