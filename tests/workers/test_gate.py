"""The way to the relay: open, shut, and one probe now and then."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HOUR, NOON, SECOND
from tests.journeys.world import ACCEPTED, AWAY, GREYLISTED, NO_ANSWER, REFUSED
from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.retry import PROBE
from tocsin.workers.gate import Gate

WITHDRAWN = Outcome(result=Result.WITHDRAWN)


def test_an_open_gate_allows_what_is_wanted() -> None:
    assert Gate().allowance(20, now=NOON) == 20


def test_a_relay_in_trouble_shuts_the_gate_and_is_probed_by_one() -> None:
    gate = Gate()

    gate.report(AWAY, now=NOON)

    assert gate.allowance(20, now=NOON + timedelta(seconds=0.9)) == 0
    assert gate.allowance(20, now=NOON + SECOND) == 1
    assert gate.allowance(20, now=NOON + SECOND) == 0


def test_each_failure_makes_the_pause_longer_up_to_the_probe() -> None:
    gate, pauses = Gate(), []

    for _ in range(7):
        pauses.append(gate.pause)
        gate.report(AWAY, now=NOON)

    assert pauses == [timedelta(seconds=n) for n in (1, 2, 5, 15, 30, 30, 30)]
    assert gate.allowance(20, now=NOON + PROBE - SECOND) == 0
    assert gate.allowance(20, now=NOON + PROBE) == 1


def test_whatever_the_relay_says_of_a_message_opens_the_gate() -> None:
    for outcome in (ACCEPTED, GREYLISTED, REFUSED, NO_ANSWER):
        gate = Gate()
        gate.report(AWAY, now=NOON)
        gate.report(outcome, now=NOON)

        assert gate.allowance(20, now=NOON) == 20
        assert gate.pause == SECOND


def test_what_says_nothing_of_the_relay_changes_nothing() -> None:
    gate = Gate()
    gate.report(AWAY, now=NOON)

    gate.report(None, now=NOON)
    gate.report(WITHDRAWN, now=NOON)

    assert gate.allowance(20, now=NOON) == 0


def test_a_clock_that_is_set_back_does_not_keep_the_gate_shut() -> None:
    gate = Gate()
    gate.report(AWAY, now=NOON)

    assert gate.allowance(20, now=NOON - 3 * HOUR) == 1


def test_a_relay_that_is_away_for_six_hours_is_asked_each_half_minute_and_found_within_one() -> None:
    gate, now, probes = Gate(), NOON, 0

    while now < NOON + 6 * HOUR:
        if gate.allowance(20, now=now):
            probes += 1
            gate.report(AWAY, now=now)
        now += timedelta(seconds=0.5)
    back_at = now
    while not gate.allowance(20, now=now):
        now += timedelta(seconds=0.5)

    assert 6 * 120 - 1 <= probes <= 6 * 120 + 4  # the first ones come sooner, for a relay that only restarts
    assert now - back_at <= PROBE


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=200))
def test_a_relay_that_stays_away_is_asked_at_most_as_often_as_the_pauses_say(turns: list[tuple[int, bool]]) -> None:
    gate, now, probes = Gate(), NOON, []
    gate.report(AWAY, now=now)

    for seconds, asks in turns:
        now += seconds * SECOND
        if asks and gate.allowance(20, now=now):
            probes.append(now)
            gate.report(AWAY, now=now)

    assert all(later - earlier >= SECOND for earlier, later in pairwise(probes))
    assert all(later - earlier >= PROBE for earlier, later in pairwise(probes[3:]))
