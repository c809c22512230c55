"""The only place that knows all parts: settings become a store, mailers, a clock, and chance."""

import importlib.metadata
import logging
import os
import sqlite3
import sys
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from tocsin import adapters, secret, site
from tocsin import settings as settings_module
from tocsin.calls.caller import callers
from tocsin.calls.fetcher import fetcher
from tocsin.chance import real_chance
from tocsin.domain.audit import chain_key
from tocsin.domain.discretion import log_key
from tocsin.domain.errors import ConfigurationError, StoreInUseError, TocsinError
from tocsin.formats import addresses
from tocsin.logs import lines
from tocsin.mail import outgoing, transport
from tocsin.mail.capture import CaptureMailer
from tocsin.mail.dns import Resolver
from tocsin.mail.receipts import Receipts
from tocsin.mail.transport import Relay
from tocsin.services import checkup, commands, faults
from tocsin.services.administration import Office
from tocsin.services.administration_mail import MailOffice
from tocsin.services.administration_recipients import RecipientsOffice
from tocsin.services.commands import Desks
from tocsin.services.identity import Outlet
from tocsin.services.ports import Chance, Clock
from tocsin.services.ports_audit import Trail
from tocsin.services.ports_openid import Provider
from tocsin.services.ports_relay import Caller, Mailer
from tocsin.services.ports_sender import Names
from tocsin.services.ports_telemetry import Traces
from tocsin.services.preparation import Sender
from tocsin.settings import Settings
from tocsin.storage.clock import DatabaseClock
from tocsin.storage.migrate import Migration, bring_up, migrate
from tocsin.storage.scratch import Scratch
from tocsin.storage.store import SqlStore
from tocsin.telemetry.both import TracedMetrics
from tocsin.telemetry.metrics import Metrics
from tocsin.workers import desk, hints
from tocsin.workers.dry_runs import DryRunner
from tocsin.workers.hints import Bell, Hints


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
    relay: Relay | None = None  # None where messages are captured
    hints: Hints | None = None  # None on SQLite, which one process owns
    scratch: Scratch = field(default_factory=Scratch)
    # In a scratch of their own, so that programs that ask for one need not wait for people's.
    dry_runs: DryRunner = field(default_factory=lambda: DryRunner(Scratch().open))
    provider: Provider | None = None
    telemetry: Metrics = field(default_factory=Metrics)
    receipts: Receipts | None = None  # None on PostgreSQL, as long as nobody says where they are to be
    traces: Traces | None = None

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
            fetch=fetcher(allowed=self.settings.webhook_allow),
            telemetry=self.telemetry,
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
            relay=outgoing.host(self.relay),
        )

    def names(self) -> Names:
        """Begin a round of questions to the DNS."""
        return Resolver(self.settings.resolver)

    def close(self) -> None:
        """Let go of the dry runs, close the store, and hand over the last spans."""
        self.dry_runs.close()
        self.store.close()
        if self.traces is not None:
            self.traces.close()


_LOOKING = frozenset({"doctor", "audit verify", "backup"})  # these seal nothing, and are needed where a secret is wrong
# Commands of the operator that speak the wire's words; their functions stand with the API, above.
Commands = Mapping[str, Callable[[App, dict[str, Any]], Any]]


def settings() -> Settings:
    """Return the settings of this process's environment. Raises ConfigurationError."""
    return Settings.from_environment(os.environ)


def api_key(key_file: str) -> str:
    """Return the key for another's API, from a file or this process's environment. Raises ConfigurationError."""
    return settings_module.api_key(os.environ, key_file=key_file)


