"""The relay: takes, refuses, says nothing, is slow or away; and what it was handed, by whom, is looked at."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from tests.journeys.world import ACCEPTED, AWAY, GREYLISTED, NO_ANSWER, REFUSED
from tests.torture.simulation.storms import DeathError
from tocsin.domain.delivery import Outcome
from tocsin.domain.letter import Envelope
from tocsin.services.ports_relay import Supply

if TYPE_CHECKING:
    from tests.torture.simulation.engine import Engine
    from tests.torture.simulation.workers import Process

# Of what happens to a message: (weight, name) in each mood.
MOODS = {
    "fine": {"taken": 96, "silence": 1, "later": 1, "stale": 1, "never": 1},
    "moody": {"taken": 50, "later": 20, "silence": 8, "lost": 8, "never": 3, "stale": 8, "death": 2, "late death": 1},
    "slow": {"taken": 80, "silence": 10, "late death": 2, "later": 8},
    "away": {"away": 100},
}
_OUTCOMES = {"later": GREYLISTED, "never": REFUSED, "silence": NO_ANSWER, "lost": NO_ANSWER, "away": AWAY}
_TAKEN = frozenset({"taken", "silence", "late death"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A message that the relay took, when, and from whom; `name` is what it answered then."""

    envelope: Envelope
    process: int
    life: int
    at: timedelta
    name: str
    is_late: bool  # nobody waited for it any more: the lease had lapsed while it was on its way


class Relay:
    """The one relay of all processes."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self.mood = "fine"
        self.until = timedelta(0)
        self.copies: list[Copy] = []
        self._of: defaultdict[str, list[Copy]] = defaultdict(list)  # by delivery

    def answer(self, process: "Process", envelope: Envelope) -> Outcome | None:
        """Take a message, or not, after a while in which anything may happen; return what it answers."""
        engine = self._engine
        is_fine = engine.storms.is_calm or engine.clocks.elapsed >= self.until
        mood = MOODS["fine" if is_fine else self.mood]
        name = engine.chance.choices(list(mood), list(mood.values()))[0]
        if engine.storms.is_calm or (name == "never" and engine.is_faithful(envelope.recipient)):
            name = "taken"
        attempt = process.handed[envelope.claim.delivery_id]
        engine.during(process, self.mood if not is_fine else "fine")
        if name in _TAKEN:
            self._take(process, envelope, name)
            engine.storms.point("after_data")
            if self.mood == "slow" and not is_fine:
                engine.pass_time(timedelta(seconds=engine.chance.randint(1, 590)))
        engine.note("answer", process.number, envelope.claim.delivery_id, name)
        if name.endswith("death"):
            raise DeathError(name)
        if name == "taken":
            process.heard[envelope.claim.delivery_id] = attempt
        return None if name == "stale" else _OUTCOMES.get(name, ACCEPTED)

    def _take(self, process: "Process", envelope: Envelope, name: str) -> None:
        engine = self._engine
        copy = Copy(
            envelope=envelope,
            process=process.number,
            life=process.life,
            at=engine.clocks.elapsed,
            name=name,
            is_late=not engine.watch.is_held(process, engine.watch.row(envelope.claim.delivery_id)),
        )
        engine.watch.took(copy)
        self.copies.append(copy)
        self._of[envelope.claim.delivery_id].append(copy)

    def copies_of(self, delivery_id: str) -> list[Copy]:
        """Return the copies of a delivery's message that were taken."""
        return self._of[delivery_id]


class Way:
    """The connections of one process to the relay: a Mailer."""

    def __init__(self, engine: "Engine", process: "Process") -> None:
        self._engine = engine
        self._process = process
        self._width = engine.chance.choice([1, 1, 2, 3])

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome | None]]]:
        """Hand over what is supplied; answers come in any order, and sometimes none for a while."""
        numbers, chance = count(), self._engine.chance
        on_the_way: dict[int, Envelope] = {}
        while True:
            on_the_way |= self._more(supply, numbers, self._width - len(on_the_way))
            if not on_the_way:
                return
            if chance.random() < 0.1:
                yield []
                continue
            number = chance.choice(sorted(on_the_way))
            yield [(number, self._engine.relay.answer(self._process, on_the_way.pop(number)))]

    def _more(self, supply: Supply, numbers: Iterator[int], wanted: int) -> dict[int, Envelope]:
        found: dict[int, Envelope] = {}
        while len(found) < wanted and (envelopes := supply(wanted - len(found))):
            for envelope in envelopes:
                self._engine.watch.handed(self._process, envelope)
                found[next(numbers)] = envelope
        return found

    def close(self) -> None:
        """Do nothing: there is no connection."""
