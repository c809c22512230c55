"""Adapters that only some installations have, loaded when the settings name them.

PostgreSQL's client, the ways in for mail, and the sign-in service take a fifth of the time in which a command begins.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict

from tocsin.services.ports import Clock
from tocsin.services.ports_openid import Provider
from tocsin.services.preparation import Sender
from tocsin.settings import Settings
from tocsin.storage.database import Database
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.workers.hints import Hints


def database(settings: Settings) -> tuple[Database, Hints | None]:
    """Open the database; return it, and how processes that share it hint to each other: None on SQLite, which one owns."""
    if settings.sqlite_path is not None:
        return SqliteDatabase(settings.sqlite_path), None
    from tocsin.storage.hints import PostgresHints
    from tocsin.storage.postgres import PostgresDatabase

    opened = PostgresDatabase(settings.database_url)
    return opened, PostgresHints(opened)


def provider(settings: Settings, clock: Clock) -> Provider | None:
    """Return the sign-in service, if there is one. Raises ConfigurationError if that is no address for it."""
    if settings.openid is None:
        return None
    from tocsin.calls.provider import OpenIdProvider

    return OpenIdProvider(**asdict(settings.openid), clock=clock)


def check_inbound(settings: Settings) -> None:
    """Raise ConfigurationError if mail that comes back cannot be taken where TOCSIN_INBOUND says."""
    if settings.inbound:
        from tocsin.mail import incoming

        incoming.parse(settings.inbound)


def listening(settings: Settings, sender: Sender) -> AbstractContextManager[None]:
    """Take mail that comes back, where TOCSIN_INBOUND says, until the end of the block. Raises ConfigurationError."""
    if not settings.inbound:
        return nullcontext()
    from tocsin.mail import incoming

    shared = settings.sqlite_path is None
    return incoming.listening(settings.inbound, sender, bounce_limit=settings.bounce_limit, shared=shared)


def inbound_probe(settings: Settings) -> Callable[[], str | None] | None:
    """Return what tells why mail that comes back would not be taken now; None if none is to be taken."""
    if not settings.inbound:
        return None
    from tocsin.mail import incoming

    return lambda: incoming.complaint(settings.inbound)
