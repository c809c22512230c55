"""Real SMTP servers on loopback: `Sink` behaves well and keeps what it gets, `Scripted` misbehaves as it is told.

`python -m tests.smtp_server --port 0 --file out.jsonl` runs a sink as a process of its own: it prints its port, appends one
line of JSON for each message it takes, before it says so, and ends when its standard input is closed.
"""

import argparse
import base64
import hashlib
import json
import re
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tests.mail.wire import Scripted, Server, Wire

__all__ = ["DROP", "OK", "Received", "Scripted", "Sink", "Wire"]

OK = "250 2.0.0 ok"
DROP = ""  # as an answer of a hook: none at all, the connection is closed
EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 35882577")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message as it arrived: `message` without dot-stuffing, `at` in seconds of the monotonic clock."""

    sender: str
    recipients: tuple[str, ...]
    message: bytes
    at: float
    session: int

    @property
    def recipient(self) -> str:
        """Return the only recipient."""
        (recipient,) = self.recipients
        return recipient

    @property
    def message_id(self) -> str:
        """Return the Message-ID without its angle brackets, or nothing if there is none."""
        head = self.message.partition(b"\r\n\r\n")[0]
        found = re.search(rb"(?im)^message-id:\s*<([^>\r\n]*)>", head)
        return found[1].decode("ascii", "replace") if found else ""


class Sink(Server):
    """A well-behaved relay that keeps every message, and notes every breach of the protocol in `violations`.

    `on_mail`, `on_rcpt` and `on_data` may be replaced at any time: they answer MAIL, RCPT and the final dot with a whole
    reply such as "451 4.7.1 later". A message is kept if the answer is 2yz or DROP. `per_session` is after how many messages
    a connection is told 421. With EXTERNAL among the `mechanisms` whoever has shown a certificate may sign in by it; `clients`
    are the names in those that had been shown at each EHLO, empty where none was.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        extensions: tuple[str, ...] = EXTENSIONS,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        credentials: tuple[str, str] | None = None,
        mechanisms: str = "PLAIN LOGIN",
        per_session: int | None = None,
    ) -> None:
        super().__init__(port=port)
        self.extensions = extensions
        self.tls = tls
        self.implicit_tls = implicit_tls
        self.credentials = credentials
        self.mechanisms = mechanisms
        self.per_session = per_session
        self.on_mail: Callable[[str], str] = lambda _sender: OK
        self.on_rcpt: Callable[[str], str] = lambda _recipient: OK
        self.on_data: Callable[[Received], str] = lambda _received: OK
        self.violations: list[str] = []
        self.logins: list[tuple[str, str]] = []
        self.clients: list[str] = []
        self._messages: list[Received] = []

    @property
    def messages(self) -> list[Received]:
        """Return all that was kept so far, in the order of arrival."""
        with self._changed:
            return list(self._messages)

    def take_all(self) -> list[Received]:
        """Return what was kept so far, and keep it no longer."""
        with self._changed:
            taken, self._messages = self._messages, []
            return taken

    def wait_for(self, count: int, *, timeout_s: float = 10) -> list[Received]:
        """Return the messages as soon as there are `count`; raise TimeoutError after `timeout_s`."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._messages) >= count, timeout_s):
                raise TimeoutError(f"{len(self._messages)} of {count} messages after {timeout_s} s")
            return list(self._messages)

    def keep(self, received: Received) -> None:
        """Add `received` to the messages."""
        with self._changed:
            self._messages.append(received)
            self._changed.notify_all()

    def play(self, wire: Wire) -> None:
        if self.tls and self.implicit_tls:
            wire.start_tls(self.tls)
        wire.send(b"220 sink.example ESMTP\r\n")
        _Dialogue(self, wire).run()


