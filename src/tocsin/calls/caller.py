"""Calls webhooks: signed as Standard Webhooks say, no redirect followed, little of the answer kept."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import httpcore
from standardwebhooks.webhooks import Webhook

from tocsin import __version__
from tocsin.calls.network import CheckedNetwork, ClosedAddressError, Deadline, Place, Resolve, system_resolve, trust
from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.letter import Envelope
from tocsin.domain.text import one_line
from tocsin.domain.webhook import parts, url_complaint
from tocsin.services.ports import Clock
from tocsin.services.ports_relay import Supply

CONNECT_S = 5.0
CALL_S = 15.0  # until an answer begins, as Standard Webhooks advise at least
ANSWER_S = 1.0  # for the rest of it, of which little is kept
KEPT = 512  # octets of an answer that are shown
_DRAINED = 65_536  # octets of an answer that are read, so that the connection can be used again
LONGEST_WAIT = timedelta(hours=6)  # that a receiver can ask for
_TIMEOUTS = {"connect": CONNECT_S, "read": CALL_S, "write": CALL_S, "pool": CALL_S}

log = logging.getLogger("tocsin.calls")


class HttpCaller:
    """Calls the webhooks of one batch, which all have one URL. `allowed` are origins that an operator opened."""

    def __init__(
        self, *, allowed: Collection[str], clock: Clock, resolve: Resolve = system_resolve, call_s: float = CALL_S
    ) -> None:
        self.is_down = False
        self.rest = timedelta(0)
        self._allowed = allowed
        self._clock = clock
        self._call_s = call_s
        self._deadline = Deadline()
        network = CheckedNetwork(frozenset(map(_place, allowed)), self._deadline, resolve)
        self._pool = httpcore.ConnectionPool(ssl_context=trust(), max_connections=1, network_backend=network)

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome | None]]]:
        """Call for each envelope that `supply` gives, one after the other, until the receiver turns out to be away."""
        number = 0
        while not self.is_down and (envelopes := supply(1)):
            for envelope in envelopes:
                yield [(number, self._outcome(envelope))]
                number += 1

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def _outcome(self, envelope: Envelope) -> Outcome:
        wrong = url_complaint(envelope.recipient, allowed=self._allowed)
        if wrong is not None:
            return Outcome(result=Result.PERMANENT, reply=f"the URL {wrong}")
        self._deadline.start(self._call_s)
        try:
            return self._called(envelope)
        except ClosedAddressError as error:
            return self._away(
                Result.TEMPORARY, f"not called: {error}"
            )  # what a name leads to can be a matter of minutes
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            return self._away(Result.TEMPORARY, f"no connection: {_words(error)}")
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            return self._away(Result.UNKNOWN, f"no answer: {_words(error)}")

    def _called(self, envelope: Envelope) -> Outcome:
        with self._pool.stream(
            "POST",
            _url(envelope.recipient),
            headers=_headers(envelope, now=self._clock()),
            content=envelope.message,
            extensions={"timeout": _TIMEOUTS},
        ) as response:
            self._deadline.shorten(ANSWER_S)
            said = _beginning(response)
        headers = {name.lower(): value for name, value in response.headers}
        self.is_down = response.status in (429, 503)
        outcome = outcome_of(response.status, said, retry_after=headers.get(b"retry-after", b""))
        self.rest = max(self.rest, outcome.wait)
        return outcome

    def _away(self, result: Result, reply: str) -> Outcome:
        self.is_down = True
        return Outcome(result=result, reply=one_line(reply, limit=KEPT))


def outcome_of(status: int, said: bytes, *, retry_after: bytes = b"") -> Outcome:
    """Return what an answer means: 2xx is accepted, 410 wants no more calls, and with any other the call is tried again.

    A redirect is not followed: where it leads was not looked at (Standard Webhooks count it as a failure).
    """
    reply = one_line(f"{status} {said.decode('utf-8', 'replace')}", limit=KEPT).strip()
    if 200 <= status < 300:
        return Outcome(result=Result.ACCEPTED, code=status, reply=reply)
    if status == 410:
        return Outcome(result=Result.PERMANENT, code=status, reply=reply)
    seconds = int(retry_after[:9]) if retry_after.isdigit() else 0
    wait = min(timedelta(seconds=seconds), LONGEST_WAIT)
    return Outcome(result=Result.TEMPORARY, code=status, reply=reply, wait=wait)


def callers(*, allowed: Collection[str], clock: Clock) -> Callable[[], HttpCaller]:
    """Return what makes a caller for each batch."""
    return lambda: HttpCaller(allowed=allowed, clock=clock)


def _headers(envelope: Envelope, *, now: datetime) -> list[tuple[bytes, bytes]]:
    body = envelope.message.decode()
    signatures = [Webhook(secret).sign(envelope.claim.delivery_id, now, body) for secret in envelope.secrets]
    headers = {
        "content-type": "application/json",
        "user-agent": f"Tocsin/{__version__}",
        "webhook-id": envelope.claim.delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _beginning(response: httpcore.Response) -> bytes:
    """Return the first octets of an answer, and read on to its end if that is near."""
    said, length = b"", 0
    with suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        for chunk in response.iter_stream():
            length += len(chunk)
            said += chunk[: KEPT - len(said)]
            if length > _DRAINED:
                break
    return said


def _url(url: str) -> httpcore.URL:
    """Return the URL as it was looked at: a second reader could see another one in it."""
    scheme, host, port, target = parts(url)
    return httpcore.URL(scheme=scheme, host=host, port=port, target=target)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _place(origin: str) -> Place:
    _, host, port, _ = parts(origin)
    return host, port
