"""Command for invitations: `firstline invite ORGANISATION --role ... --call-back ...`."""
from __future__ import annotations

import click

from bot.database import writing
from bot.security import invitations, organisations
from bot.security.audit import COMMAND_LINE
from bot.settings import settings


@click.command()
@click.argument("organisation")
@click.option("--role", required=True, help="What they are, such as police; a wrong one lists all.")
@click.option("--call-back", required=True, help="The number at which the organisation confirms who writes: +351...")
@click.option("--uses", default=invitations.USES, show_default=True, help="How many devices it binds.")
@click.option("--days", default=invitations.DAYS, show_default=True, help="How long the link can be used.")
@click.option("--country", help="Where it works, such as PT; makes an organisation that is not known yet.")
@click.option("--address", help="Where responders reach the pages: https://... [default: this machine]")
def invite(organisation: str, role: str, call_back: str, uses: int, days: int, country: str | None,
           address: str | None) -> None:
    """Invite an organisation's responders, and print the link once; only its hash is kept."""
    try:
        with writing() as session:
            found = organisations.named(session, organisation)
            if found is None and country is None:
                raise organisations.NoSuchInvitation(f"there is no organisation '{organisation}'; --country makes it")
            found = found or organisations.add(session, organisation, country or "", COMMAND_LINE)
            secret = invitations.invite(session, found.id, role, call_back, COMMAND_LINE, uses, days)
    except organisations.InvitationError as error:
        raise click.ClickException(str(error)) from error
    here = f"http://{settings().host}:{settings().port}"
    click.echo(invitations.link(address or here, secret))
