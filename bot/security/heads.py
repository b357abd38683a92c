"""Heads of the audit trail, kept outside the database: a file a day, and what the last check came to."""
from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from bot.database import now, reading
from bot.security import certificates
from bot.security.chain import BEGINNING, Checked, Fault, Head, verify
from bot.settings import settings

_LAST_CHECK = "last-check.json"
_BEGIN = "begin"
LATE = timedelta(hours=36)
"""Age of the last check from which on a night was missed."""


class BrokenHeads(ValueError):
    """A file of heads cannot be read; the message names it, and the line."""


@dataclass(frozen=True)
class LastCheck:
    """When the chain was last checked, and with what result."""

    at: datetime
    checked: Checked


def keep(head: Head) -> None:
    """Write a head into the file of this day (UTC).

    Args:
        head: the last entry as it is now.

    Raises:
        OSError: the folder cannot be written.
    """
    handle = os.open(_folder() / now().date().isoformat(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="ascii") as file:
        file.write(f"{head.number} {head.hash}\n")
        file.flush()
        os.fsync(file.fileno())


def kept_today() -> bool:
    """Tell whether this day has a head."""
    return (settings().audit_heads / now().date().isoformat()).exists()


def kept() -> list[Head]:
    """Give every head that was kept, oldest first.

    Raises:
        BrokenHeads: a line is none.
    """
    return [head for path in _days() for head in _read(path)]


def last_of_day_before(day: date) -> tuple[date, Head] | None:
    """Give the last head of the last day that has one before this day, with that day.

    Raises:
        BrokenHeads: a line is none.
    """
    before = [(path, _read(path)) for path in _days()[-3:] if path.name < day.isoformat()]
    return next(((date.fromisoformat(path.name), heads[-1]) for path, heads in before[::-1] if heads), None)


def begin() -> Head:
    """Give the entry that full checks start from: the one in the file `begin`, where an operator put one.

    Raises:
        BrokenHeads: the file holds no head.
    """
    path = settings().audit_heads / _BEGIN
    if not path.exists():
        return BEGINNING
    heads = _read(path)
    if len(heads) != 1:
        raise BrokenHeads(f"{path}: not one line")
    return heads[0]


def check(full: bool) -> Checked:
    """Check the chain against itself, every head that was kept and every certificate; write down the result.

    Args:
        full: from the first entry (or `begin`) on; else from where the last check ended.

    Returns:
        The result; where something is wrong, it is always of a full check, which names the first bad entry.

    Raises:
        BrokenHeads: a line of a file is none.
        SQLAlchemyError: the database does not answer.
        OSError: the folder cannot be used.
    """
    # The heads first: what is appended meanwhile is then never newer than what is looked at.
    heads, last = kept(), last_check()
    start = begin()
    since = last.checked.head if last and not last.checked.fault and not full else start
    with reading() as session:
        checked = verify(session, heads, since)
        if checked.fault and since != start:
            checked = verify(session, heads, start)
        if checked.fault is None:
            fault = certificates.fault_after(session, since.number)
            checked = Checked(checked.head, fault and certificates.fault_after(session, start.number))
    _write(checked)
    return checked


def _write(checked: Checked) -> None:
    fault = asdict(checked.fault) if checked.fault else None
    content = json.dumps({"at": now().isoformat(), "head": asdict(checked.head), "fault": fault})
    fresh = _folder() / f".{_LAST_CHECK}"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(content)
    fresh.replace(_folder() / _LAST_CHECK)


def last_check() -> LastCheck | None:
    """Give what the last check came to; None where there was none, or what is there cannot be read."""
    try:
        said = json.loads((settings().audit_heads / _LAST_CHECK).read_text("ascii"))
        fault = Fault(**said["fault"]) if said["fault"] else None
        return LastCheck(datetime.fromisoformat(said["at"]), Checked(Head(**said["head"]), fault))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _folder() -> Path:
    folder = settings().audit_heads
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _days() -> list[Path]:
    return sorted(settings().audit_heads.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"))


def _read(path: Path) -> list[Head]:
    heads = []
    for line, written in enumerate(path.read_text("ascii", errors="replace").splitlines(), 1):
        number, _, seal = written.partition(" ")
        if not number.isdecimal() or (int(number) == 0) != (seal == "") or len(seal) not in (0, 64):
            raise BrokenHeads(f"{path}, line {line}: not a number and a seal")
        heads.append(Head(int(number), seal) if seal else BEGINNING)
    return heads
