"""Several connections to one relay, side by side in one thread: while one waits for an answer, the others work.

What was taken is yielded at once, and its connection gets the next message only when that was settled: at most one message of
each connection is handed over without anybody having written it down. While it is settled, an ear goes on with the others, so
that what the relay takes meanwhile is noted at once too.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import count

from tocsin.domain.delivery import Claim, Outcome, Result
from tocsin.mail.ear import Ear
from tocsin.mail.pool import Pool
from tocsin.mail.receipts import Book
from tocsin.mail.smtp import SmtpMailer, Stages
from tocsin.mail.watch import Watch
from tocsin.services.ports_relay import Supply
from tocsin.services.ports_telemetry import Silence, Telemetry

LINGER_S = 0.001  # for answers that are about to come: to settle several costs as much as to settle one
LONGEST_LINGER_S = 0.01  # however many come
TICK_S = 0.05  # how often the supply is asked again while answers are awaited, and times are looked at
WHILE_S = 1.0  # after so long without anything those who wait are told

log = logging.getLogger("tocsin.mail")


@dataclass(slots=True)
class _Errand:
    """A message on its way over one lane."""

    number: int
    claim: Claim
    stages: Stages
    began_at: float  # monotonic seconds


_Ended = dict[SmtpMailer, tuple[int, Outcome | None]]


class Lanes:
    """Sends over the connections of a pool; it is a `Mailer`. What was taken is noted in `book` at once.

    `ear` listens while whoever sends is busy with what was yielded; without one the answers wait.
    """

    def __init__(
        self, pool: Pool, telemetry: Telemetry | None = None, book: Book | None = None, ear: Ear | None = None
    ) -> None:
        self._pool = pool
        self._book = book
        self._ear = ear
        self._telemetry = telemetry or Silence()
        self._on_the_way: dict[SmtpMailer, _Errand] = {}
        self._watch: Watch[SmtpMailer] = Watch()
        self._looked_at = 0.0

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome | None]]]:
        """Hand over what `supply` gives, and yield how it ended as the answers come. See `ports_relay.Mailer`."""
        numbers, told_at = count(), time.monotonic()
        if self._book is not None:
            self._book.is_settled()  # nobody sends more before what was sent last is settled
        ended: _Ended = {}
        told: _Ended = {}
        try:
            while True:
                is_more, refused = self._begin(supply, numbers)
                ended |= refused
                if not ended and not self._on_the_way:
                    if not is_more:
                        return
                    self._pool.wait(TICK_S)
                ended |= self._awaited(patience_s=LINGER_S if ended else TICK_S)
                if ended or time.monotonic() >= told_at + WHILE_S:
                    told, ended = ended, {}
                    with self._listening(ended):
                        yield list(told.values())
                    self._pool.give_back(told)
                    told, told_at = {}, time.monotonic()
        finally:
            for lane in self._on_the_way:
                lane.drop()
                self._watch.forget(lane)
            self._pool.give_back([*told, *ended, *self._on_the_way])
            self._on_the_way.clear()

    def close(self) -> None:
        """Say QUIT on every connection that is open and with no message."""
        self._pool.close()
        if self._ear is not None:
            self._ear.close()  # all mailers of a process share it, and end together
        if self._book is not None:
            self._book.close()

    def _listening(self, ended: _Ended) -> AbstractContextManager[None]:
        """Let others go on with what is on the way as long as the block lasts; add to `ended` what ends meanwhile."""
        if self._ear is None:
            return nullcontext()

        def go_on(lanes: list[SmtpMailer]) -> list[SmtpMailer]:
            ended.update(self._advance(lanes))
            return [lane for lane in lanes if lane in self._on_the_way]

        return self._ear.on(self._on_the_way, go_on)

    def _begin(self, supply: Supply, numbers: Iterator[int]) -> tuple[bool, _Ended]:
        """Give messages to the lanes that can take one; tell whether there may be more, and which ended at once."""
        free = self._pool.take()
        if not free and not self._on_the_way:
            return True, {}
        envelopes = supply(len(free)) if free else []
        begun = free[: len(envelopes)]
        self._pool.give_back(free[len(envelopes) :])
        for lane, envelope in zip(begun, envelopes, strict=True):
            self._on_the_way[lane] = _Errand(next(numbers), envelope.claim, lane.stages(envelope), time.monotonic())
        return bool(begun), self._advance(begun)

    def _awaited(self, *, patience_s: float) -> _Ended:
        """Go on with messages as the server answers, until some have ended and no other is about to.

        After a while it ends anyway, and when a connection was opened, because more can be handed over then.
        """
        ended: _Ended = {}
        until = time.monotonic() + TICK_S
        while self._on_the_way and time.monotonic() < until:
            opening = [lane for lane in self._on_the_way if lane.is_opening]
            moved = self._moved(within_s=LINGER_S if ended else patience_s)
            found = self._advance(moved)
            if found and not ended:
                until = time.monotonic() + LONGEST_LINGER_S
            ended |= found
            if not moved or not all(lane.is_opening for lane in opening):
                break
        return ended

    def _moved(self, *, within_s: float) -> list[SmtpMailer]:
        """Return the lanes on which something came, at once or within that time, or whose time is over."""
        moved = self._watch.heard(within_s=within_s)
        now = time.monotonic()
        if now >= self._looked_at + TICK_S:
            self._looked_at = now
            moved += [lane for lane in self._on_the_way if lane.is_waiting_over and lane not in moved]
        return moved

    def _advance(self, lanes: Iterable[SmtpMailer]) -> _Ended:
        """Go on with the messages of these lanes up to where each waits again; return which of them ended."""
        ended: _Ended = {}
        for lane in lanes:
            errand = self._on_the_way[lane]
            try:
                next(errand.stages)
            except StopIteration as end:
                ended[lane] = errand.number, self._unless_refused(lane, end.value)
            except Exception as error:
                log.exception("a message could not be handed over, unforeseen")
                text = f"{type(error).__name__}: {error}"
                ended[lane] = errand.number, Outcome(result=Result.TEMPORARY, reply=text)
            if lane in ended:
                self._note(errand.claim, ended[lane][1])
                self._telemetry.dialogue(time.monotonic() - errand.began_at)
                del self._on_the_way[lane]
                self._watch.forget(lane)
            else:
                self._watch.follow(lane)
        return ended

    def _note(self, claim: Claim, outcome: Outcome | None) -> None:
        if self._book is not None and outcome is not None and outcome.result is Result.ACCEPTED:
            self._book.note(claim, outcome)

    def _unless_refused(self, lane: SmtpMailer, outcome: Outcome | None) -> Outcome | None:
        """Return `outcome`, or None if only this lane got no connection: nothing was handed over, and others can take it."""
        is_refused = outcome is not None and outcome.result is Result.TRANSPORT and lane.is_refused
        return None if is_refused and self._pool.is_narrow(lane) else outcome
