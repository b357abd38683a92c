"""Alembic's environment: online only, with every table of the project."""
from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import text

import bot.conversations.tables
import bot.notices.tables
import bot.referrals.tables
import bot.security.invitation_tables
import bot.security.tables  # noqa: F401
from bot.database import Base, UtcTime, make_engine


def _render(kind: str, item: Any, _: Any) -> Any:
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcTime) else False


engine = make_engine(str(context.config.get_main_option("sqlalchemy.url")))
with engine.connect().execution_options(write=True) as connection:
    if connection.dialect.name == "sqlite":
        # A table is changed by copying it; dropping the old one must not count as dropping what points to it.
        connection.connection.execute("PRAGMA foreign_keys=OFF")
    context.configure(connection=connection, target_metadata=Base.metadata, render_item=_render, render_as_batch=True,
                      compare_type=True)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # Two processes that start at once bring the database up to date one after the other.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('migrations', 0))"))
        context.run_migrations()
    connection.commit()
