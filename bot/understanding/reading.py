"""What one message was understood to say: plain data that travels on the message as one structured object."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["stated", "hedged", "denied"]
"""stated: the text says so; hedged: the text doubts it; denied: the text says it is not so."""

Seen = Literal["observed", "told_by_child", "told_by_other", "suspected", "denied"]
"""How a sign is known; denied is recorded as denied, never as present, and never clears anybody."""


@dataclass
class Person:
    """One person, or several alike, of whom the message speaks as somebody to protect.

    Args:
        count: how many alike ("2 girls" is one entry with count 2).
        age: years, or [lowest, highest] where the text gives a range, a doubt or several people.
        child: yes, no or unclear (an adult age claimed beside a childlike look is unclear); None when nothing is said.
        sex: female, male, or None when nothing is said.
        words: the words that this was read from.
        relative: the word for them names them as somebody's relative ("her sister, 12").
        earlier: the age may be one of the past ("was 14 when it began"), for no other was said.
    """

    count: int = 1
    age: int | list[int] | None = None
    child: Literal["yes", "no", "unclear"] | None = None
    sex: Literal["female", "male"] | None = None
    words: str = ""
    dependent: Literal["yes"] | None = None
    """Somebody's own small child beside them."""
    relative: bool = False
    earlier: bool = False


@dataclass
class Fact:
    """One fact about the case.

    Args:
        field: id of a field of `bot/protocol/data/fields.yml`.
        value: a value that the field allows.
        status: stated, hedged or denied.
        words: the words that it was read from.
        start: first character of these words in the message.
        end: one past their last character.
    """

    field: str
    value: Any
    status: Status
    words: str
    start: int
    end: int


@dataclass
class Sign:
    """One indicator found.

    Args:
        id: id of an entry of `bot/protocol/data/indicators.yml`.
        seen: how it is known.
        words: the words that it was read from.
        start: first character of these words in the message.
        end: one past their last character.
        sure: False where only one source suggests it, so that the responder is asked to confirm.
    """

    id: str
    seen: Seen
    words: str
    start: int
    end: int
    sure: bool = True


@dataclass
class Reading:
    """All that one message says.

    Args:
        people: presumed victims named in the text, children first.
        facts: facts of the case as a whole or of its (first) person.
        signs: indicators.
        not_understood: sentences of which nothing was read; they stay in the account as written.
        about_a_person: False where nothing in the text is about anybody (a process question, the weather).
        foreign: the text is in a language that is hardly read here.
    """

    people: list[Person] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    about_a_person: bool = False
    foreign: bool = False

    @property
    def tells_something(self) -> bool:
        """Tell whether the message says anything of a case."""
        return bool(self.people or self.facts or self.signs)

    def to_dict(self) -> dict[str, Any]:
        """Give the reading as plain JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Reading:
        """Make a reading of what `to_dict` gave."""
        return cls(
            people=[Person(**p) for p in data.get("people", [])],
            facts=[Fact(**f) for f in data.get("facts", [])],
            signs=[Sign(**s) for s in data.get("signs", [])],
            not_understood=list(data.get("not_understood", [])),
            about_a_person=bool(data.get("about_a_person", False)),
            foreign=bool(data.get("foreign", False)),
        )
