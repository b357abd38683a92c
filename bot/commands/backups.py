"""Commands for encrypted copies: `firstline backup FOLDER` and `firstline restore FILE`."""
from __future__ import annotations

from pathlib import Path

import click

from bot.backups.copies import KeyUnsafe, NotEmpty, back_up, restore
from bot.backups.sealed_file import Damaged
from bot.settings import UnsafeSetting


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="var/backups")
def backup(folder: Path) -> None:
    """Copy the database, encrypted, while everything runs."""
    try:
        target, counts = back_up(folder)
    except (KeyUnsafe, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{target}: {sum(counts.values())} rows of {len(counts)} tables")


@click.command("restore")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore_copy(source: Path) -> None:
    """Bring a copy back into an empty database."""
    try:
        counts = restore(source)
    except (Damaged, KeyUnsafe, NotEmpty, UnsafeSetting, OSError) as error:
        raise click.ClickException(f"nothing was restored: {error}") from error
    click.echo(f"{sum(counts.values())} rows of {len(counts)} tables are back")
