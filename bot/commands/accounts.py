"""Commands for accounts: `firstline accounts ...`."""
from __future__ import annotations

import click

from bot.database import reading, writing
from bot.referrals.claims import release_held
from bot.security.accounts import (
    DUTY,
    ROLES,
    AccountError,
    add,
    everyone,
    named,
    reset_password,
    reset_second_factor,
    set_disabled,
    set_role,
)
from bot.security.audit import COMMAND_LINE


@click.group()
def accounts() -> None:
    """Accounts of the duty desk."""


@accounts.command("list")
def list_accounts() -> None:
    """List all accounts."""
    with reading() as session:
        for one in everyone(session):
            state = "disabled" if one.disabled else "active"
            click.echo(f"{one.name:<20} {one.role:<11} {state:<9} {one.display_name}")


@accounts.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default=DUTY, show_default=True)
@click.option("--display", required=True, help="The name that responders read.")
def add_account(name: str, role: str, display: str) -> None:
    """Make an account and print its password once."""
    try:
        with writing() as session:
            password = add(session, name, role, display, COMMAND_LINE)
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    click.echo(password)


@accounts.command("password")
@click.argument("name")
def new_password(name: str) -> None:
    """Draw a new password, print it once, and end all sessions of the account."""
    try:
        with writing() as session:
            release_held(session, named(session, name))
            password = reset_password(session, name, COMMAND_LINE)
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    click.echo(password)


@accounts.command("second-factor-reset")
@click.argument("name")
def second_factor_reset(name: str) -> None:
    """Have the next sign-in of an account set up a phone anew, and end all its sessions."""
    try:
        with writing() as session:
            release_held(session, named(session, name))
            reset_second_factor(session, name, COMMAND_LINE)
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} sets up a phone at the next sign-in")


@accounts.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
def change_role(name: str, role: str) -> None:
    """Give an account another role, and end all its sessions."""
    try:
        with writing() as session:
            release_held(session, named(session, name))
            set_role(session, name, role, COMMAND_LINE)
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} is {role}")


@accounts.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Keep an account from signing in, and end all its sessions."""
    try:
        with writing() as session:
            release_held(session, named(session, name))
            set_disabled(session, name, True, COMMAND_LINE)
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} is disabled")
