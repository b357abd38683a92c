"""Commands for the audit trail: `firstline audit verify` and `firstline audit show --subject ID`."""
from __future__ import annotations

import click

from bot.database import writing
from bot.referrals.trail import read_trail
from bot.security import heads
from bot.security.audit import COMMAND_LINE


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
def verify() -> None:
    """Check every entry, certificate and kept head; ends with 1 where something is wrong, and says where."""
    try:
        start, checked = heads.begin().number, heads.check(full=True)
    except heads.BrokenHeads as error:
        raise click.ClickException(str(error)) from error
    if checked.fault:
        raise click.ClickException(f"entry {checked.fault.number}: {checked.fault.what.replace('_', ' ')}")
    left_out = f" (those before {start} were not checked)" if start > 1 else ""
    click.echo(f"{checked.head.number} entries, all sound{left_out}; head {checked.head.hash or 'none yet'}")


@audit.command("show")
@click.option("--subject", required=True, help="A reference, or the id of a case, a report, a conversation, or a name.")
def show(subject: str) -> None:
    """Show who did and read what on a record; this look is noted as well."""
    with writing() as session:
        trail = read_trail(session, subject, COMMAND_LINE)
        for entry in trail.entries:
            click.echo(f"{entry.id:>8}  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.actor:<24} {entry.action:<24} "
                       f"{entry.subject}")
        for one in trail.certificates:
            rows = ", ".join(f"{count} {table}" for table, count in one.counts.items())
            click.echo(f"certificate {one.id}: {one.kind} erased {one.at:%Y-%m-%d %H:%M:%S}Z by {one.by} "
                       f"({one.rule}); {rows}; keys destroyed: {', '.join(one.keys) or 'none'}"
                       f"{'' if one.bound else '; THE TRAIL DOES NOT HAVE IT LIKE THIS'}")