def open_app(
    settings: Settings, *, clock: Clock | None = None, traces: Traces | None = None, with_any_secret: bool = False
) -> App:
    """Open the store and put the parts together. Raises ConfigurationError if a part cannot work.

    PostgreSQL is brought to this version by `tocsin migrate` alone. `with_any_secret` is for what tells or mends a wrong one.
    """
    _check(settings)
    metrics = Metrics() if traces is None else TracedMetrics(traces)
    receipts = Receipts(settings.receipts) if settings.receipts else None
    relay = _relay(settings)
    mailer = outgoing.mailers(relay, client_name=settings.mail_host, telemetry=metrics, receipts=receipts)
    database, processes = adapters.database(settings)
    clock = clock or (_utc_now if settings.sqlite_path is not None else DatabaseClock(database))
    try:
        bring_up(database, by_itself=settings.sqlite_path is not None)
        pepper = secret.of(settings)
        store = SqlStore(database, trail=Trail(key=chain_key(pepper), clock=clock), telemetry=metrics)
        if not with_any_secret:
            secret.settle(settings, store, pepper)
        lines.name_people_by(log_key(pepper))
        return App(
            settings=settings,
            store=store,
            clock=clock,
            chance=real_chance(),
            pepper=pepper,
            relay=relay,
            mailer=mailer,
            caller=CaptureMailer if settings.captures else callers(allowed=settings.webhook_allow, clock=clock),
            bell=Bell(),
            provider=adapters.provider(settings, clock),
            telemetry=metrics,
            receipts=receipts,
            traces=traces,
            hints=processes,
        )
    except BaseException:
        database.close()
        raise


def administer(settings: Settings, command: str, values: dict[str, Any], more: Commands = MappingProxyType({})) -> Any:
    """Run a command of the operator, here or in the server that owns the store; return its answer in JSON values.

    `more` are commands beside those of the services. Raises TocsinError as the command does.
    """
    try:
        app = open_app(settings, with_any_secret=command in _LOOKING)
    except StoreInUseError:
        return desk.result_of(desk.ask(settings.sign, {"command": command, "values": values}))
    with closing(app):
        return _run(app, command, values, more)


@contextmanager
def desk_open(app: App, more: Commands = MappingProxyType({})) -> Iterator[None]:
    """Take commands of the operator for a store that this process owns, until the end of the block."""
    if app.settings.sqlite_path is None:
        yield
        return
    with desk.open_desk(app.settings.sign, lambda request: _answered(app, request, more)):
        yield


def listening(app: App) -> AbstractContextManager[None]:
    """Take mail that comes back, where TOCSIN_INBOUND says, until the end of the block. Raises ConfigurationError."""
    return adapters.listening(app.settings, app.sender)


def hinting(app: App, *, hears: bool) -> AbstractContextManager[None]:
    """Hint to workers of other processes when the bell rings, and hear theirs if it `hears`, until the end of the block."""
    return nullcontext() if app.hints is None else hints.hinting(app.hints, app.bell, hears=hears)


def migrate_store(settings: Settings) -> list[Migration]:
    """Bring the database to this version; return what was applied."""
    _arm(settings)
    database, _ = adapters.database(settings)
    with closing(database):
        return migrate(database)


def _run(app: App, command: str, values: dict[str, Any], more: Commands = MappingProxyType({})) -> Any:
    if command in more:
        return more[command](app, values)
    if command == "doctor":
        return [asdict(finding) for finding in checkup.findings(app.office, _surroundings(app))]
    office = app.office
    mail = MailOffice(office=office, mail_from=app.settings.mail_from, names=app.names)
    recipients = RecipientsOffice(office=office, limits=app.settings.limits)
    return commands.run(Desks(office=office, mail=mail, recipients=recipients), command, values)


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
        inbound=adapters.inbound_probe(app.settings),
        is_local=app.settings.is_local,
        mail_from=app.settings.mail_from,
        probe=outgoing.probe(app.relay, client_name=app.settings.mail_host),
        certificate=outgoing.certificate(app.relay),
        local_now=_utc_now,
        outlet=app.outlet,
        names=app.names,
        site=site.of(app.settings, app.store.setup, app.provider),
    )


def _relay(settings: Settings) -> Relay | None:
    """Return the relay that takes our messages; None if they are captured."""
    if settings.captures:
        return None
    try:
        return transport.parse(settings.smtp_url)
    except ConfigurationError as error:
        raise ConfigurationError(f"TOCSIN_SMTP_URL: {error}") from error


def _check(settings: Settings) -> None:
    # The pinned tzdata package and not the system's copy: which one is used changes answers.
    zoneinfo.reset_tzpath(to=[])
    if wrong := addresses.sender_complaint(settings.mail_from):
        raise ConfigurationError(f"TOCSIN_MAIL_FROM: {wrong}")
    adapters.check_inbound(settings)
    site.must_be_private(settings)
    _arm(settings)


def _arm(settings: Settings) -> None:
    try:
        faults.arm(settings.faults)
    except ValueError as error:
        raise ConfigurationError(f"TOCSIN_FAULTS: {error}") from error


def _utc_now() -> datetime:
    return datetime.now(UTC)
