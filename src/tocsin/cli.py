"""The command line. Errors are one line on standard error that says what would be right; exit codes are the contract's."""

import json
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Annotated

import typer
from rich.console import Console

from tocsin import (
    __version__,
    backup,
    bootstrap,
    cli_accounts,
    cli_audit,
    cli_backup,
    cli_mail,
    cli_mcp,
    cli_person,
    cli_recipients,
    cli_rules,
    cli_secret,
    cli_sources,
    cli_webhooks,
    observation,
)
from tocsin.api import rule_set, source_commands
from tocsin.domain.errors import ConfigurationError, InvalidInputError, StoreInUseError, TocsinError
from tocsin.domain.text import one_line
from tocsin.settings import Settings
from tocsin.stopping import told_to_stop
from tocsin.terminal import Json, Subdomain, confirm, facts, listing, say, table

DONE, FAILED, WRONG_USE, WRONG_CONFIGURATION = 0, 1, 2, 78
_INTERRUPTED = 130  # what typer makes of Ctrl+C
_LONGEST = 2000  # characters of an error

cli = typer.Typer(name="tocsin", add_completion=False, rich_markup_mode=None)
workspace = typer.Typer(help="Workspaces: the tenants.")
key = typer.Typer(help="API keys of a workspace.")
cli.add_typer(workspace, name="workspace")
cli.add_typer(key, name="key")
cli.add_typer(cli_rules.rules, name="rules")
cli.add_typer(cli_accounts.account, name="account")
cli.add_typer(cli_audit.audit, name="audit")
cli.add_typer(cli_backup.held, name="held")
cli.add_typer(cli_mail.dkim, name="dkim")
cli.add_typer(cli_person.person, name="person")
cli.add_typer(cli_secret.secret, name="secret")
cli.add_typer(cli_recipients.suppression, name="suppression")
cli.add_typer(cli_webhooks.webhook, name="webhook")
cli.add_typer(cli_sources.source, name="source")
cli.add_typer(cli_recipients.recipient, name="recipient")
cli_person.register(workspace)
cli_recipients.register(workspace)
cli_backup.register(cli)
cli_mcp.register(cli)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code. The top of a command: whatever goes wrong is told in one line."""
    _open_streams()
    command = typer.main.get_command(cli)
    try:
        _must_be_text(arguments)
        code = command.main(list(arguments), prog_name="tocsin", standalone_mode=False)
        if code == _INTERRUPTED:
            return _told("stopped", FAILED)
        return code if isinstance(code, int) else DONE
    except typer.TyperException as error:
        return _told(f"{error} (see tocsin --help)", WRONG_USE)
    except TocsinError as error:
        return _told(str(error), exit_code(error))
    except (KeyboardInterrupt, typer.Abort):
        return _told("stopped", FAILED)
    except BrokenPipeError:
        return FAILED
    except Exception as error:  # noqa: BLE001  the top of a command
        return _told(f"{type(error).__name__}: {error}", FAILED)


def exit_code(error: TocsinError) -> int:
    """Return the exit code of an error. A store in use may be free a moment later: whoever starts services is to try again."""
    if isinstance(error, ConfigurationError) and not isinstance(error, StoreInUseError):
        return WRONG_CONFIGURATION
    return WRONG_USE if isinstance(error, InvalidInputError) else FAILED


@cli.command()
def serve(
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave delivering to `tocsin worker`.")] = False,
) -> None:
    """Run API, pages, tools for assistants and delivery workers in one process."""
    # Here, because most commands need no faces, and they take a third of a second to load.
    from tocsin import server  # noqa: PLC0415

    settings = bootstrap.settings()
    if no_worker and settings.sqlite_path is not None:
        raise ConfigurationError(
            "--no-worker needs PostgreSQL: one process owns a SQLite file, and it must deliver too"
        )
    observation.log_to_stderr(settings)
    with observation.exporting_lines(settings):
        _must_be_free(settings)
        with (
            closing(bootstrap.open_app(settings, traces=observation.traces(settings))) as app,
            bootstrap.desk_open(app, {**rule_set.COMMANDS, **source_commands.COMMANDS, **backup.COMMANDS}),
        ):
            server.serve(
                app, with_worker=not no_worker, ready=lambda: say(f"Tocsin {__version__} at {settings.base_url}")
            )


@cli.command()
def worker() -> None:
    """Run delivery workers alone, beside `tocsin serve --no-worker`, on any number of hosts."""
    from tocsin import server  # noqa: PLC0415  as for `serve`

    settings = bootstrap.settings()
    if settings.sqlite_path is not None:
        raise ConfigurationError("a worker of its own needs PostgreSQL; on SQLite `tocsin serve` delivers too")
    observation.log_to_stderr(settings)
    with (
        observation.exporting_lines(settings),
        closing(bootstrap.open_app(settings, traces=observation.traces(settings))) as app,
        told_to_stop() as wait,
        bootstrap.listening(app),
        bootstrap.hinting(app, hears=True),
        observation.listening(app),
    ):
        crew = server.crew_of(app)
        crew.start()
        say(f"Tocsin {__version__} delivers")
        wait()
        crew.stop()


@cli.command()
def migrate() -> None:
    """Bring the database to this version."""
    applied = bootstrap.migrate_store(bootstrap.settings())
    say("\n".join(f"applied {migration.name}" for migration in applied) or "the database is at this version")


@cli.command()
def doctor(as_json: Json = False) -> None:
    """Check configuration, database, mail, clock and versions; exit 0 only if all is well."""
    findings = bootstrap.administer(bootstrap.settings(), "doctor", {})
    if as_json:
        say(json.dumps(findings, indent=2))
    else:
        table(findings, ("name", "grade", "sentence"))
    if any(finding["grade"] == "failed" for finding in findings):
        raise typer.Exit(FAILED)


@cli.command(name="demo")
def show_demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play the life of one booking on a fast clock, print it, exit.")
    ] = False,
) -> None:
    """Run a throw-away workspace in which a booking goes through its life."""
    from tocsin import demo  # noqa: PLC0415  as for `serve`

    if once:
        demo.play_once(Console())
    else:
        settings = demo.settings(bootstrap.settings())
        _must_be_free(settings)
        demo.serve(settings, Console())


@workspace.command("create")
def create_workspace(  # noqa: PLR0917  typer makes options of them
    subdomain: Subdomain,
    name: Annotated[str, typer.Option(help="What people read; made from the subdomain if left out.")] = "",
    time_zone: Annotated[str, typer.Option(help="For recipients whose own is not known.")] = "Etc/UTC",
    locale: Annotated[str, typer.Option(help="Language of dates in messages, such as de or pt-BR.")] = "en",
    mail_from: Annotated[str | None, typer.Option(help="Sender and organizer; TOCSIN_MAIL_FROM if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Make a workspace."""
    values = {
        "subdomain": subdomain,
        "name": name,
        "time_zone": time_zone,
        "locale": locale,
        "mail_from": mail_from,
    }
    made = bootstrap.administer(bootstrap.settings(), "workspace create", values)
    say(json.dumps(made, indent=2) if as_json else f"{made['name']} lives at {made['url']}")


