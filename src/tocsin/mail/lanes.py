"""Several connections to one relay, side by side in one thread: while one waits for an answer, the others work.

What was taken is yielded at once, and a lane gets its next message only when that was settled: at most one message of each
connection is handed over without anybody having written it down.
"""

import logging
import select
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from tocsin.domain.delivery import Outcome, Result
from tocsin.mail.smtp import SmtpMailer, Stages
from tocsin.services.ports_relay import Supply

LINGER_S = 0.001  # for answers that are about to come: to settle several costs as much as to settle one
NARROW_S = 600.0  # how long a relay that refused one more connection is not asked for it again

log = logging.getLogger("tocsin.mail")


@dataclass(slots=True)
class _Errand:
    """A message on its way over one lane."""

    number: int
    stages: Stages


class Lanes:
    """Sends through one relay over several connections; it is a `Mailer`."""

    def __init__(self, lanes: Sequence[SmtpMailer]) -> None:
        self._lanes = list(lanes)
        self._shut_until: dict[SmtpMailer, float] = {}

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome | None]]]:
        """Hand over what `supply` gives, and yield how it ended as the answers come. See `ports_relay.Mailer`."""
        on_the_way: dict[SmtpMailer, _Errand] = {}
        numbers = count()
        while True:
            free = self._free(on_the_way)
            begun = dict(zip(free, supply(len(free)) if free else [], strict=False))
            for lane, envelope in begun.items():
                on_the_way[lane] = _Errand(number=next(numbers), stages=lane.stages(envelope))
            if not on_the_way:
                return
            ended = self._ended(on_the_way, list(begun))
            refused = self._refused(ended, on_the_way)
            if ended:
                yield [
                    (errand.number, None if lane in refused else outcome) for lane, (errand, outcome) in ended.items()
                ]

    def close(self) -> None:
        """Say QUIT on every connection that is open."""
        for lane in self._lanes:
            lane.close()

    def _free(self, on_the_way: Collection[SmtpMailer]) -> list[SmtpMailer]:
        """Return the lanes that can take a message. Only one of them has to connect first: meanwhile all others stand still."""
        now = time.monotonic()
        idle = [lane for lane in self._lanes if lane not in on_the_way and self._shut_until.get(lane, 0.0) <= now]
        ready = [lane for lane in idle if lane.is_ready()]
        return [*ready, *(lane for lane in idle if lane not in ready)][: len(ready) + 1]

    def _ended(
        self, on_the_way: dict[SmtpMailer, _Errand], begun: Sequence[SmtpMailer]
    ) -> dict[SmtpMailer, tuple[_Errand, Outcome]]:
        """Go on with every message that can, and take away those that have ended.

        Nothing is waited for after some were begun, because more may be; else until one has ended and no other is about to.
        """
        patience = 0.0 if begun else None
        ended: dict[SmtpMailer, tuple[_Errand, Outcome]] = {}
        ready = begun
        while on_the_way:
            ready = ready or _with_an_answer(list(on_the_way), within_s=LINGER_S if ended else patience)
            if not ready:
                break
            for lane in ready:
                outcome = _next(on_the_way[lane])
                if outcome is not None:
                    ended[lane] = on_the_way.pop(lane), outcome
            ready = []
        return ended

    def _refused(
        self, ended: dict[SmtpMailer, tuple[_Errand, Outcome]], on_the_way: Collection[SmtpMailer]
    ) -> list[SmtpMailer]:
        """Return the lanes for which a relay that works on others had no connection; they rest for a while.

        Nothing of their messages was handed over, so other lanes can take them.
        """
        refused = [
            lane for lane, (_, outcome) in ended.items() if outcome.result is Result.TRANSPORT and lane.is_refused
        ]
        others = [lane for lane in self._lanes if lane not in refused]
        if not refused or not (on_the_way or any(lane.is_ready() for lane in others)):
            return []
        self._shut_until.update(dict.fromkeys(refused, time.monotonic() + NARROW_S))
        return refused


def _with_an_answer(lanes: Sequence[SmtpMailer], *, within_s: float | None) -> list[SmtpMailer]:
    """Wait until some lanes can go on, because an answer came or its time is over; none if `within_s` is over first."""
    ready = [lane for lane in lanes if lane.can_go_on]
    if ready:
        return ready
    patience = min(lane.patience_s for lane in lanes)
    poll = select.poll()
    by_number = {lane.fileno(): lane for lane in lanes}
    for number in by_number:
        poll.register(number, select.POLLIN)
    found = poll.poll(1000 * (patience if within_s is None else min(within_s, patience)))
    return [by_number[number] for number, _ in found] or [lane for lane in lanes if lane.can_go_on]


def _next(errand: _Errand) -> Outcome | None:
    """Go on with a message up to where it waits for the next answer; return how it ended if it did."""
    try:
        next(errand.stages)
    except StopIteration as ended:
        outcome: Outcome = ended.value
        return outcome
    except Exception as error:
        log.exception("a message could not be handed over, unforeseen")
        return Outcome(result=Result.TEMPORARY, reply=f"{type(error).__name__}: {error}")
    return None
