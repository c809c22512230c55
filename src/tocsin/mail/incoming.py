"""The way in: the value of TOCSIN_INBOUND becomes a listener, a reader of a mailbox, or nothing at all."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tocsin.domain import signed_address
from tocsin.domain.errors import ConfigurationError
from tocsin.mail import imap, inbound
from tocsin.mail.imap import Mailbox, Poller
from tocsin.mail.inbound import Listener, Place
from tocsin.services.inbound import Inbound, Reception, Verdict, receive
from tocsin.services.preparation import Sender

_READERS: dict[str, Callable[[str], Place | Mailbox]] = {
    "lmtp": inbound.parse,
    "smtp": inbound.parse,
    "imap": imap.parse,
    "imaps": imap.parse,
}

_PATIENCE_S = 5.0

log = logging.getLogger("tocsin.inbound")


def parse(url: str) -> Place | Mailbox | None:
    """Return where mail comes back to; None if nowhere, because `url` is empty. Raises ConfigurationError."""
    if not url:
        return None
    read = _READERS.get(url.partition(":")[0].lower())
    if read is None:
        raise ConfigurationError(
            "TOCSIN_INBOUND: write lmtp://127.0.0.1:8024, smtp://127.0.0.1:2526 or imaps://user:password@host:993/INBOX"
        )
    try:
        return read(url)
    except ConfigurationError as error:
        raise ConfigurationError(f"TOCSIN_INBOUND: {error}") from error


def complaint(url: str) -> str | None:
    """Tell why nothing that comes back would be taken now: nobody answers where `url` says; None if somebody does."""
    place = parse(url)
    if place is None:
        return "TOCSIN_INBOUND is empty"
    try:
        socket.create_connection((place.host, place.port), timeout=_PATIENCE_S).close()
    except OSError as error:
        return f"nobody answers at {place.host}, port {place.port} ({error.strerror or error})"
    return None


@contextmanager
def listening(url: str, sender: Sender, *, bounce_limit: int, shared: bool) -> Iterator[None]:
    """Take mail that comes back until the end of the block; `shared`: other processes may at the same place.

    Raises ConfigurationError if that cannot be.
    """
    place = parse(url)
    if place is None:
        yield
        return
    ears = _ears(place, sender, bounce_limit=bounce_limit, shared=shared)
    ears.start()
    log.info("mail that comes back is taken at %s, port %d", place.host, place.port)
    try:
        yield
    finally:
        ears.stop()


def _ears(place: Place | Mailbox, sender: Sender, *, bounce_limit: int, shared: bool) -> Listener | Poller:
    reception = Reception(
        store=sender.store,
        clock=sender.clock,
        chance=sender.chance,
        secret=sender.secret,
        bounce_limit=bounce_limit,
    )

    def take(mail: Inbound) -> Verdict:
        return receive(reception, mail)

    def is_ours(address: str) -> bool:
        return signed_address.read(address, sender.secret) is not None

    if isinstance(place, Mailbox):
        return Poller(place, take, is_ours=is_ours)
    try:
        return Listener(place, take, name=sender.mail_from.rpartition("@")[2], shared=shared)
    except ConfigurationError as error:
        raise ConfigurationError(f"TOCSIN_INBOUND: {error}") from error
