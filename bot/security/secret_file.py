"""A file that holds a secret: only its owner may read it, and nobody may write it."""
from __future__ import annotations

import stat
from pathlib import Path

from bot.settings import UnsafeSetting

MODE = 0o400


def check_mode(path: Path, setting: str) -> None:
    """Refuse a file that anybody but its owner may read, or that may be written.

    Args:
        path: the file; one that is not there is no fault here.
        setting: name of the setting that names it.

    Raises:
        UnsafeSetting: its mode is looser than 0400.
    """
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & ~MODE:
        raise UnsafeSetting(f"{setting}: {path} must be of mode 0400: chmod 400 {path}")


def read_line(path: Path, setting: str) -> str:
    """Read a secret of one line, such as a password.

    Args:
        path: the file.
        setting: name of the setting that names it.

    Returns:
        The line without its end.

    Raises:
        UnsafeSetting: the file is looser than 0400, cannot be read, or holds something else.
    """
    check_mode(path, setting)
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnsafeSetting(f"{setting}: {path} cannot be read; put the file there") from error
    if len(lines) != 1 or not lines[0]:
        raise UnsafeSetting(f"{setting}: {path} must hold one line")
    return lines[0]
