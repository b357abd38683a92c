"""What a record is found by at the desk: names, their sound, dates of birth, phones, plates, each in one usual form."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import jellyfish
import phonenumbers
from anyascii import anyascii

from bot.protocol.catalogue import fields
from bot.protocol.loading import DATA, TEXT, load
from bot.protocol.report import Data

NAME, SOUND, BORN, PHONE, CALLER, WRITTEN, PLATE = "name", "sound", "born", "phone", "caller", "written", "plate"
"""A name's parts, their sound, a date of birth, somebody's phone, the responder's, one in their words, a plate."""

PHONES = frozenset({PHONE, CALLER, WRITTEN})
"""Kinds whose values are compared with each other."""

_PAIRS = {"type": "array", "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": TEXT}}
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y")
_FIRST_YEAR = 1900
_SEVEN_DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")
_PLATE_LENGTHS = range(4, 11)
_SHORTEST_PHONE = 6


@dataclass(frozen=True)
class Token:
    """One thing that a record is found by: its kind, and its value in the usual form."""

    kind: str
    value: str


@lru_cache(maxsize=1)
def _spellings() -> list[tuple[str, str]]:
    return [(one, other) for one, other in load(DATA / "spellings.yml", _PAIRS)]


def tokens_of(report: Data, here: str) -> set[Token]:
    """Give everything that a report is found by.

    Names count where a field holds them and nowhere else: which words of a story are a name is not known. Phones also
    count where they stand in the responder's words; plates do not, as they have no form that tells them from a gate or
    a house.

    Args:
        report: the report.
        here: ISO code of its country, for phones without a country code.
    """
    found: set[Token] = set()
    entries = [*report["values"].items(), *(one for person in report["persons"] for one in person["values"].items())]
    for field_id, entry in entries:
        kind, told = fields()[field_id].found_by, entry.get("value")
        if kind and told is not None:
            found.update(_tokens(kind, str(told), here))
    known = {token.value for token in found if token.kind in PHONES}
    written = (number for words in report["account"] for number in _numbers_in(words, here))
    return found | {Token(WRITTEN, number) for number in written if number not in known}


def _tokens(kind: str, told: str, here: str) -> Iterator[Token]:
    if kind == NAME:
        for part in name_parts(told):
            yield Token(NAME, part)
            yield Token(SOUND, sound_of(part))
    elif kind == BORN:
        yield Token(BORN, told)
    elif kind == PLATE:
        yield from (Token(PLATE, plate) for plate in map(plain_plate, re.split(r"[,;/\n]", told)) if plate)
    else:
        yield from (Token(kind, number) for number in phones_in(told, here))


def asked_for(typed: str, here: str) -> list[list[Token]]:
    """Read what somebody looks for.

    Args:
        typed: a name or parts of one, a date of birth, a phone or a plate.
        here: ISO code of the country of the desk.

    Returns:
        What it can be, the surest first: each a list of tokens all of which a record must have.
    """
    born = read_date(typed)
    if born:
        return [[Token(BORN, born.isoformat())]]
    if not re.search(r"\d", typed):
        parts = name_parts(typed)
        both = [[Token(NAME, part) for part in parts], [Token(SOUND, sound_of(part)) for part in parts]]
        return both if parts else []
    plate, numbers = plain_plate(typed), phones_in(typed, here)
    found = [[Token(PHONE, number)] for number in numbers[:1]]
    if len(plate) in _PLATE_LENGTHS:
        found.append([Token(PLATE, plate)])
    return found


def name_parts(text: str) -> list[str]:
    """Split a name into its parts: small Latin letters without accents, whatever the script, none alone."""
    plain = anyascii(unicodedata.normalize("NFKC", text)).casefold().replace("'", "")
    return list(dict.fromkeys(part for part in re.findall("[a-z]+", plain) if len(part) > 1))


def sound_of(part: str) -> str:
    """Put a part of a name into its phonetic form (NYSIIS, after the many spellings of one sound were made one)."""
    for one, other in _spellings():
        part = part.replace(one, other)
    return str(jellyfish.nysiis(part))


def plain_plate(text: str) -> str:
    """Give a plate's letters and digits, in capitals."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())


def read_date(text: str) -> date | None:
    """Read a day as people write it, the day before the month; None where it is none."""
    plain = " ".join(text.split())
    for form in _DATES:
        try:
            day = datetime.strptime(plain, form).date()
        except ValueError:
            continue
        return day if day.year >= _FIRST_YEAR else None
    return None


def phones_in(text: str, here: str) -> list[str]:
    """Give the numbers of a text that is a phone's: E.164 where they can be one, else their digits."""
    found = list(_numbers_in(text, here, phonenumbers.Leniency.POSSIBLE))
    digits = "".join(c for c in text if c.isdecimal())
    return found or ([digits] if len(digits) >= _SHORTEST_PHONE else [])


def _numbers_in(text: str, here: str, leniency: int = phonenumbers.Leniency.VALID) -> Iterable[str]:
    if not _SEVEN_DIGITS.search(text):
        return
    # "0035191..." is how many write what is dialled as +35191...
    text = re.sub(r"(?<!\d)00(?=[1-9])", "+", text)
    region = here if here in phonenumbers.SUPPORTED_REGIONS else None
    for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=leniency):
        yield phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
