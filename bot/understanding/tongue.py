"""Recognises the language of a message that could not be read; its detector is loaded when it is first needed."""
from __future__ import annotations

from functools import lru_cache
from typing import Any

SURE = 0.5
"""Confidence from which a language is believed: an answer in a wrong one would be worse than none."""


@lru_cache(maxsize=1)
def _detector(codes: frozenset[str]) -> Any:
    # Imported here: its models take some 250 MB, which most chats never need.
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_iso_codes_639_1(
        *(IsoCode639_1.from_str(code.upper()) for code in sorted(codes))
    ).build()


def tongue(text: str, known: frozenset[str]) -> str | None:
    """Name the language of a text.

    Args:
        text: the message.
        known: ISO 639-1 codes of the languages that there is an answer in.

    Returns:
        The code; None where it is English, or none of the known ones for sure.
    """
    best = _detector(known | {"en"}).compute_language_confidence_values(text)[0]
    code = str(best.language.iso_code_639_1.name).lower()
    return code if best.value >= SURE and code != "en" else None
