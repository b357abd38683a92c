"""Commands for the keys that seal the records: `firstline keys status|rotate|reindex|forget|erase`."""
from __future__ import annotations

import getpass

import click

from bot.database import empty_log, reading, writing
from bot.referrals import reindexing
from bot.referrals.cases import OnHold
from bot.referrals.erasure import LONGEST_REASON, AlreadyErased
from bot.referrals.erasure import erase as erase_record
from bot.referrals.reference import clean_reference
from bot.referrals.reports import by_reference
from bot.security import rotation
from bot.security.audit import COMMAND_LINE
from bot.security.keys import check_file
from bot.settings import settings


@click.group()
def keys() -> None:
    """Keys that seal the records."""


@keys.command()
def status() -> None:
    """Show the keys of the key file, the newest first, how many data keys each wraps and records it makes findable."""
    with reading() as session:
        indexed = reindexing.indexed_with(session)
    for key_id, count in rotation.status():
        click.echo(f"{key_id}  {count} data keys  {indexed.get(key_id, 0)} records in the index")
    if indexed.get(None):
        click.echo(f"{indexed[None]} records are not in the index: run `firstline keys reindex`")


@keys.command()
def rotate() -> None:
    """Make a new key and wrap all data keys with it, while everything runs; cut off, it goes on when run again."""
    done = 0
    for count in rotation.rotate():
        done += count
        click.echo(f"{done} data keys wrapped with the new key")
    click.echo(f"Done. Keep a copy of {settings().key_file} where no backup goes, then run `firstline keys reindex`, "
               "then `firstline keys forget`.")


@keys.command()
def reindex() -> None:
    """Make the index by which records are found anew with the newest key; cut off, it goes on when run again."""
    check_file()
    done = 0
    for count in reindexing.reindex():
        done += count
        click.echo(f"{done} records indexed")
    click.echo("All records are in the index.")


@keys.command()
def forget() -> None:
    """Take earlier keys that nothing needs any more out of the key file."""
    for key_id in rotation.forget(lambda session: {key for key in reindexing.indexed_with(session) if key}):
        click.echo(f"{key_id} is gone")


@keys.command()
@click.argument("reference")
@click.option("--reason", required=True, help="Why; it is kept in the clear, so it must name nobody.")
def erase(reference: str, reason: str) -> None:
    """Erase the record of a reference for good, also in every backup; who, when and why is kept."""
    clean = clean_reference(reference)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise click.ClickException(f"--reason: 1 to {LONGEST_REASON} characters")
    with writing() as session:
        report = by_reference(session, clean) if clean else None
        if report is None:
            raise click.ClickException("there is no record of that reference")
        try:
            key_id = erase_record(session, report, f"{COMMAND_LINE} {getpass.getuser()}"[:80], reason.strip())
        except AlreadyErased:
            key_id = None
        except OnHold as held:
            raise click.ClickException("a legal hold stands on it; a supervisor or data protection officer lifts it "
                                       "first") from held
    click.echo(f"Erased; its key was {key_id}." if key_id else "It was erased before.")
    if not empty_log():
        click.echo("The database was being read meanwhile: run this again, so that its log is emptied too.")
