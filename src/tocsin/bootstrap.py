"""The only place that knows all parts: settings become a store, mailers, a clock, chance, and logging."""

import importlib.metadata
import logging
import os
import signal
import sqlite3
import sys
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tocsin import logs, secret
from tocsin import settings as settings_module
from tocsin.calls.caller import callers
from tocsin.chance import real_chance
from tocsin.domain.errors import ConfigurationError, StoreInUseError, TocsinError
from tocsin.formats import addresses
from tocsin.mail import incoming, outgoing, transport
from tocsin.mail.capture import CaptureMailer
from tocsin.mail.dns import Resolver
from tocsin.mail.transport import Relay
from tocsin.services import (
    administration,
    administration_accounts,
    administration_mail,
    administration_recipients,
    checkup,
    faults,
)
from tocsin.services.administration import Office
from tocsin.services.administration_mail import MailOffice
from tocsin.services.administration_recipients import RecipientsOffice
from tocsin.services.identity import Outlet
from tocsin.services.ports import Chance, Clock
from tocsin.services.ports_relay import Caller, Mailer
from tocsin.services.ports_sender import Names
from tocsin.services.preparation import Sender
from tocsin.settings import Settings
from tocsin.storage.clock import DatabaseClock
from tocsin.storage.database import Database
from tocsin.storage.hints import PostgresHints
from tocsin.storage.migrate import Migration, migrate, pending
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.scratch import Scratch
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.storage.store import SqlStore
from tocsin.workers import desk, hints
from tocsin.workers.hints import Bell


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """All parts, put together. `bell` is rung when something may have fallen due, so that workers need not wait."""

    settings: Settings
    store: SqlStore
    clock: Clock
    chance: Chance
    pepper: bytes
    mailer: Callable[[], Mailer]
    caller: Callable[[], Caller]
    bell: Bell
    hints: PostgresHints | None = None  # None on SQLite, which one process owns
    scratch: Scratch = field(default_factory=Scratch)

    @property
    def office(self) -> Office:
        """What administration needs."""
        return Office(
            store=self.store,
            clock=self.clock,
            chance=self.chance,
            pepper=self.pepper,
            url_of=self.settings.workspace_url,
            webhook_allow=self.settings.webhook_allow,
        )

    @property
    def sender(self) -> Sender:
        """What delivering needs."""
        return Sender(
            store=self.store,
            clock=self.clock,
            chance=self.chance,
            mail_from=self.settings.mail_from,
            base_url_of=self.settings.workspace_url,
            secret=self.pepper,
            hears=bool(self.settings.inbound),
            limits=self.settings.limits,
        )

    @property
    def trial_sender(self) -> Sender:
        """What writing a message needs that is only shown: links and addresses in it are of no use to anybody."""
        return replace(self.sender, secret=self.chance.new_secret().encode(), signs=False)

    @property
    def outlet(self) -> Outlet:
        """What the checks of a sender need."""
        return Outlet(
            store=self.store,
            mail_from=self.settings.mail_from,
            secret=self.pepper,
            relay=outgoing.host(_relay(self.settings)),
        )

    def names(self) -> Names:
        """Begin a round of questions to the DNS."""
        return Resolver(self.settings.resolver)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


# Commands of the operator that speak the wire's words; their functions stand with the API, above.
Commands = Mapping[str, Callable[[App, dict[str, Any]], Any]]


def settings() -> Settings:
    """Return the settings of this process's environment. Raises ConfigurationError."""
    return Settings.from_environment(os.environ)


def api_key(key_file: str) -> str:
    """Return the key for another's API, from a file or this process's environment. Raises ConfigurationError."""
    return settings_module.api_key(os.environ, key_file=key_file)


def open_app(settings: Settings, *, clock: Clock | None = None, chance: Chance | None = None) -> App:
    """Open the store and put the parts together. Raises ConfigurationError if a part cannot work.

    SQLite is brought to this version at once; PostgreSQL only by `tocsin migrate`, because other hosts may run on it.
    """
    # The pinned tzdata package and not the system's copy: which one is used changes answers.
    zoneinfo.reset_tzpath(to=[])
    _check(settings)
    mailer = outgoing.mailers(_relay(settings), client_name=_client_name(settings))
    database = _open(settings)
    clock = clock or (_utc_now if settings.sqlite_path is not None else DatabaseClock(database))
    try:
        if settings.sqlite_path is not None:
            migrate(database)
        elif pending(database):
            raise ConfigurationError("the database is not at this version; run `tocsin migrate`")
        return App(
            settings=settings,
            store=SqlStore(database),
            clock=clock,
            chance=chance or real_chance(),
            pepper=secret.of(settings),
            mailer=mailer,
            caller=CaptureMailer if settings.captures else callers(allowed=settings.webhook_allow, clock=clock),
            bell=Bell(),
            hints=PostgresHints(database) if isinstance(database, PostgresDatabase) else None,
        )
    except BaseException:
        database.close()
        raise


