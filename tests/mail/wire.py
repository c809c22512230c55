"""The server's end of connections on loopback: words for scripts, one thread for each connection, and scripted servers."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class Wire:
    """One connection, seen from the server; its methods are the words of a script."""

    def __init__(self, connection: socket.socket, closing: threading.Event, session: int) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._held_back = b""
        self.closing = closing
        self.session = session
        self.encrypted = False

    @property
    def pending(self) -> bool:
        """Tell whether the client has sent more than was read."""
        return bool(self._buffer)

    @property
    def client(self) -> str:
        """Return the common name in the certificate that the client has shown; nothing if it has shown none."""
        shown = self._connection.getpeercert() if isinstance(self._connection, ssl.SSLSocket) else None
        names = dict(part for parts in (shown or {}).get("subject", ()) for part in parts)  # type: ignore[misc]
        return str(names.get("commonName", ""))

    def send(self, data: bytes) -> None:
        """Send `data` as it stands, after what was held back."""
        self._connection.sendall(self._held_back + data)
        self._held_back = b""

    def hold_back(self, data: bytes) -> None:
        """Send `data` together with what is sent next."""
        self._held_back += data

    def drip(self, data: bytes, *, every_s: float) -> None:
        """Send `data` byte by byte, one each `every_s` seconds, until the server ends."""
        for byte in data:
            self.send(bytes([byte]))
            if self.closing.wait(every_s):
                return

    def hold(self) -> None:
        """Say nothing more until the server ends."""
        self.closing.wait()

    def line(self) -> bytes:
        """Return the next line with its ending; raise EOFError at the end of the connection."""
        while (end := self._buffer.find(b"\n")) < 0:
            self._receive()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return line

    def expect(self, *verbs: bytes) -> bytes:
        """Read one line for each of `verbs`, which it has to begin with; return the last."""
        line = b""
        for verb in verbs:
            line = self.line()
            assert line.upper().startswith(verb), f"expected {verb!r}, got {line!r}"
        return line

    def body(self) -> bytes:
        """Return the bytes after DATA up to the final dot, still dot-stuffed (RFC 5321, 4.1.1.4)."""
        self._buffer[:0] = b"\r\n"
        start = 0
        while (end := self._buffer.find(b"\r\n.\r\n", start)) < 0:
            start = max(0, len(self._buffer) - 4)
            self._receive()
        raw = bytes(self._buffer[2 : end + 2])
        del self._buffer[: end + 5]
        return raw

    def greet(self, *extensions: bytes) -> None:
        """Play the beginning of a dialogue: banner, EHLO, and `extensions` offered."""
        self.send(b"220 relay.example ESMTP\r\n")
        self.expect(b"EHLO")
        offers = b"".join(b"250-%s\r\n" % each for each in extensions)
        self.send(b"250-relay.example\r\n" + offers + b"250 HELP\r\n")

    def take_envelope(self) -> None:
        """Play MAIL, RCPT and DATA up to the 354."""
        for verb, answer in ((b"MAIL", b"250 ok"), (b"RCPT", b"250 ok"), (b"DATA", b"354 go on")):
            self.expect(verb)
            self.send(answer + b"\r\n")

    def take_all(self) -> None:
        """Play MAIL, RCPT and DATA as they come in one write (RFC 2920), up to the 354."""
        self.expect(b"MAIL", b"RCPT", b"DATA")
        self.send(b"250 ok\r\n250 ok\r\n354 go on\r\n")

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's half of the TLS handshake."""
        self._connection = context.wrap_socket(self._connection, server_side=True)
        self.encrypted = True

    def reset(self) -> None:
        """End the connection with a RST, as a firewall does."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def cut(self) -> None:
        """End the connection, from any thread."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection and give it back; only the thread that serves it may, or a new one could be hit."""
        self.cut()
        self._connection.close()

    def _receive(self) -> None:
        chunk = self._connection.recv(1 << 16)
        if not chunk:
            raise EOFError
        self._buffer += chunk


class Server:
    """A listener on loopback with one thread for each connection; a subclass says what to do with one."""

    def __init__(self, *, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.failures: list[Exception] = []
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._wires: list[Wire] = []
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        """Return the address of this server as `TOCSIN_SMTP_URL` wants it."""
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self.failures and error is None:
            raise self.failures[0]

    def close(self) -> None:
        """Cut every connection and stop listening, so that connecting is refused."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        """Close every connection, as a relay does with idle ones, and go on listening."""
        for wire in self._wires:
            wire.cut()

    def play(self, wire: Wire) -> None:
        """Talk with one client until the end."""
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._wires.append(Wire(connection, self._closing, self.connections))
            self._threads.append(threading.Thread(target=self._serve, args=(self._wires[-1],)))
            self._threads[-1].start()

    def _serve(self, wire: Wire) -> None:
        try:
            with suppress(EOFError, OSError):  # the client has gone, or TLS failed: that is the client's test
                self.play(wire)
        except Exception as error:  # noqa: BLE001 - shown when the server is left
            self.failures.append(error)
        finally:
            wire.close()


class Scripted(Server):
    """Plays the n-th script on the n-th connection, and the last one on all that follow."""

    def __init__(self, *scripts: Callable[[Wire], None]) -> None:
        super().__init__()
        self._scripts = scripts

    def play(self, wire: Wire) -> None:
        self._scripts[min(wire.session, len(self._scripts)) - 1](wire)
