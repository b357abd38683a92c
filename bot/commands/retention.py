"""Command for what is kept how long: `firstline retention` says what would go, with `--run` it goes."""
from __future__ import annotations

import click
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.retention import one_round
from bot.referrals.retention import outlook


@click.command()
@click.option("--run", is_flag=True, help="Erase now what is due, as the jobs do once a day.")
def retention(run: bool) -> None:
    """Show period, what is due and what a legal hold keeps, by class of data; without --run nothing is erased."""
    if run:
        try:
            gone, failed = one_round()
        except SQLAlchemyError as error:
            raise click.ClickException(f"the database does not answer ({type(error).__name__})") from error
        for kind, rows in gone.items():
            click.echo(f"{kind:<12} {rows} rows erased")
        if failed:
            raise click.ClickException("could not be erased: " + ", ".join(f"{item} ({why})" for item, why in
                                                                           failed.items()))
        if not gone:
            click.echo("nothing was due")
        return
    click.echo(f"{'class':<12} {'days':>5} {'due now':>8} {'held':>5}  next")
    for line in outlook():
        following = f"{line.next_at:%Y-%m-%d}" if line.next_at else "-"
        click.echo(f"{line.kind:<12} {line.days:>5} {line.due:>8} {line.held:>5}  {following}")
