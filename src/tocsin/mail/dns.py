"""Questions to the DNS, through dnspython: every answer is data, and whatever goes wrong is a few words in it."""

import re
from time import monotonic
from typing import Any

import dns.exception
import dns.name
import dns.resolver

from tocsin.domain.lookup import Lookup

_QUESTION_S = 5.0
_ROUND_S = 10.0  # one request of the API asks all of its questions in this time
_ATTEMPT_S = 2.5  # so that one lost packet does not cost the whole question


class Resolver:
    """One round of questions, which begins when it is made: `Names`.

    `server` is the address and port to ask; None stands for the system's resolvers. All questions together take `round_s`
    at most, each of them `question_s`; what is asked after that is answered with trouble at once.
    """

    def __init__(
        self, server: tuple[str, int] | None = None, *, question_s: float = _QUESTION_S, round_s: float = _ROUND_S
    ) -> None:
        self._server = server
        self._question_s = question_s
        self._ends = monotonic() + round_s
        self._known: dict[tuple[str, str], tuple[list[Any], str]] = {}

    def txt(self, name: str) -> Lookup:
        """Return the texts of the TXT records, each put together from its strings without blanks (RFC 7208, 3.3)."""
        found, trouble = self._ask(name, "TXT")
        texts = (_printable(b"".join(record.strings)) for record in found)
        return Lookup(records=tuple(texts), trouble=trouble)

    def mx(self, name: str) -> Lookup:
        """Return the hosts that take mail, the preferred first; `.` says that none does (RFC 7505)."""
        found, trouble = self._ask(name, "MX")
        hosts = (
            record.exchange.to_text(omit_final_dot=True) for record in sorted(found, key=lambda each: each.preference)
        )
        return Lookup(records=tuple(hosts), trouble=trouble)

    def addresses(self, name: str) -> Lookup:
        """Return the addresses, IPv4 before IPv6."""
        four, trouble = self._ask(name, "A")
        six, other_trouble = self._ask(name, "AAAA")
        records = tuple(record.address for record in [*four, *six])
        return Lookup(records=records, trouble="" if records else trouble or other_trouble)

    def _ask(self, name: str, kind: str) -> tuple[list[Any], str]:
        """Return the records, or none and the trouble. That there are none is no trouble. Nothing is asked twice."""
        if (name, kind) not in self._known:
            self._known[name, kind] = self._answer(name, kind)
        return self._known[name, kind]

    def _answer(self, name: str, kind: str) -> tuple[list[Any], str]:
        left = self._ends - monotonic()
        if left <= 0:
            return [], "there was no time left to ask"
        try:
            answer = self._resolver().resolve(
                dns.name.from_text(name),
                kind,
                lifetime=min(left, self._question_s),
                raise_on_no_answer=False,
                search=False,
            )
            return list(answer.rrset or ()), ""
        except dns.resolver.NXDOMAIN:
            return [], ""
        except dns.exception.Timeout:
            return [], "no answer in time"
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return [], _words(error)

    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=self._server is None)
        if self._server is not None:
            host, resolver.port = self._server
            resolver.nameservers = [host]
        resolver.timeout = _ATTEMPT_S
        return resolver


def _printable(octets: bytes) -> str:
    """Return ASCII; whatever else stands there is a question mark, because others write it and operators see it."""
    return re.sub("[^ -~]", "?", octets.decode("ascii", "replace"))


def _words(error: Exception) -> str:
    if isinstance(error, dns.resolver.NoNameservers):
        return "the name server answers with an error"
    if isinstance(error, dns.resolver.NoResolverConfiguration):
        return "this system names no resolver; set TOCSIN_RESOLVER"
    return f"{type(error).__name__}: {error}"
