"""The key file: made once, for its owner alone, refused where it is looser, missing or not the right one."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.database import writing
from bot.security import key_file, keys
from bot.settings import UnsafeSetting, settings
from bot.setup import migrate


def use_a_key() -> None:
    with writing() as session:
        keys.writing_key(session.connection(), "a report")


def test_a_first_start_makes_it_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    key_file.make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o400
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]
    before = path.read_bytes()
    key_file.make_keys(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o600, 0o440, 0o404, 0o444, 0o640, 0o500, 0o777])
def test_a_looser_mode_is_refused_and_the_line_says_what_to_do(own_database: Path, mode: int) -> None:
    path = settings().key_file
    path.chmod(mode)
    with pytest.raises(UnsafeSetting, match=f"chmod 400 {path}") as refused:
        migrate()
    assert "\n" not in str(refused.value)
    path.chmod(0o400)
    migrate()


def test_none_is_made_over_records_that_need_another(own_database: Path) -> None:
    use_a_key()
    path = settings().key_file
    away = path.rename(path.with_name("elsewhere"))
    with pytest.raises(UnsafeSetting, match="put the key file back"):
        migrate()
    assert not path.exists()
    key_file.make_keys(path)
    with pytest.raises(UnsafeSetting, match="put the right key file back"):
        keys.check()
    os.replace(away, path)
    keys.check()


@pytest.mark.parametrize("content", ["", "no key\n", "a b c\n", "0" * 32 + " c2hvcnQ=\n", "é\n"])
def test_something_else_is_no_key_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content, "utf-8")
    with pytest.raises(UnsafeSetting, match="key file"):
        key_file.read_keys(path)


def test_a_key_that_was_undone_with_its_transaction_seals_nothing(own_database: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing() as session:
        undone, _ = keys.writing_key(session.connection(), "a report")
        assert keys.reading_key(session.connection(), undone)
        raise ZeroDivisionError
    with writing() as session:
        made, key = keys.writing_key(session.connection(), "a report")
        assert made != undone
        assert keys.writing_key(session.connection(), "a report") == (made, key)
        assert keys.reading_key(session.connection(), made) == key
