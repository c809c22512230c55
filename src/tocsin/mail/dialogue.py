"""One connection to a relay: greeting, TLS and login by smtplib, and a reading of replies that a bad server cannot stall."""

import base64
import re
import smtplib
import socket
import ssl
import time
from contextlib import suppress

from tocsin.domain.errors import ConfigurationError
from tocsin.mail.replies import Reply, cut, printable
from tocsin.mail.transport import Relay, Tls

LINE_LIMIT = 8192  # octets; RFC 5321, 4.5.3.1.5 says 512, some relays send more
REPLY_LIMIT = 65_536  # octets; an EHLO reply of a large relay has about 1,000

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class BrokenDialogueError(smtplib.SMTPException):
    """What the server sent is not SMTP, or does not fit what it was asked."""


def context_for(relay: Relay) -> ssl.SSLContext | None:
    """Return how certificates are verified, in full and from TLS 1.2 on; None if `relay` is spoken to in clear.

    Raises ConfigurationError if the file of authorities cannot be read.
    """
    if relay.tls is Tls.NONE:
        return None
    try:
        context = ssl.create_default_context(cafile=relay.ca)
    except OSError as error:
        raise ConfigurationError(f"the ca file {relay.ca} is not readable as PEM; name a PEM file") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Session(smtplib.SMTP):
    """One connection to a relay, greeted, encrypted and logged in; after that `ask` and `hand_over` carry messages.

    All of connecting, the first TLS handshake and the banner has to be done in `greeting_s` seconds, and a command with the
    whole of its reply in `command_s`. Every method raises OSError (of which smtplib's and ssl's errors are kinds) for what
    the network or the server does, and has closed the connection then.
    """

    ehlo_msg = "EHLO"

    def __init__(
        self, relay: Relay, context: ssl.SSLContext | None, *, client_name: str, greeting_s: float, command_s: float
    ) -> None:
        self._relay = relay
        self._context = context
        self._command_s = command_s
        self._buffer = bytearray()
        self._deadline = time.monotonic() + greeting_s
        self.transactions = 0  # begun on this connection
        self.offered: frozenset[str] = frozenset()  # extensions, in lower case
        super().__init__(relay.host, relay.port, local_hostname=client_name, timeout=greeting_s)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def is_quiet(self) -> bool:
        """Tell whether the server is silent, as it must be between messages: no word of farewell and no end to be read.

        If it is not, the connection is of no more use.
        """
        if self.sock is None or self._buffer:
            return False
        self.sock.settimeout(0)
        try:
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    @property
    def is_waiting_over(self) -> bool:
        """Whether the next reply is here in part, or its time is over, or none can come."""
        if self.sock is None or self._buffer or self.patience_s <= 0:
            return True
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    @property
    def patience_s(self) -> float:
        """How many seconds the reply to what was written last may take yet."""
        return max(0.0, self._deadline - time.monotonic())

    def fileno(self) -> int:
        """Return the number of the connection's socket."""
        return self._connection().fileno()

    def write(self, data: bytes, *, within_s: float) -> None:
        """Send `data`; it and the replies to it have to be done in `within_s` seconds."""
        connection = self._connection()
        self._deadline = time.monotonic() + within_s
        try:
            connection.settimeout(within_s)
            connection.sendall(data)
        except OSError:
            self.close()
            raise

    def reply(self) -> Reply:
        """Return the next reply, read up to the deadline of what was written last (RFC 5321, 4.2.1)."""
        lines: list[bytes] = []
        size = 0
        try:
            while True:
                line = self._line()
                size += len(line)
                found = _LINE.fullmatch(line.rstrip(b"\r\n"))
                if found is None or size > REPLY_LIMIT:
                    raise BrokenDialogueError(f"no SMTP reply: {cut(printable(line[:80]))}")
                lines.append(found[3] or b"")
                if found[2] != b"-":
                    return Reply(code=int(found[1]), lines=tuple(lines))
        except OSError:
            self.close()
            raise

    def ask(self, command: bytes) -> Reply:
        """Send `command`, if it is not empty, and return the next reply."""
        if command:
            self.write(command, within_s=self._command_s)
        return self.reply()

    def leave(self, *, within_s: float) -> None:
        """Say QUIT, wait at most `within_s` seconds for the answer, and close (RFC 5321, 4.1.1.10)."""
        with suppress(OSError):  # it is closed all the same
            self.write(b"QUIT\r\n", within_s=within_s)
            self.reply()
        self.close()

    # What follows stands in for methods of smtplib.SMTP.

    def send(self, s: object) -> None:
        """Send one command of smtplib's, which hands over bytes for messages only, and messages go by `write`."""
        self.write(str(s).encode("ascii"), within_s=self._command_s)

    def getreply(self) -> tuple[int, bytes]:
        """Return the reply to the one command that smtplib sent.

        More than that one reply cannot be an answer. Before a TLS handshake it would be words that an attacker put in, to be
        taken for the server's own afterwards (response injection, CVE-2021-38371 in Exim).
        """
        reply = self.reply()
        if self._buffer:
            self.close()
            raise BrokenDialogueError("the server answered before it was asked")
        self._connection().settimeout(self._command_s)  # for the handshake, which smtplib does next after STARTTLS
        return reply.code, b"\n".join(reply.lines)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's signature
        # socket.create_connection would give each of the host's addresses the whole time.
        error: OSError = TimeoutError("timed out")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            connection = socket.socket(family, kind, protocol)
            try:
                return self._connected(connection, address)
            except OSError as failed:
                connection.close()
                error = failed
        raise error

    def _connected(self, connection: socket.socket, address: object) -> socket.socket:
        connection.settimeout(self._remaining())
        connection.connect(address)  # type: ignore[arg-type]  # as getaddrinfo made it
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._relay.tls is Tls.IMPLICIT and self._context:
            connection.settimeout(self._remaining())
            return self._context.wrap_socket(connection, server_hostname=self._relay.host)
        return connection

    def _prepare(self) -> None:
        self._hello()
        if self._relay.tls in {Tls.REQUIRED, Tls.OPTIONAL}:
            self._encrypt()
        if self._relay.password:
            self._log_in()
        self.offered = frozenset(self.esmtp_features)

    def _hello(self) -> None:
        code, text = self.ehlo()
        if code // 100 == 5:  # RFC 5321, 3.2: an old server knows HELO only
            code, text = self.helo()
        if code // 100 != 2:
            raise smtplib.SMTPHeloError(code, text)

    def _encrypt(self) -> None:
        if not self.has_extn("starttls"):
            if self._relay.tls is Tls.OPTIONAL:
                return
            raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS, and tls=required")
        self.starttls(context=self._context)
        self._hello()  # RFC 3207, 4.2: what was said before counts no more

    def _log_in(self) -> None:
        # smtplib.login tries every mechanism with the same wrong password, which locks accounts, and knows ASCII only.
        offered = self.esmtp_features.get("auth", "").upper().split()
        user, password = self._relay.user.encode(), self._relay.password.encode()
        if "PLAIN" in offered:  # RFC 4616
            code, text = self.docmd("AUTH PLAIN", _base64(b"\0" + user + b"\0" + password))
        elif "LOGIN" in offered:
            code, text = self._answer("AUTH LOGIN", user, password)
        else:
            raise smtplib.SMTPNotSupportedError("the server offers neither AUTH PLAIN nor AUTH LOGIN")
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, text)

    def _answer(self, command: str, *answers: bytes) -> tuple[int, bytes]:
        code, text = self.docmd(command)
        for each in answers:
            if code != 334:
                break
            code, text = self.docmd(_base64(each))
        return code, text

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > LINE_LIMIT:
                raise BrokenDialogueError(f"the server sent a line of more than {LINE_LIMIT} octets")
            self._receive()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return line

    def _receive(self) -> None:
        connection = self._connection()
        # What is here already is read even when its time is over: other connections may have been attended to first.
        connection.settimeout(self.patience_s)
        try:
            chunk = connection.recv(LINE_LIMIT)
        except (BlockingIOError, ssl.SSLWantReadError):
            raise TimeoutError("timed out") from None
        if not chunk:
            raise smtplib.SMTPServerDisconnected("the server closed the connection")
        self._buffer += chunk

    def _connection(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        return self.sock

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        return remaining


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
