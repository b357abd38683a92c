"""Commands for the audit trail: `firstline audit verify` and `firstline audit show --subject ID`."""
from __future__ import annotations

import click
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.database import writing
from bot.referrals.reference import clean_reference
from bot.referrals.reports import by_reference
from bot.referrals.tables import Case, Report
from bot.security import audit as records
from bot.security import heads

_ACTOR = "command line"


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
def verify() -> None:
    """Check every entry and every head that was kept; ends with 1 where something is wrong, and says where."""
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
        entries = records.trail(session, _of_one_record(session, subject))
        # What was typed may be anything; only what is a subject already is noted as one.
        records.note(session, _ACTOR, "audit.read", entries[0].subject if entries else None)
        for entry in entries:
            click.echo(f"{entry.id:>8}  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.actor:<24} {entry.action:<24} "
                       f"{entry.subject}")


def _of_one_record(session: Session, subject: str) -> set[str]:
    """Give the ids of the case, report and conversation that a subject belongs to, and the subject itself."""
    named = by_reference(session, clean_reference(subject) or subject)
    query = select(Report.id, Report.conversation_id, Case.id.label("case")).outerjoin(
        Case, Case.report_id == Report.id
    ).where(or_(Report.id == (named.id if named else subject), Case.id == subject, Report.conversation_id == subject))
    return {subject, *(one for row in session.execute(query) for one in row if one)}