class _Dialogue:
    """One session of the sink: RFC 5321 as seen from the server."""

    def __init__(self, sink: Sink, wire: Wire) -> None:
        self._sink = sink
        self._wire = wire
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._greeted = False
        self._eight_bit = False
        self._utf8 = False
        self._taken = 0

    def run(self) -> None:
        while answer := self._answer(self._wire.line()):
            more = self._wire.pending
            if more and "PIPELINING" not in self._sink.extensions:
                self._violation("the client did not wait for the reply")
            last = answer.startswith(("221", "421"))
            # RFC 2920, 3.2: replies to commands that came together should go together.
            (self._wire.hold_back if more and not last else self._wire.send)(answer.encode() + b"\r\n")
            if last:
                return

    def _answer(self, line: bytes) -> str:
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            return self._violation(f"not a line: {line!r}")
        text = line[:-2].decode("utf-8", "replace")
        if not text.isascii() and "SMTPUTF8" not in self._sink.extensions:
            return self._violation(f"not ASCII: {text}")
        verb, _, rest = text.partition(" ")
        command: Callable[[str], str] | None = getattr(self, f"_do_{verb.lower()}", None)
        return command(rest) if command else self._violation(f"unknown command: {text}")

    def _violation(self, what: str) -> str:
        self._sink.violations.append(what)
        return "500 5.5.1 " + what.encode("ascii", "replace").decode().replace("\r", "").replace("\n", "")

    def _do_ehlo(self, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9.\-]+|\[[0-9A-Za-z.:]+\]", name):
            return self._violation(f"EHLO {name}")
        self._greeted = True
        self._sink.clients.append(self._wire.client)
        return (
            "250-sink.example" + "".join(f"\r\n250-{each}" for each in self._offers()) + "\r\n250 ENHANCEDSTATUSCODES"
        )

    def _offers(self) -> Iterator[str]:
        yield from self._sink.extensions
        if self._sink.tls and not self._wire.encrypted:
            yield "STARTTLS"
        elif self._sink.credentials or "EXTERNAL" in self._sink.mechanisms:
            yield f"AUTH {self._sink.mechanisms}"

    def _do_starttls(self, _rest: str) -> str:
        if self._sink.tls is None or self._wire.encrypted or self._wire.pending:
            return self._violation("STARTTLS out of place")
        self._wire.send(b"220 2.0.0 go ahead\r\n")
        self._wire.start_tls(self._sink.tls)
        self._greeted = False
        return self._answer(self._wire.line())

    def _do_auth(self, rest: str) -> str:
        mechanism, _, initial = rest.partition(" ")
        if mechanism not in self._sink.mechanisms.split():
            return self._violation(f"AUTH {mechanism}")
        if mechanism == "EXTERNAL":
            return self._by_certificate(initial)
        if mechanism == "PLAIN":
            _, user, password = _decoded(initial or self._ask("")).split("\0")
        else:
            user, password = _decoded(self._ask("VXNlcm5hbWU6")), _decoded(self._ask("UGFzc3dvcmQ6"))
        self._sink.logins.append((user, password))
        right = (user, password) == self._sink.credentials
        return "235 2.7.0 welcome" if right else "535 5.7.8 wrong user or password"

    def _by_certificate(self, initial: str) -> str:
        if initial != "=":
            return self._violation(f"AUTH EXTERNAL {initial}")
        self._sink.logins.append((self._wire.client, ""))
        return "235 2.7.0 welcome" if self._wire.client else "535 5.7.8 no certificate"

    def _ask(self, challenge: str) -> str:
        self._wire.send(b"334 " + challenge.encode() + b"\r\n")
        return self._wire.line().decode().rstrip("\r\n")

    def _do_mail(self, rest: str) -> str:
        found = re.fullmatch(r"FROM:<([^<>\s]*)>((?: [^ ]+)*)", rest)
        if not self._greeted or self._sender is not None or not found:
            return self._violation(f"MAIL {rest}")
        if self._sink.per_session is not None and self._taken >= self._sink.per_session:
            return "421 4.7.0 too many messages on this connection"
        answer = self._parameters(found[2].upper().split()) or self._sink.on_mail(found[1])
        if answer.startswith("2"):
            self._sender, self._recipients = found[1], []
        return answer

    def _parameters(self, parameters: list[str]) -> str:
        offered = {each.partition(" ")[0]: each.partition(" ")[2] for each in self._sink.extensions}
        self._eight_bit = "BODY=8BITMIME" in parameters
        self._utf8 = "SMTPUTF8" in parameters
        for each in parameters:
            name, _, value = each.partition("=")
            if ("8BITMIME" if name == "BODY" else name) not in offered:
                return self._violation(f"{each} was not offered")
            if name == "SIZE" and offered["SIZE"] and int(value) > int(offered["SIZE"]):
                return "552 5.3.4 message too big"
        return ""

    def _do_rcpt(self, rest: str) -> str:
        found = re.fullmatch(r"TO:<([^<>\s]+)>", rest)
        if not found:
            return self._violation(f"RCPT {rest}")
        if self._sender is not None and not (rest + self._sender).isascii() and not self._utf8:
            return self._violation("an address in UTF-8 without SMTPUTF8")
        if self._sender is None:
            return "503 5.5.1 no MAIL"
        answer = self._sink.on_rcpt(found[1])
        if answer.startswith("2"):
            self._recipients.append(found[1])
        return answer

    def _do_data(self, rest: str) -> str:
        if rest:
            return self._violation(f"DATA {rest}")
        if not self._recipients:
            return "503 5.5.1 no valid recipients"
        if self._wire.pending:
            self._violation("the body came before the 354")
        self._wire.send(b"354 go on\r\n")
        return self._take(self._wire.body())

    def _take(self, raw: bytes) -> str:
        if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", raw):
            self._violation("bare CR, bare LF or NUL in the body")
        if not raw.isascii() and not self._eight_bit:
            self._violation("8-bit bytes without BODY=8BITMIME")
        stuffed = b"\r\n" + raw
        if re.search(rb"\r\n\.(?!\.)", stuffed):
            self._violation("a line begins with a single dot")
        received = Received(
            sender=self._sender or "",
            recipients=tuple(self._recipients),
            message=stuffed.replace(b"\r\n.", b"\r\n")[2:],
            at=time.monotonic(),
            session=self._wire.session,
        )
        self._do_rset("")
        self._taken += 1
        answer = self._sink.on_data(received)
        if answer == DROP or answer.startswith("2"):
            self._sink.keep(received)
        return answer

    def _do_rset(self, _rest: str) -> str:
        self._sender, self._recipients = None, []
        return OK

    def _do_noop(self, _rest: str) -> str:
        return OK

    def _do_quit(self, _rest: str) -> str:
        return "221 2.0.0 bye"


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def _recorder(file: TextIO) -> Callable[[Received], str]:
    """Return a hook that writes each message down before it is accepted: what is not in the file was not taken."""
    lock = threading.Lock()

    def record(received: Received) -> str:
        row = {
            "recipient": received.recipients[0],
            "sender": received.sender,
            "message_id": received.message_id,
            "sha256": hashlib.sha256(received.message).hexdigest(),
            "size": len(received.message),
            "at": received.at,
        }
        with lock:
            file.write(json.dumps(row) + "\n")
            file.flush()
        return OK

    return record


def main() -> None:
    """Run a sink until standard input is closed."""
    parser = argparse.ArgumentParser(description="an SMTP server that writes down what it gets")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--file", type=Path, required=True)
    arguments = parser.parse_args()
    with arguments.file.open("a", encoding="utf-8") as file, Sink(port=arguments.port) as sink:
        sink.on_data = _recorder(file)
        sys.stdout.write(f"{sink.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