def administer(settings: Settings, command: str, values: dict[str, Any], more: Commands = MappingProxyType({})) -> Any:
    """Run a command of the operator, here or in the server that owns the store; return its answer in JSON values.

    `more` are commands beside those of the services. Raises TocsinError as the command does.
    """
    try:
        app = open_app(settings)
    except StoreInUseError:
        answer = desk.ask(_sign(settings), {"command": command, "values": values})
        return desk.result_of(answer)
    with closing(app):
        return _run(app, command, values, more)


@contextmanager
def desk_open(app: App, more: Commands = MappingProxyType({})) -> Iterator[None]:
    """Take commands of the operator for a store that this process owns, until the end of the block."""
    if app.settings.sqlite_path is None:
        yield
        return
    with desk.open_desk(_sign(app.settings), lambda request: _answered(app, request, more)):
        yield


def listening(app: App) -> AbstractContextManager[None]:
    """Take mail that comes back, where TOCSIN_INBOUND says, until the end of the block. Raises ConfigurationError."""
    limit, is_one_of_many = app.settings.bounce_limit, app.settings.sqlite_path is None
    return incoming.listening(app.settings.inbound, app.sender, bounce_limit=limit, shared=is_one_of_many)


def hinting(app: App, *, hears: bool) -> AbstractContextManager[None]:
    """Hint to workers of other processes when the bell rings, and hear theirs if it `hears`, until the end of the block."""
    return nullcontext() if app.hints is None else hints.hinting(app.hints, app.bell, hears=hears)


def migrate_store(settings: Settings) -> list[Migration]:
    """Bring the database to this version; return what was applied."""
    with closing(_open(settings)) as database:
        return migrate(database)


def on_stop_signal(stop: Callable[[], None]) -> None:
    """Call `stop` when the process is told to end by SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())


def log_to_stderr(settings: Settings) -> None:
    """Write log lines to standard error, in the form that TOCSIN_LOG names."""
    logs.to_stderr(as_json=settings.log == "json")


def _run(app: App, command: str, values: dict[str, Any], more: Commands = MappingProxyType({})) -> Any:
    if command in more:
        return more[command](app, values)
    if command == "doctor":
        return [asdict(finding) for finding in checkup.findings(app.office, _surroundings(app))]
    if command in administration_accounts.COMMANDS:
        return administration_accounts.run(app.office, command, values)
    if command in administration_mail.COMMANDS:
        desk = MailOffice(office=app.office, mail_from=app.settings.mail_from, names=app.names)
        return administration_mail.run(desk, command, values)
    if command in administration_recipients.COMMANDS:
        recipients = RecipientsOffice(office=app.office, limits=app.settings.limits)
        return administration_recipients.run(recipients, command, values)
    return administration.run(app.office, command, values)


def _answered(app: App, request: dict[str, Any], more: Commands) -> dict[str, Any]:
    try:
        return {"result": _run(app, request["command"], request["values"], more)}
    except TocsinError as error:
        return desk.told(error)
    except Exception as error:
        logging.getLogger("tocsin.desk").exception("a command failed unforeseen")
        return {"error": f"{type(error).__name__}: {error}", "code": "unavailable"}


def _surroundings(app: App) -> checkup.Surroundings:
    return checkup.Surroundings(
        python=sys.version_info[:3],
        sqlite=sqlite3.sqlite_version_info if app.settings.sqlite_path is not None else None,
        zone_rules=importlib.metadata.version("tzdata"),
        captures=app.settings.captures,
        inbound=(lambda: incoming.complaint(app.settings.inbound)) if app.settings.inbound else None,
        is_local=app.settings.is_local,
        mail_from=app.settings.mail_from,
        probe=outgoing.probe(_relay(app.settings), client_name=_client_name(app.settings)),
        local_now=_utc_now,
        outlet=app.outlet,
        names=app.names,
    )


def _client_name(settings: Settings) -> str:
    return settings.mail_from.rpartition("@")[2]


def _sign(settings: Settings) -> Path:
    path = settings.sqlite_path or Path()
    return path.with_name(path.name + ".lock")


def _open(settings: Settings) -> Database:
    if settings.sqlite_path is not None:
        return SqliteDatabase(settings.sqlite_path)
    return PostgresDatabase(settings.database_url)


def _relay(settings: Settings) -> Relay | None:
    """Return the relay that takes our messages; None if they are captured."""
    if settings.captures:
        return None
    try:
        return transport.parse(settings.smtp_url)
    except ConfigurationError as error:
        raise ConfigurationError(f"TOCSIN_SMTP_URL: {error}") from error


def _check(settings: Settings) -> None:
    wrong = addresses.sender_complaint(settings.mail_from)
    if wrong is not None:
        raise ConfigurationError(f"TOCSIN_MAIL_FROM: {wrong}")
    incoming.parse(settings.inbound)
    try:
        faults.arm(settings.faults)
    except ValueError as error:
        raise ConfigurationError(f"TOCSIN_FAULTS: {error}") from error


def _utc_now() -> datetime:
    return datetime.now(UTC)
