"""A real DNS server on loopback, over UDP and TCP: it knows what it was told, and can misbehave for names of your choice."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from tests.ports import free_port

SILENT, SERVFAIL, REFUSED, GARBAGE, OTHER_ID = "silent", "servfail", "refused", "garbage", "other id"


class DnsServer:
    """Answers for the names that it was told of; all others are not there (NXDOMAIN). `asked` is every question, in order."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], list[str]] = {}
        self._moods: dict[str, str] = {}
        self._lock = threading.Lock()
        self._asked: list[str] = []
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = free_port()
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve_udp, self._serve_tcp)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing alone wakes no thread that waits on a socket; an empty datagram and a connection do.
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nudge:
            nudge.sendto(b"", ("127.0.0.1", self.port))
        with suppress(OSError):
            self._tcp.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    @property
    def address(self) -> tuple[str, int]:
        """What a Resolver is given to ask here."""
        return "127.0.0.1", self.port

    @property
    def asked(self) -> list[str]:
        """Every question so far, such as `udp TXT example.com`."""
        with self._lock:
            return list(self._asked)

    def publish(self, name: str, kind: str, *values: str) -> None:
        """Add records as a zone file writes them; a TXT value is cut into strings of 255 by itself."""
        written = [_quoted(value) for value in values] if kind == "TXT" else list(values)
        self._records.setdefault((name, kind), []).extend(written)

    def withdraw(self, name: str, kind: str) -> None:
        """Take records away."""
        self._records.pop((name, kind), None)

    def misbehave(self, name: str, mood: str) -> None:
        """Answer questions for `name` in one of the moods above."""
        self._moods[name] = mood

    def _serve_udp(self) -> None:
        while True:
            octets, peer = self._udp.recvfrom(65_535)
            if not octets:
                return
            answer = self._answer(octets, way="udp")
            if answer:
                self._udp.sendto(answer, peer)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection, suppress(OSError, EOFError):
                connection.settimeout(5)
                (length,) = struct.unpack("!H", _exactly(connection, 2))
                answer = self._answer(_exactly(connection, length), way="tcp")
                connection.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, octets: bytes, *, way: str) -> bytes:
        query = dns.message.from_wire(octets)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        with self._lock:
            self._asked.append(f"{way} {dns.rdatatype.to_text(question.rdtype)} {name}")
        moods: dict[str, Callable[[dns.message.QueryMessage], bytes]] = {
            SILENT: lambda _: b"",
            SERVFAIL: lambda query: _failure(query, dns.rcode.SERVFAIL),
            REFUSED: lambda query: _failure(query, dns.rcode.REFUSED),
            GARBAGE: lambda query: query.to_wire()[:2] + b"\xff" * 40,
            OTHER_ID: lambda query: bytes([octets[0] ^ 1]) + query.to_wire()[1:],
        }
        assert isinstance(query, dns.message.QueryMessage)
        mood = moods.get(self._moods.get(name, ""))
        return mood(query) if mood else self._found(query, name, way=way)

    def _found(self, query: dns.message.QueryMessage, name: str, *, way: str) -> bytes:
        kind = query.question[0].rdtype
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        seen: list[str] = []
        while (name, "CNAME") in self._records and name not in seen:
            seen.append(name)
            (target,) = self._records[name, "CNAME"]
            response.answer.append(_rrset(name, dns.rdatatype.CNAME, [target]))
            name = target.removesuffix(".")
        values = self._records.get((name, dns.rdatatype.to_text(kind)), [])
        if values:
            response.answer.append(_rrset(name, kind, values))
        elif not seen and not any(known == name for known, _ in self._records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return _within(response, max(512, query.payload) if way == "udp" else 65_535)


def _rrset(name: str, kind: dns.rdatatype.RdataType, values: list[str]) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(dns.name.from_text(name), 60, dns.rdataclass.IN, kind, values)


def _within(response: dns.message.Message, size: int) -> bytes:
    """Return the answer, or if it is larger than `size`, that it was too large, so that the client comes by TCP."""
    try:
        return response.to_wire(max_size=size)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()


def _failure(query: dns.message.QueryMessage, code: dns.rcode.Rcode) -> bytes:
    response = dns.message.make_response(query)
    response.set_rcode(code)
    return response.to_wire()


def _quoted(text: str) -> str:
    escaped = [
        text[start : start + 255].replace("\\", "\\\\").replace('"', '\\"') for start in range(0, len(text), 255)
    ]
    return " ".join(f'"{piece}"' for piece in escaped) or '""'


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = connection.recv(count - len(found))
        if not piece:
            raise EOFError
        found += piece
    return found
