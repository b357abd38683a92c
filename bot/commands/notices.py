"""Commands for notices to people outside: `firstline notices test` and `firstline notices key`."""
from __future__ import annotations

import asyncio
import uuid

import click

from bot.database import now, writing
from bot.jobs.delivery import client
from bot.notices import wording
from bot.notices.mail import NotSent
from bot.notices.outbox import Letter, addresses, note_test
from bot.notices.sending import send, webhook_key
from bot.settings import settings


@click.group()
def notices() -> None:
    """Notices by e-mail, and to the webhook for the desk's notices."""


@notices.command("test")
def send_test() -> None:
    """Send a test to every address; ends with 1 where one did not get it, and says why."""
    named = addresses("test")
    if not named:
        raise click.ClickException("no notices are set: FIRSTLINE_SMTP_HOST and FIRSTLINE_NOTICES_... in .env")
    failed = [address for address in named if not asyncio.run(_test(address))]
    if failed:
        raise click.ClickException(f"{len(failed)} of {len(named)} did not get the test")


async def _test(address: str) -> bool:
    letter = Letter(str(uuid.uuid4()), "test", "normal", address, None, None, now())
    try:
        async with client() as http:
            await send(http, letter)
    except NotSent as error:
        click.echo(f"NOT sent to {address}: {wording.failure(error.step, error.error)}")
        return False
    with writing() as session:
        note_test(session, letter)
    click.echo(f"sent to {address}")
    return True


@notices.command("key")
def show_key() -> None:
    """Print the key that signs what goes to FIRSTLINE_NOTICES_WEBHOOK."""
    if not settings().notices.webhook:
        raise click.ClickException("FIRSTLINE_NOTICES_WEBHOOK names no address")
    click.echo(webhook_key(settings().notices.webhook))
