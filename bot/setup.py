"""What a first start does: settings, database, accounts, model; and what every start checks."""
from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config

from bot.settings import ROOT, settings
from bot.training import train_if_needed


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


def check_data() -> str:
    """Load every catalogue and profile.

    Returns:
        What was loaded, in one line.

    Raises:
        BrokenData: an entry is broken; file, line and reason are named.
    """
    from bot.protocol.advice import catalogue
    from bot.protocol.catalogue import fields, questions, texts
    from bot.protocol.indicators import indicators
    from bot.protocol.loading import DATA, BrokenData
    from bot.protocol.profile import PROFILES, load_profile
    from bot.protocol.routes import title

    signs = {o.sign for q in questions().values() for o in q.options if o.sign}
    unknown = signs - set(indicators())
    if unknown:
        raise BrokenData(DATA / "questions.yml", 1, f"no such indicator: {', '.join(sorted(unknown))}")
    title("nfp")
    profiles = [load_profile(path.stem) for path in sorted(PROFILES.glob("*.yml"))]
    return (f"{len(indicators())} indicators, {len(questions())} questions, {len(fields())} fields, "
            f"{len(catalogue())} pieces of advice, {len(texts())} texts, {len(profiles)} profiles: all sound.")


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
    command.upgrade(migrations(settings().database_url), "head")
    with writing() as session:
        made = first_start(session)
    train_if_needed(settings().models, say)
    return made
