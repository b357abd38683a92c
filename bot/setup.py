"""What a first start does: settings, database, accounts, model; and what every start checks."""
from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from bot.security import keys
from bot.settings import ROOT, settings
from bot.training import train_if_needed

if TYPE_CHECKING:
    from bot.protocol.profile import Profile


def write_settings(root: Path = ROOT) -> bool:
    """Write `.env` from `.env.example` with a generated secret, readable by its owner alone.

    Args:
        root: the project's folder.

    Returns:
        Whether it was written; one that is there is left as it is.
    """
    target = root / ".env"
    if target.exists():
        return False
    content = (root / ".env.example").read_text("utf-8").replace("FIRSTLINE_SECRET=\n",
                                                                 f"FIRSTLINE_SECRET={secrets.token_urlsafe(48)}\n")
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    return True


def migrations(url: str) -> Config:
    """Give Alembic's configuration for a database."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "bot" / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def migrate() -> None:
    """Bring the database up to date; one that is new gets all tables, and a key to seal them with.

    Raises:
        UnsafeSetting: the key file is missing, readable by others, or not the one of this database.
    """
    keys.make_ready()
    command.upgrade(migrations(settings().database_url), "head")


def check_data() -> str:
    """Load every catalogue and profile.

    Returns:
        What was loaded, in one line.

    Raises:
        BrokenData: an entry is broken; file, line and reason are named.
    """
    from bot.notices import wording
    from bot.protocol.advice import catalogue
    from bot.protocol.catalogue import fields, questions, texts
    from bot.protocol.indicators import indicators
    from bot.protocol.profile import PROFILES, load_profile, periods
    from bot.protocol.routes import title

    title("nfp")
    wording.check()
    profiles = [load_profile(path.stem) for path in sorted(PROFILES.glob("*.yml"))]
    periods(settings().profile)
    _check_names()
    _check_sentences(profiles[0])
    return (f"{len(indicators())} indicators, {len(questions())} questions, {len(fields())} fields, "
            f"{len(catalogue())} pieces of advice, {len(texts())} texts, {len(profiles)} profiles: all sound.")


def _check_names() -> None:
    """Check that what one catalogue names stands in the other."""
    from bot.protocol.catalogue import fields, questions
    from bot.protocol.indicators import indicators
    from bot.protocol.loading import DATA, BrokenData, line_of

    path = DATA / "questions.yml"
    for position, question in enumerate(questions().values()):
        for place, option in enumerate(question.options):
            if option.sign and option.sign not in indicators():
                line = line_of(path, [position, "options", place])
                raise BrokenData(path, line, f"{question.id}: no such indicator: {option.sign}")
    path = DATA / "fields.yml"
    for field in fields().values():
        if field.ask not in questions():
            raise BrokenData(path, line_of(path, [field.id]), f"{field.id}: no such question: {field.ask}")


def _check_sentences(profile: Profile) -> None:
    """Check that sentences can be filled in, so that none fails while somebody waits for it."""
    from bot.protocol.catalogue import questions, texts
    from bot.protocol.loading import DATA, BrokenData, line_of
    from bot.protocol.report import new_report
    from bot.protocol.wording import Setting, fill

    nobody, setting = new_report(), Setting(profile, True, profile.code)
    said = texts()
    where: list[str | int] = []
    name = "questions.yml"
    try:
        for position, question in enumerate(questions().values()):
            for key, sentence in (("ask", question.ask), ("short", question.short)):
                where = [position, key]
                fill(sentence, nobody, setting)
        name = "texts.yml"
        # What a text is handed besides is known to whoever says it; here only its braces are checked.
        for text_id, sentence in said.items():
            where = [text_id]
            list(Formatter().parse(sentence))
    except (KeyError, ValueError, IndexError) as error:
        raise BrokenData(DATA / name, line_of(DATA / name, where), f"cannot be filled in: {error}") from error


def prepare(say: Callable[[str], None]) -> list[tuple[str, str]]:
    """Make everything ready for a start.

    Args:
        say: called with each line for the operator.

    Returns:
        Name and password of each account that was made now; they are kept nowhere.
    """
    from bot.database import writing
    from bot.security.accounts import first_start

    if write_settings():
        say("Wrote .env with a generated secret.")
    say(check_data())
    migrate()
    with writing() as session:
        made = first_start(session)
    train_if_needed(settings().models, say)
    return made
