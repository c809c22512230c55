"""Listens to mail that a relay on this machine forwards: LMTP (RFC 2033) or SMTP (RFC 5321), spoken by aiosmtpd.

Everything is taken: what is of no use is counted and dropped, because a refusal makes the relay write to a sender who is often
forged. Only what is too large is refused, and what cannot be written down now has to be brought again.
"""

import asyncio
import logging
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, AnyStr
from urllib.parse import urlsplit

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from tocsin.domain.errors import ConfigurationError, UnavailableError
from tocsin.formats.received import LARGEST
from tocsin.mail.transport import is_loopback
from tocsin.services.inbound import Inbound

MOST_RECIPIENTS = 50
MOST_CONNECTIONS = 20
LONGEST_COMMAND = 2_048  # octets
# In one session; a relay keeps one for many messages.
MOST_COMMANDS = {"*": 100, "MAIL": 2_000, "RCPT": 50_000, "DATA": 2_000, "RSET": 2_000, "NOOP": 2_000}
IDLE_S = 300.0  # RFC 5321, 4.5.3.2.7
GRACE_S = 30.0  # for the messages in hand when told to stop
_THREADS = 4

TAKEN = "250 2.0.0 taken"
TOO_LARGE = "552 5.3.4 the message is too large"
LATER = "451 4.3.0 cannot be written down now; bring it again"
_TOO_MANY_RECIPIENTS = "452 4.5.3 too many recipients; bring it to the rest in another one"
_TOO_MANY_CONNECTIONS = b"421 4.3.2 too many connections; come again\r\n"

_SHAPE = "write lmtp://127.0.0.1:8024 or smtp://127.0.0.1:2526"

log = logging.getLogger("tocsin.inbound")


class Spoken(StrEnum):
    """What the relay speaks to us."""

    LMTP = "lmtp"
    SMTP = "smtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to listen, and in which language."""

    spoken: Spoken
    host: str
    port: int


Take = Callable[[Inbound], object]  # raises UnavailableError if the mail is to be brought again


