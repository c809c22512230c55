"""One connection to a relay: greeting, TLS and login by smtplib, and a reading of replies that a bad server cannot stall."""

import base64
import select
import smtplib
import socket
import ssl
import time
from contextlib import suppress

from tocsin.domain.errors import ConfigurationError
from tocsin.mail import client_certificate
from tocsin.mail.replies import LINE_LIMIT, BrokenDialogueError, Incoming, Reply
from tocsin.mail.transport import Relay, Tls


def context_for(relay: Relay) -> ssl.SSLContext | None:
    """Return how certificates are verified, in full and from TLS 1.2 on, and which one is shown.

    None if `relay` is spoken to in clear. Raises ConfigurationError if a file of `relay` cannot be used.
    """
    if relay.tls is Tls.NONE:
        return None
    try:
        context = ssl.create_default_context(cafile=relay.ca)
    except OSError as error:
        raise ConfigurationError(f"the ca file {relay.ca} is not readable as PEM; name a PEM file") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if relay.cert:
        client_certificate.load(context, relay.cert, relay.key)
    return context


class Session(smtplib.SMTP):
    """One connection to a relay, greeted, encrypted and logged in; after that `write` and `reply` carry messages.

    All of connecting, the first TLS handshake and the banner has to be done in `greeting_s` seconds, and a command with the
    whole of its reply in `command_s`. To be made takes as long as the server takes; after that nothing waits but `leave`.
    Every method raises OSError (of which smtplib's and ssl's errors are kinds) for what the network or the server does, and
    has closed the connection then.
    """

    ehlo_msg = "EHLO"

    def __init__(
        self, relay: Relay, context: ssl.SSLContext | None, *, client_name: str, greeting_s: float, command_s: float
    ) -> None:
        self._relay = relay
        self._context = context
        self._command_s = command_s
        self._incoming = Incoming()
        self._outgoing = memoryview(b"")
        self._waits = True  # for the server, in each call
        self._deadline = time.monotonic() + greeting_s
        self.transactions = 0  # begun on this connection
        self.offered: frozenset[str] = frozenset()  # extensions, in lower case
        super().__init__(relay.host, relay.port, local_hostname=client_name, timeout=greeting_s)
        try:
            self._prepare()
            self._connection().setblocking(False)  # noqa: FBT003  the standard library's signature
            self._waits = False
        except BaseException:
            self.close()
            raise

    def is_quiet(self) -> bool:
        """Tell whether the server is silent, as it must be between messages: no word of farewell and no end to be read.

        If it is not, the connection is of no more use.
        """
        try:
            return not self._receive() and not self._incoming
        except OSError:
            return False

    def has_spoken(self) -> bool:
        """Tell whether the server has said more than it was asked. That it is gone, whoever writes next will find."""
        with suppress(OSError):
            self._receive()
        return bool(self._incoming)

    @property
    def events(self) -> int:
        """What to poll the connection for."""
        return select.POLLOUT if self._outgoing else select.POLLIN

    @property
    def patience_s(self) -> float:
        """How many seconds the reply to what was written last may take yet."""
        return max(0.0, self._deadline - time.monotonic())

    def fileno(self) -> int:
        """Return the number of the connection's socket; -1 once it is closed."""
        return -1 if self.sock is None else self.sock.fileno()

    def write(self, data: bytes, *, within_s: float) -> None:
        """Begin to send `data`; it and the replies to it have to be done in `within_s` seconds."""
        self._deadline = time.monotonic() + within_s
        self._outgoing = memoryview(data)
        self.is_written()

    def is_written(self) -> bool:
        """Go on with sending; tell whether all that was written has left."""
        connection = self._connection()
        try:
            while self._outgoing:
                if self._waits:
                    connection.settimeout(self._remaining())
                self._outgoing = self._outgoing[connection.send(self._outgoing) :]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self._remaining()
        except OSError:
            self.close()
            raise
        return not self._outgoing

    def reply(self) -> Reply | None:
        """Return the next reply, or None if it is not there in full and its time is not over (RFC 5321, 4.2.1).

        What is here already is read even when its time is over: other connections may have been attended to first.
        """
        try:
            while (reply := self._incoming.reply()) is None:
                if not self._receive():
                    self._remaining()
                    return None
        except OSError:
            self.close()
            raise
        return reply

    def ask(self, command: bytes, *, within_s: float) -> Reply:
        """Send `command` and return its reply, when it is here."""
        self._waits = True
        self.write(command, within_s=within_s)
        reply = self.reply()
        if reply is None:  # pragma: no cover  who waits gets a reply or an error
            raise BrokenDialogueError("no reply")
        return reply

    def leave(self, *, within_s: float) -> None:
        """Say QUIT, wait at most `within_s` seconds for the answer, and close (RFC 5321, 4.1.1.10)."""
        with suppress(OSError):  # it is closed all the same
            self.ask(b"QUIT\r\n", within_s=within_s)
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
        if reply is None or self._incoming:
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
        elif self._relay.cert:
            self._point_to_certificate()
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
        offered = self._mechanisms()
        user, password = self._relay.user.encode(), self._relay.password.encode()
        if "PLAIN" in offered:  # RFC 4616
            code, text = self.docmd("AUTH PLAIN", _base64(b"\0" + user + b"\0" + password))
        elif "LOGIN" in offered:
            code, text = self._answer("AUTH LOGIN", user, password)
        else:
            raise smtplib.SMTPNotSupportedError("the server offers neither AUTH PLAIN nor AUTH LOGIN")
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, text)

    def _point_to_certificate(self) -> None:
        # RFC 4422, appendix A. A relay that does not offer it has seen the certificate, and goes by that or not at all.
        if "EXTERNAL" in self._mechanisms():
            code, text = self.docmd("AUTH EXTERNAL", "=")  # as whom the certificate says; empty is "=" (RFC 4954, 4)
            if code != 235:
                raise smtplib.SMTPAuthenticationError(code, text)

    def _mechanisms(self) -> list[str]:
        return self.esmtp_features.get("auth", "").upper().split()

    def _answer(self, command: str, *answers: bytes) -> tuple[int, bytes]:
        code, text = self.docmd(command)
        for each in answers:
            if code != 334:
                break
            code, text = self.docmd(_base64(each))
        return code, text

    def _receive(self) -> bool:
        """Take what the server has sent; tell whether there was anything. While greeting, wait for it."""
        connection = self._connection()
        if self._waits:
            connection.settimeout(self._remaining())
        try:
            chunk = connection.recv(LINE_LIMIT)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        if not chunk:
            raise smtplib.SMTPServerDisconnected("the server closed the connection")
        self._incoming.add(chunk)
        return True

    def _connection(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        return self.sock

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            self.close()
            raise TimeoutError("timed out")
        return remaining


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
