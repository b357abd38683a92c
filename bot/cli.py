"""The command line `firstline`: set-up, the three processes, accounts, tokens, invitations and checks."""
from __future__ import annotations

import json
import os
import sys

import click


class Clear(click.Group):
    """Shows a refused start as one line that says what to change, and not as a stack trace."""

    def invoke(self, context: click.Context) -> object:
        """Run a command."""
        from bot.protocol.loading import BrokenData
        from bot.serve import AlreadyRunning
        from bot.settings import REFUSED, UnsafeSetting
        from bot.training import TrainingFailed, UntrustedModel

        try:
            return super().invoke(context)
        except (BrokenData, UnsafeSetting, UntrustedModel, TrainingFailed, AlreadyRunning) as refused:
            click.echo(f"Refused to start: {refused}", err=True)
            sys.exit(REFUSED)


@click.group(cls=Clear)
@click.pass_context
def main(context: click.Context) -> None:
    """Firstline: from a responder's first message to a referral in human hands."""
    from bot.security.logs import configure
    from bot.settings import settings
    from bot.setup import migrate, write_settings

    # Any command may be the first on a new machine.
    if "FIRSTLINE_SECRET" not in os.environ:
        write_settings()
    configure(settings().log_level)
    if context.invoked_subcommand in ("accounts", "audit", "backup", "keys", "notices", "token", "webhook", "invite",
                                      "retention"):
        migrate()


@main.command()
def prepare() -> None:
    """Write settings, bring the database up to date, make the first accounts, train the model."""
    from bot.setup import prepare as do

    for name, password in do(click.echo):
        click.echo(f"Sign in as {name:6}  {password}   (shown this once)")


@main.command()
def run() -> None:
    """Prepare, then start bot, web and jobs, and stop them together."""
    from bot.manager import run_all
    from bot.setup import prepare as do

    first = do(click.echo)
    sys.exit(run_all(first, click.echo))


@main.command()
@click.argument("part", type=click.Choice(["bot", "web", "jobs"]))
@click.option("--number", type=click.IntRange(1), default=1, show_default=True,
              help="Of the bot: which of the sockets in FIRSTLINE_BOT_SOCKET is its own.")
def serve(part: str, number: int) -> None:
    """Run one process."""
    from bot import serve as processes

    starts = {"bot": lambda: processes.serve_bot(number), "web": processes.serve_web, "jobs": processes.serve_jobs}
    starts[part]()


@main.command()
def train() -> None:
    """Train the model where it is missing or its inputs changed."""
    from bot.settings import settings
    from bot.training import train_if_needed

    if not train_if_needed(settings().models, click.echo):
        click.echo("The model is up to date.")


@main.command()
def check() -> None:
    """Load every catalogue and profile; a broken entry is named with file, line and reason."""
    from bot.setup import check_data

    click.echo(check_data())


@main.command()
def schema() -> None:
    """Print the JSON Schema of the record."""
    from bot.protocol.record import schema as build

    click.echo(json.dumps(build(), indent=2))


def _add_commands() -> None:
    from bot.commands.accounts import accounts
    from bot.commands.audit import audit
    from bot.commands.backups import backup, restore_copy
    from bot.commands.invitations import invite
    from bot.commands.keys import keys
    from bot.commands.notices import notices
    from bot.commands.retention import retention
    from bot.commands.tokens import token, webhook

    for command in (accounts, audit, backup, restore_copy, keys, notices, retention, token, webhook, invite):
        main.add_command(command)


_add_commands()

if __name__ == "__main__":
    main()