def parse(url: str) -> Place:
    """Return the place that `url` names. Raises ConfigurationError with a sentence that says what would be right."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError(f"the address to listen on cannot be read; {_SHAPE}") from None
    if parts.scheme not in list(Spoken) or not host or port is None or parts.username is not None:
        raise ConfigurationError(f"the address to listen on needs a host and a port, and no user; {_SHAPE}")
    if parts.path not in {"", "/"} or parts.fragment or parts.query not in {"", "public=yes"}:
        raise ConfigurationError(f"after host and port only ?public=yes may follow; {_SHAPE}")
    if not parts.query and not is_loopback(host):
        raise ConfigurationError(
            f"{host} can be reached from other machines, and whoever reaches the listener can write to it without the "
            f"checks of a mail server; let a relay on this machine forward to 127.0.0.1, or add ?public=yes"
        )
    return Place(spoken=Spoken(parts.scheme), host=host, port=port)


class Listener:
    """Listens in a thread of its own from `start` to `stop`. `name` is what it calls itself."""

    def __init__(self, place: Place, take: Take, *, name: str, shared: bool = False) -> None:
        """Raise ConfigurationError if somebody else listens there already; `shared`: unless he shares the place too."""
        self._place = place
        self._hooks = _Hooks(take)
        self._name = name
        self._sessions: set[_Session] = set()
        self._socket = _bound(place, shared=shared)
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="tocsin-inbound", daemon=True)
        self._ready = threading.Event()
        self.port: int = self._socket.getsockname()[1]

    def start(self) -> None:
        """Begin to take mail."""
        # It writes every command with the addresses in it at INFO, and what strangers say at WARNING.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Take no more connections, finish the messages in hand, and return."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        self._socket.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_connection_broke)
        try:
            server = await self._loop.create_server(self._session, sock=self._socket)
        finally:
            self._ready.set()
        await self._stopping.wait()
        server.close()
        await self._hooks.finish()
        for session in list(self._sessions):
            session.end()

    def _session(self) -> asyncio.BaseProtocol:
        if len(self._sessions) >= MOST_CONNECTIONS:
            return _Busy()
        kind = _Lmtp if self._place.spoken is Spoken.LMTP else _Smtp
        return kind(self._hooks, self._sessions, name=self._name)


class _Hooks:
    """What aiosmtpd asks and tells; the names of the methods are its own."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tocsin-inbound")
        self._in_hand: set[asyncio.Future[None]] = set()

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, host: str, offers: list[str]
    ) -> list[str]:
        session.host_name = host
        return [offers[0], "250-PIPELINING", *offers[1:]]  # RFC 2033, 5

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return _TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._in_hand.add(done)
        try:
            replies = [await loop.run_in_executor(self._threads, self._taken, mail) for mail in _mails(envelope)]
        finally:
            self._in_hand.discard(done)
            done.set_result(None)
        if isinstance(server, LMTP):
            return "\r\n".join(replies)
        return LATER if LATER in replies else TAKEN

    async def handle_exception(self, error: Exception) -> str:
        log.warning("a command could not be read: %s", type(error).__name__)
        return LATER

    async def finish(self) -> None:
        """Wait for the messages in hand, but not for ever."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=GRACE_S)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _taken(self, mail: Inbound) -> str:
        try:
            self._take(mail)
        except UnavailableError as error:
            log.warning("a mail could not be taken: %s", error)
            return LATER
        except Exception:
            log.exception("a mail could not be taken")
            return LATER
        return TAKEN


class _Session(SMTP):
    """One connection, within limits. Lines may be as long as a message, because some calendars do not fold theirs."""

    line_length_limit = LARGEST

    def __init__(self, hooks: _Hooks, sessions: "set[_Session]", *, name: str) -> None:
        super().__init__(
            hooks,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname=name,
            ident="Tocsin",
            timeout=IDLE_S,
            command_call_limit=MOST_COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        # The library's own is shared by all sessions, and each greeting makes it larger for all.
        self.command_size_limits = defaultdict(lambda: LONGEST_COMMAND)
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        super().connection_lost(error)

    async def push(self, status: AnyStr) -> None:
        """Say `status`. A line that is too long for the library is longer than a message may be."""
        text = status if isinstance(status, str) else status.decode()
        await super().push(TOO_LARGE if text.startswith("500 Line too long") else text)

    def end(self) -> None:
        """Close the connection."""
        if self.transport is not None:
            self.transport.close()


class _Smtp(_Session):
    """SMTP: one reply to a message, whatever the number of its recipients."""


class _Lmtp(_Session, LMTP):
    """LMTP: one reply for each recipient (RFC 2033, 4.2), also where the library itself refuses the message with one."""

    _due = 0  # recipients that wait for their reply

    async def push(self, status: AnyStr) -> None:
        """Say `status`, as often as replies are due."""
        text = status if isinstance(status, str) else status.decode()
        if text.startswith("354") and self.envelope is not None:
            self._due = len(self.envelope.rcpt_tos)
        elif self._due:
            replies = text.split("\r\n")
            text = "\r\n".join(replies if len(replies) == self._due else replies[:1] * self._due)
            self._due = 0
        await super().push(text)


class _Busy(asyncio.Protocol):
    """What a connection gets that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(_TOO_MANY_CONNECTIONS)
        transport.close()


def _mails(envelope: Envelope) -> list[Inbound]:
    content = envelope.content if isinstance(envelope.content, bytes) else b""
    sender = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
    return [Inbound(recipient=address, sender=sender, message=content) for address in envelope.rcpt_tos]


def _bound(place: Place, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    # Several workers of one store may listen at one place; each is handed some of the connections. A process of another store
    # would take away what it cannot read.
    sharing = shared and hasattr(socket, "SO_REUSEPORT")
    try:
        return socket.create_server((place.host, place.port), family=family, reuse_port=sharing)
    except OSError as error:
        where = f"{place.host}:{place.port}"
        raise ConfigurationError(f"cannot listen on {where} ({error.strerror}); name a free address") from error


def _connection_broke(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.debug("a connection broke: %s", context.get("message", ""))
