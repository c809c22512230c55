"""The way in: the value of TOCSIN_INBOUND becomes a listener, a reader of a mailbox, or nothing at all."""

import logging
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


@contextmanager
def listening(url: str, sender: Sender, *, bounce_limit: int) -> Iterator[None]:
    """Take mail that comes back until the end of the block. Raises ConfigurationError if that cannot be."""
    place = parse(url)
    if place is None:
        yield
        return
    ears = _ears(place, sender, bounce_limit=bounce_limit)
    ears.start()
    log.info("mail that comes back is taken at %s, port %d", place.host, place.port)
    try:
        yield
    finally:
        ears.stop()


def _ears(place: Place | Mailbox, sender: Sender, *, bounce_limit: int) -> Listener | Poller:
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
        return Listener(place, take, name=sender.mail_from.rpartition("@")[2])
    except ConfigurationError as error:
        raise ConfigurationError(f"TOCSIN_INBOUND: {error}") from error
