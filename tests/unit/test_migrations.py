"""The schema by Alembic: up, down and up again with data in it, and no drift from the tables in the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from bot.database import Base, make_engine
from bot.setup import migrations
from tests.databases import new_url


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return migrations(new_url(tmp_path / "with %.db"))


def tables(config: Config) -> set[str]:
    engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
    found = set(inspect(engine).get_table_names()) - {"alembic_version"}
    engine.dispose()
    return found


def test_up_makes_every_table_of_the_code(config: Config) -> None:
    command.upgrade(config, "head")
    assert tables(config) == set(Base.metadata.tables)


def test_no_drift(config: Config) -> None:
    command.upgrade(config, "head")
    command.check(config)


def test_up_twice_is_up_once(config: Config) -> None:
    command.upgrade(config, "head")
    command.upgrade(config, "head")
    assert tables(config) == set(Base.metadata.tables)


def test_down_and_up_again(config: Config) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    assert tables(config) == set()
    command.upgrade(config, "head")
    assert tables(config) == set(Base.metadata.tables)
    command.check(config)


def test_each_step_goes_down_and_up_with_data(config: Config) -> None:
    steps = [s.revision for s in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    for step in steps:
        command.upgrade(config, step)
        engine = make_engine(str(config.get_main_option("sqlalchemy.url")))
        with engine.connect().execution_options(write=True) as connection:
            connection.execute(
                text(
                    "INSERT INTO conversations (id, channel, owner, name, state, last_seq, return_failures, created_at,"
                    " updated_at) VALUES (:id, 'web', 'device', :id, 'bot', 0, 0, '2026-01-01', '2026-01-01')"
                ),
                {"id": step},
            )
            connection.commit()
        engine.dispose()
    for _ in steps[1:]:
        command.downgrade(config, "-1")
        command.upgrade(config, "+1")
        command.downgrade(config, "-1")
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_there_is_one_head(config: Config) -> None:
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
