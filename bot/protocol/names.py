"""How stored values are named: countries, choices, ages, lists."""
from __future__ import annotations

from typing import Any

from babel import Locale

from bot.protocol.catalogue import OPEN_STATES, fields
from bot.protocol.profile import profile_names


def country_name(code: str) -> str:
    """Give a country's English name, that of its profile where it is a fictional one; else the code."""
    return str(Locale("en").territories.get(code) or profile_names().get(code, code))


def value_in_words(field_id: str, value: Any) -> str:
    """Put a stored value into words; None is said to be not known."""
    if value is None:
        return OPEN_STATES["unknown"]
    field = fields()[field_id]
    if isinstance(value, list) and field.kind == "age":
        return str(value[0]) if value[0] == value[1] else f"{value[0]} to {value[1]}"
    if isinstance(value, list):
        return ", ".join(value_in_words(field_id, one) for one in value)
    if field.kind in ("country", "countries"):
        return country_name(str(value))
    return field.values.get(str(value), str(value))
