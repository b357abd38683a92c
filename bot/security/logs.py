"""The one place that says what may stand in a log, whoever writes it: `data/logs.yml` lists it, all else is left out.

Every record of Python's logging is made here (a record factory), so it holds for every library and every handler;
structlog, which Rasa and our own modules use, hands its events on to it. What passes: time, level, logger, place; the
sentence, where it stands word for word in the source that logs it, without its arguments; the listed keys of our own
modules, each in its shape; of an error its type, its number where the system gives one, and the lines it came through.
"""
from __future__ import annotations

import ast
import errno
import logging
import re
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from bot.protocol.loading import TEXT, load
from bot.settings import ROOT

LEFT_OUT = "(left out)"
_STANDARD = sysconfig.get_path("stdlib")
FRAMES = 8
"""Lines of a traceback that are shown, counted from where it broke."""
_NAMES = {"type": "array", "minItems": 1, "items": TEXT}
_SCHEMA: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "required": ["own", "shapes", "keys", "texts"],
    "properties": {"own": _NAMES, "texts": _NAMES, "shapes": {"type": "object", "additionalProperties": TEXT},
                   "keys": {"type": "object", "additionalProperties": TEXT}},
}
_Error = tuple[type[BaseException], BaseException, "TracebackType | None"]

log = structlog.get_logger()


@dataclass(frozen=True)
class Rules:
    """What is allowed: prefixes of our own loggers, shape of each key, and types of errors whose text may be read."""

    own: tuple[str, ...]
    keys: dict[str, re.Pattern[str]]
    texts: frozenset[str]


@lru_cache(maxsize=1)
def rules() -> Rules:
    """Read the rules.

    Raises:
        BrokenData: the file is broken.
    """
    said = load(Path(__file__).parent / "data" / "logs.yml", _SCHEMA)
    shapes = {name: re.compile(shape) for name, shape in said["shapes"].items()}
    return Rules(tuple(said["own"]), {key: shapes[shape] for key, shape in said["keys"].items()},
                 frozenset(said["texts"]))


@dataclass(frozen=True)
class _Event:
    """An event of structlog on its way to a record."""

    name: Any
    keys: dict[str, str] = field(default_factory=dict)


def configure(level: str) -> None:
    """Set up what this process logs, and catch what nobody caught.

    Args:
        level: DEBUG, INFO, WARNING or ERROR; libraries log warnings and worse, and all only at DEBUG.
    """
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(force=True, handlers=[handler])
    set_levels(level)
    # Deprecations of Rasa's own pins would bury what an operator must read, and a warning may quote anything.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.CRITICAL)
    logging.setLogRecordFactory(_record)
    structlog.configure(processors=[_hand_on], logger_factory=structlog.stdlib.LoggerFactory(),
                        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
                        cache_logger_on_first_use=True)
    sys.excepthook = lambda _, error, __: log.critical("uncaught", exc_info=error)
    sys.unraisablehook = lambda what: log.error("unraisable", exc_info=what.exc_value)
    threading.excepthook = lambda what: log.error("thread_died", exc_info=what.exc_value)


def set_levels(level: str) -> None:
    """Set who speaks from which level on; once more after libraries were loaded, because some change it for all.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
    """
    own = logging.getLevelName(level)
    logging.getLogger().setLevel(own if own == logging.DEBUG else max(own, logging.WARNING))
    for name in rules().own:
        logging.getLogger(name).setLevel(own)


def _hand_on(logger: Any, _: str, event: Any) -> tuple[tuple[_Event], dict[str, Any]]:
    """Hand an event of structlog on to Python's logging; the last, and only, of its processors."""
    kept = {}
    if _is_own(logger.name):
        for key, shape in rules().keys.items():
            if event.get(key) is not None:
                kept[key] = str(event[key]) if shape.fullmatch(str(event[key])) else LEFT_OUT
    return (_Event(event.get("event"), kept),), {"exc_info": event.get("exc_info")}


def _record(name: str, level: int, path: str, line: int, message: Any, args: Any, exc_info: _Error | None,
            func: str | None = None, sinfo: str | None = None, **_: Any) -> logging.LogRecord:
    """Make a record that holds nothing but what is allowed; the arguments are those of `logging.LogRecord`."""
    event = message if isinstance(message, _Event) else _Event(message)
    words = [event.name.replace("\n", " ") if _stands_in(path, event.name) else LEFT_OUT]
    words += [f"{key}={value}" for key, value in event.keys.items()]
    if not _is_own(name):
        words.append(f"at {_place(path, line)}")
    error = exc_info[1] if exc_info else event.name
    if isinstance(error, BaseException):
        words.append("; caused by ".join(_described(one) for one in _chain(error)))
    return logging.LogRecord(name, level, path, line, " ".join(words), (), None, func, None)


def _is_own(name: str) -> bool:
    return name.partition(".")[0] in rules().own


def _stands_in(path: str, message: Any) -> bool:
    """Tell whether a message is a sentence of the source code, so that no value was put into it."""
    return isinstance(message, str) and message in _sentences(path)


@cache
def _sentences(path: str) -> frozenset[str]:
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    # The message of a call to a logger is its first argument, or its second where the level comes first.
    return frozenset(given.value for call in ast.walk(tree) if isinstance(call, ast.Call) for given in call.args[:2]
                     if isinstance(given, ast.Constant) and isinstance(given.value, str))


def _place(path: str, line: int) -> str:
    short = path.rpartition("site-packages/")[2].removeprefix(f"{ROOT}/").removeprefix(f"{_STANDARD}/")
    return f"{Path(short).name if short.startswith('/') else short}:{line}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what caused it, each once."""
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        yield following
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def _described(error: BaseException) -> str:
    """Write an error without any value: its type, its number and the places that it came through."""
    kind = type(error)
    said = kind.__qualname__
    if isinstance(error, OSError) and error.errno is not None:
        said += f" {errno.errorcode.get(error.errno, error.errno)}"
    if f"{kind.__module__}.{kind.__qualname__}" in rules().texts:
        said += f" ({error})"
    places = [_place(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    # What libraries call among themselves says little; where it broke, and our own way there, says what to look at.
    shown = [place for place in places[:-1] if place.partition("/")[0] in rules().own] + places[-1:]
    return f"{said} at {' > '.join(shown[-FRAMES:])}" if shown else said
