"""Several connections to one relay, side by side in one thread: while one waits for an answer, the others work.

What was taken is yielded at once, and a lane gets its next message only when that was settled: at most one message of each
connection is handed over without anybody having written it down.
"""

import logging
import select
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.letter import Envelope
from tocsin.mail.smtp import SmtpMailer, Stages
from tocsin.services.ports_relay import Supply

LINGER_S = 0.001  # for answers that are about to come: to settle several costs as much as to settle one
NARROW_S = 60.0  # how long a relay that refused one more connection is not asked for it again

log = logging.getLogger("tocsin.mail")


@dataclass(slots=True)
class _Errand:
    """A message on its way over one lane."""

    number: int
    envelope: Envelope
    stages: Stages


class Lanes:
    """Sends through one relay over several connections; it is a `Mailer`."""

    def __init__(self, lanes: Sequence[SmtpMailer]) -> None:
        self._lanes = list(lanes)
        self._shut_until: dict[SmtpMailer, float] = {}

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome]]]:
        """Hand over what `supply` gives, and yield how it ended as the answers come. See `ports.Mailer`."""
        on_the_way: dict[SmtpMailer, _Errand] = {}
        again: deque[tuple[int, Envelope]] = deque()
        number = 0
        while True:
            free = [lane for lane in self._lanes if lane not in on_the_way and self._is_open(lane)]
            fresh = supply(len(free) - len(again)) if len(free) > len(again) else []
            again.extend(enumerate(fresh, start=number))
            number += len(fresh)
            begun = free[: len(again)]
            for lane in begun:
                place, envelope = again.popleft()
                on_the_way[lane] = _Errand(number=place, envelope=envelope, stages=lane.stages(envelope))
            if not on_the_way:
                return
            ended = self._ended(on_the_way, begun)
            again.extend(self._refused_a_lane(ended, on_the_way))
            if ended:
                yield [(errand.number, outcome) for errand, outcome in ended.values()]

    def close(self) -> None:
        """Say QUIT on every connection that is open."""
        for lane in self._lanes:
            lane.close()

    def _is_open(self, lane: SmtpMailer) -> bool:
        return self._shut_until.get(lane, 0.0) <= time.monotonic()

    def _ended(
        self, on_the_way: dict[SmtpMailer, _Errand], begun: Sequence[SmtpMailer]
    ) -> dict[SmtpMailer, tuple[_Errand, Outcome]]:
        """Go on with every message that can, until at least one has ended and no other is about to; take those away."""
        ended: dict[SmtpMailer, tuple[_Errand, Outcome]] = {}
        ready = begun
        while on_the_way:
            ready = ready or _with_an_answer(list(on_the_way), within_s=LINGER_S if ended else None)
            if not ready:
                break
            for lane in ready:
                outcome = _next(on_the_way[lane])
                if outcome is not None:
                    ended[lane] = on_the_way.pop(lane), outcome
            ready = []
        return ended

    def _refused_a_lane(
        self, ended: dict[SmtpMailer, tuple[_Errand, Outcome]], on_the_way: dict[SmtpMailer, _Errand]
    ) -> list[tuple[int, Envelope]]:
        """Take out of `ended` what a relay that works on other lanes had no connection for; those lanes rest for a while.

        Nothing of these messages was handed over, so another lane can take them.
        """
        refused = [lane for lane, (_, outcome) in ended.items() if outcome.result is Result.TRANSPORT]
        if not on_the_way and not any(lane.is_connected for lane in self._lanes):
            return []
        self._shut_until.update(dict.fromkeys(refused, time.monotonic() + NARROW_S))
        return [(errand.number, errand.envelope) for errand, _ in map(ended.pop, refused)]


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
