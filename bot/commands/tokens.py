"""Commands for programs: `firstline token ...` and `firstline webhook NAME ADDRESS`."""
from __future__ import annotations

import click

from bot.database import now, reading, writing
from bot.security import tokens
from bot.security.webhooks import set_webhook


@click.group()
def token() -> None:
    """Bearer tokens of programs."""


@token.command("add")
@click.argument("name")
@click.argument("scope", type=click.Choice(tokens.SCOPES))
@click.option("--country", help="Where the organisation behind it works, such as PT.")
@click.option("--days", default=tokens.DAYS, show_default=True, help="How long it is good for.")
def add_token(name: str, scope: str, country: str | None, days: int) -> None:
    """Make a token and print it once; only its hash is kept."""
    try:
        with writing() as session:
            made = tokens.create(session, name, scope, country, days)
    except tokens.BadToken as error:
        raise click.ClickException(str(error)) from error
    click.echo(made)


@token.command("list")
def list_tokens() -> None:
    """List all tokens, with the day on which each ends."""
    with reading() as session:
        for one in tokens.everyone(session):
            state = "revoked" if one.revoked_at else "expired" if one.expires_at <= now() else "active"
            click.echo(f"{one.name:<20} {one.scope:<8} {one.country or '-':<3} {state:<8} {one.expires_at:%Y-%m-%d}")


@token.command("revoke")
@click.argument("name")
def revoke_token(name: str) -> None:
    """End a token at once."""
    with writing() as session:
        ended = tokens.revoke(session, name)
    if not ended:
        raise click.ClickException(f"there is no token '{name}' to revoke")
    click.echo(f"{name} is revoked")


@click.command()
@click.argument("name")
@click.argument("address")
def webhook(name: str, address: str) -> None:
    """Have a channel's messages sent to an address; prints the key that signs them, once."""
    try:
        with writing() as session:
            key = set_webhook(session, name, address)
    except tokens.BadToken as error:
        raise click.ClickException(str(error)) from error
    click.echo(key)