@workspace.command("list")
def list_workspaces(as_json: Json = False) -> None:
    """List all workspaces."""
    listing("workspace list", {}, ("subdomain", "name", "url", "time_zone", "mail_from"), as_json=as_json)


@workspace.command("show")
def show_workspace(subdomain: Subdomain, as_json: Json = False) -> None:
    """Show a workspace."""
    facts("workspace show", {"subdomain": subdomain}, as_json=as_json)


@workspace.command("delete")
def delete_workspace(
    subdomain: Subdomain, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Delete a workspace and all that it holds."""
    if not yes:
        confirm(f"Delete {subdomain} with all its bookings, rules and messages?")
    bootstrap.administer(bootstrap.settings(), "workspace delete", {"subdomain": subdomain})
    say(f"deleted {subdomain}")


@key.command("create")
def create_key(
    subdomain: Subdomain,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do, such as rules:read; all if left out.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="For how many days it opens anything; for ever if left out.")
    ] = None,
) -> None:
    """Make an API key and print it, alone and only this once."""
    values = {"subdomain": subdomain, "name": name, "scopes": scope or [], "days": days}
    say(bootstrap.administer(bootstrap.settings(), "key create", values)["key"])


@key.command("list")
def list_keys(subdomain: Subdomain, as_json: Json = False) -> None:
    """List the keys of a workspace; nothing can show their secrets."""
    columns = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at")
    listing("key list", {"subdomain": subdomain}, columns, as_json=as_json)


@key.command("revoke")
def revoke_key(subdomain: Subdomain, key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a key at once."""
    bootstrap.administer(bootstrap.settings(), "key revoke", {"subdomain": subdomain, "id": key_id})
    say(f"revoked {key_id}")


@cli.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Booking automation rules: when a booking changes, send a calendar invite to anyone, and keep it true."""
    if version:
        say(f"tocsin {__version__}")
        raise typer.Exit(DONE)
    if context.invoked_subcommand is None:
        sys.stderr.write(f"{context.get_help()}\n")
        raise typer.Exit(WRONG_USE)


def _open_streams() -> None:
    """Open what whoever started the program has shut: Python has None there, and a file could take its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _must_be_text(arguments: Sequence[str]) -> None:
    """Raise InvalidInputError for what is not UTF-8: Python hands it on as half characters, which no store takes."""
    for number, argument in enumerate(arguments, start=1):
        if not argument.isascii() and argument != argument.encode(errors="replace").decode():
            raise InvalidInputError.of(f"argument {number}", "is not UTF-8; type it in a terminal that is set to UTF-8")


def _must_be_free(settings: Settings) -> None:
    """Raise ConfigurationError if another program listens where the server is to."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise ConfigurationError(f"cannot listen on {where} ({error.strerror}); set TOCSIN_LISTEN") from error


def _told(text: str, code: int) -> int:
    # What was typed is repeated in it, and can be anything.
    with suppress(BrokenPipeError):
        sys.stderr.write(f"tocsin: {one_line(text, limit=_LONGEST)}\n")
    return code
