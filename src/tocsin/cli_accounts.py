"""The commands about accounts: `tocsin account`. A password is typed, or read from a file, and never an argument."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tocsin import bootstrap
from tocsin.domain.errors import InvalidInputError
from tocsin.settings.values import text_of
from tocsin.terminal import Json, Subdomain, listing, say

account = typer.Typer(help="Accounts that may sign in to the pages of a workspace.")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address that somebody signs in with.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file", help="A file whose first line is the password; left out: asked for, or standard input."
    ),
]


@account.command("create")
def create_account(
    subdomain: Subdomain,
    email: Email,
    role: Annotated[str, typer.Option(help="admin, or viewer, who may look and not change.")] = "admin",
    password_file: PasswordFile = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="It is signed in by the sign-in service of TOCSIN_OIDC_ISSUER alone.")
    ] = False,
) -> None:
    """Make an account."""
    if no_password and password_file is not None:
        raise InvalidInputError.of("no-password", "give it, or --password-file, and not both")
    password = None if no_password else _password(password_file)
    values = {"subdomain": subdomain, "email": email, "role": role, "password": password}
    made = bootstrap.administer(bootstrap.settings(), "account create", values)
    say(f"{made['email']} may sign in to {subdomain} as {made['role']}")


@account.command("list")
def list_accounts(subdomain: Subdomain, as_json: Json = False) -> None:
    """List the accounts of a workspace."""
    listing("account list", {"subdomain": subdomain}, ("email", "role", "created_at"), as_json=as_json)


@account.command("password")
def set_password(subdomain: Subdomain, email: Email, password_file: PasswordFile = None) -> None:
    """Give an account another password; whoever is signed in with it is signed out."""
    values = {"subdomain": subdomain, "email": email, "password": _password(password_file)}
    done = bootstrap.administer(bootstrap.settings(), "account password", values)
    say(f"{done['email']} has a new password, and is signed out everywhere")


@account.command("unbind")
def unbind_account(subdomain: Subdomain, email: Email) -> None:
    """Let whoever comes next from the sign-in service with this address have the account."""
    done = bootstrap.administer(bootstrap.settings(), "account unbind", {"subdomain": subdomain, "email": email})
    say(f"{done['email']} is bound to nobody at the sign-in service, and is signed out everywhere")


@account.command("reset-factor")
def reset_factor(subdomain: Subdomain, email: Email) -> None:
    """Take away the second factor of somebody who has lost it; the password stays."""
    done = bootstrap.administer(bootstrap.settings(), "account reset-factor", {"subdomain": subdomain, "email": email})
    say(f"{done['email']} signs in by the password alone, until another second factor is set up")


@account.command("delete")
def delete_account(subdomain: Subdomain, email: Email) -> None:
    """Delete an account; whoever is signed in with it is signed out."""
    done = bootstrap.administer(bootstrap.settings(), "account delete", {"subdomain": subdomain, "email": email})
    say(f"deleted {done['email']}")


def _password(path: Path | None) -> str:
    if path is None and sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    try:
        text = sys.stdin.readline() if path is None or str(path) == "-" else text_of(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError.of("password-file", f"cannot read {path}: {error}") from error
    return text.partition("\n")[0].removesuffix("\r")
