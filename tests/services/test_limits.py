"""What a workspace may send: counted once, waited for, given up when too late; and the pause."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, WORKSPACE_ID, a_delivery, a_planned, numbered
from tests.journeys.world import World
from tests.torture.rig import Rig
from tocsin.domain.delivery import Delivery, DeliveryId, Settlement, State, Verdict
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.limits import Buckets, Limit, Limits, Scope
from tocsin.domain.pause import WINDOW, Fate, Pause
from tocsin.services import limits
from tocsin.services.limits import Use
from tocsin.services.ports_recipients import Meter, Overrides

FULL = "the limit of {} messages a day to one recipient is reached; it frees at 2026-11-25 13:00 UTC"


def a_limit(scope: Scope, most: int, window: timedelta = DAY) -> Limit:
    return Limit(scope=scope, most=most, window=window)


TWO_FOR_ONE = Limits(recipient=(a_limit(Scope.RECIPIENT, 2),))
DEFAULTS = Limits(workspace=(a_limit(Scope.WORKSPACE, 5),), recipient=(a_limit(Scope.RECIPIENT, 2),))
NONE = Limits()


class Desk:
    """Asks for deliveries that are planned one by one."""

    def __init__(self, office: World) -> None:
        self.office = office
        self._ids = numbered("90000000-0000-4000-8000-{:012x}")

    def ask(
        self, recipient: str = "ada@example.org", *, defaults: Limits = TWO_FOR_ONE, **changes: Any
    ) -> Verdict | None:
        """Ask to send another delivery to `recipient`."""
        delivery_id = DeliveryId(self._ids())
        planned = a_planned(key=delivery_id, recipient=recipient)
        with self.office.store.transaction(WORKSPACE_ID) as tx:
            tx.deliveries.add([planned], new_id=lambda: delivery_id, now=self.office.clock())
        return self.again(delivery_id, recipient, defaults=defaults, **changes)

    def again(
        self,
        delivery_id: DeliveryId,
        recipient: str = "ada@example.org",
        *,
        defaults: Limits = TWO_FOR_ONE,
        **changes: Any,
    ) -> Verdict | None:
        delivery = a_delivery(id=delivery_id, recipient=recipient, **changes)
        with self.office.store.transaction(WORKSPACE_ID) as tx:
            return limits.charge(tx, [delivery], defaults, now=self.office.clock()).get(delivery.id)

    def uses(self, recipient: str = "", *, defaults: Limits = TWO_FOR_ONE) -> list[Use]:
        with self.office.store.reading(WORKSPACE_ID) as tx:
            return limits.uses(tx, defaults, recipient=recipient, now=self.office.clock())

    def override(self, **texts: Any) -> Overrides:
        with self.office.store.transaction(WORKSPACE_ID) as tx:
            return limits.override(tx, now=self.office.clock(), **texts)

    def pause(self) -> Pause | None:
        with self.office.store.reading(WORKSPACE_ID) as tx:
            return limits.pause_of(tx)

    def count(self, fate: Fate, times: int = 1) -> None:
        """Count what was sent as `charge` does, and what came back."""
        counting = {Fate.BOUNCED: limits.count_bounced, Fate.COMPLAINED: limits.count_complained}
        with self.office.store.transaction(WORKSPACE_ID) as tx:
            for number in range(times):
                if fate is Fate.SENT:
                    counted = a_delivery(id=DeliveryId(f"{fate}{number}"))
                    assert limits.charge(tx, [counted], NONE, now=self.office.clock()) == {}
                else:
                    counting[fate](tx, now=self.office.clock())


@pytest.fixture
def desk(office: World) -> Desk:
    return Desk(office)


# Limits


def test_what_fits_leaves_and_the_next_waits_until_there_is_room(desk: Desk) -> None:
    assert [desk.ask(), desk.ask("ADA@example.org")] == [None, None]

    refused = desk.ask("ada@EXAMPLE.org")

    assert refused == Verdict(state=State.SCHEDULED, reason=FULL.format(2), next_at=NOON + 25 * HOUR)
    assert desk.ask("bob@example.org") is None
    desk.office.clock.now = NOON + 25 * HOUR
    assert desk.ask() is None


def test_a_delivery_that_failed_before_waits_as_it_did(desk: Desk) -> None:
    desk.ask()
    desk.ask()

    refused = desk.ask(failures=1)

    assert refused is not None
    assert refused.state is State.RETRYING


@pytest.mark.parametrize(
    ("expires_at", "state"),
    [
        (NOON + 25 * HOUR + timedelta(seconds=1), State.SCHEDULED),
        (NOON + 25 * HOUR, State.SUPPRESSED),
        (NOON + HOUR, State.SUPPRESSED),
    ],
)
def test_what_would_come_too_late_is_given_up_with_the_same_sentence(desk: Desk, expires_at: Any, state: State) -> None:
    desk.ask()
    desk.ask()

    refused = desk.ask(expires_at=expires_at)

    assert refused is not None
    assert (refused.state, refused.reason) == (state, FULL.format(2))
    assert (refused.next_at is None) is (state is State.SUPPRESSED)


def test_a_delivery_is_counted_once_however_often_it_is_tried(desk: Desk) -> None:
    desk.ask()
    tried = DeliveryId("90000000-0000-4000-8000-000000000001")

    assert [desk.again(tried) for _ in range(5)] == [None] * 5

    assert [use.used for use in desk.uses("ada@example.org")] == [1]
    assert desk.ask() is None
    assert desk.again(tried) is None


def test_what_is_refused_is_not_counted(desk: Desk) -> None:
    desk.ask()
    desk.ask()

    for _ in range(3):
        desk.ask()

    desk.office.clock.now = NOON + 25 * HOUR
    assert [desk.ask(), desk.ask()] == [None, None]


def test_all_limits_are_looked_at_before_any_is_counted(desk: Desk) -> None:
    both = Limits(workspace=(a_limit(Scope.WORKSPACE, 3),), recipient=(a_limit(Scope.RECIPIENT, 1),))
    desk.ask(defaults=both)

    assert desk.ask(defaults=both) is not None

    assert [use.used for use in desk.uses("ada@example.org", defaults=both)] == [1, 1]


def test_of_several_limits_the_one_that_frees_last_is_told(desk: Desk) -> None:
    both = Limits(workspace=(a_limit(Scope.WORKSPACE, 1, MINUTE), a_limit(Scope.WORKSPACE, 1, HOUR)))
    desk.ask(defaults=both)

    refused = desk.ask(defaults=both)

    assert refused is not None
    assert refused.reason.startswith("the limit of 1 message an hour for the whole workspace is reached")
    assert refused.next_at == NOON + 62.5 * MINUTE


def test_a_domain_is_counted_over_all_its_recipients(desk: Desk) -> None:
    two = Limits(domain=(a_limit(Scope.DOMAIN, 2),))

    told = [desk.ask(one, defaults=two) for one in ("a@one.example", "b@ONE.example", "c@one.example", "a@two.example")]

    assert [verdict is None for verdict in told] == [True, True, False, True]


def test_without_limits_everything_leaves(desk: Desk) -> None:
    assert [desk.ask(defaults=NONE) for _ in range(20)] == [None] * 20
    assert desk.uses(defaults=NONE) == []


def test_rows_that_count_nothing_any_more_go_by_themselves(desk: Desk) -> None:
    desk.ask("old@example.org")
    desk.office.clock.advance(3 * DAY)
    desk.ask("young@example.org")
    old, young = (Meter(kind="recipient", name=f"{name}@example.org", window=DAY) for name in ("old", "young"))

    with desk.office.store.reading(WORKSPACE_ID) as tx:
        kept = tx.usage.read([old, young])

    assert kept[old] == Buckets()
    assert kept[young].total == 1


# The limits of one workspace


def test_a_workspace_has_the_installations_limits_until_an_operator_sets_its_own(desk: Desk) -> None:
    changed = desk.override(recipient="1/day")

    assert changed == Overrides(recipient="1/day")
    assert [str(use.limit) for use in desk.uses(defaults=DEFAULTS)] == ["5/day", "1/day"]
    assert desk.override(workspace=" 7/hour , 3/minute ") == Overrides(workspace="3/minute,7/hour", recipient="1/day")
    assert desk.override(domain="", recipient="") == Overrides(workspace="3/minute,7/hour", recipient="", domain="")
    assert [str(use.limit) for use in desk.uses(defaults=DEFAULTS)] == ["3/minute", "7/hour"]
    assert desk.override(reset=True, domain="9/week") == Overrides(domain="9/week")
    assert [str(use.limit) for use in desk.uses(defaults=DEFAULTS)] == ["5/day", "2/day", "9/week"]


def test_a_limit_that_cannot_be_read_changes_nothing(desk: Desk) -> None:
    with pytest.raises(InvalidInputError, match=r"^recipient: '1 a day' is no limit; write a number"):
        desk.override(workspace="1/day", recipient="1 a day")

    assert desk.override() == Overrides()


def test_what_waits_for_a_limit_is_looked_at_again_when_it_changes(office: World, desk: Desk) -> None:
    refused = Verdict(state=State.SCHEDULED, reason=FULL.format(2), next_at=NOON + 25 * HOUR)
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.add([a_planned()], new_id=lambda: "held", now=NOON)
    (taken,) = office.store.queue.claim(worker="w", now=NOON, lease_ends=NOON + MINUTE, limit=9)
    settle(office, taken, refused)
    office.clock.advance(MINUTE)

    desk.override(recipient="")

    (found,) = office.deliveries()
    assert (found.state, found.next_at, found.reason) == (State.SCHEDULED, NOON + MINUTE, "")


def settle(office: World, taken: Delivery, verdict: Verdict) -> None:
    office.store.queue.settle([Settlement(delivery=taken, outcome=None, verdict=verdict)], now=office.clock())


# How far they are used


def test_a_use_tells_what_is_left_and_when_more_is(desk: Desk) -> None:
    desk.ask(defaults=DEFAULTS)
    desk.ask(defaults=DEFAULTS)

    of_all, of_one = desk.uses("ADA@example.org", defaults=DEFAULTS)
    assert (of_all.used, of_all.left, of_all.frees_at) == (2, 3, None)
    assert (of_one.used, of_one.left, of_one.frees_at) == (2, 0, NOON + 25 * HOUR)

    of_all, of_one = desk.uses(defaults=DEFAULTS)
    assert of_all.used == 2
    assert (of_one.used, of_one.left, of_one.frees_at) == (None, None, None)


def test_nothing_is_less_than_nothing_left(desk: Desk) -> None:
    for number in range(4):
        desk.ask(f"p{number}@example.org", defaults=DEFAULTS)
    desk.override(workspace="2/day")

    (use,) = [use for use in desk.uses(defaults=DEFAULTS) if use.limit.scope is Scope.WORKSPACE]

    assert (use.used, use.left) == (4, 0)


# The pause


def test_too_many_bounces_pause_a_workspace(desk: Desk, rig: Rig) -> None:
    desk.count(Fate.SENT, 500)
    desk.count(Fate.BOUNCED, 19)
    assert desk.pause() is None

    desk.count(Fate.BOUNCED)

    assert desk.pause() == Pause(
        since_at=NOON, because="20 of 500 messages (4.00 %) of the last 7 days bounced, and 4 % are too many"
    )
    rig.found("A23", "paused by the very bounce that was one too many", is_met=True)


def test_the_500th_message_can_pause_a_workspace_too(desk: Desk) -> None:
    desk.count(Fate.COMPLAINED, 3)
    desk.count(Fate.SENT, 499)
    assert desk.pause() is None

    desk.count(Fate.SENT)

    assert desk.pause() == Pause(
        since_at=NOON,
        because="3 of 500 messages (0.60 %) of the last 7 days were called spam, and 0.08 % are too many",
    )


def test_a_pause_keeps_its_first_reason(desk: Desk) -> None:
    desk.count(Fate.SENT, 500)
    desk.count(Fate.BOUNCED, 20)
    first = desk.pause()
    desk.office.clock.advance(HOUR)

    desk.count(Fate.BOUNCED, 30)
    desk.count(Fate.COMPLAINED, 30)

    assert first is not None
    assert desk.pause() == first


def test_what_is_older_than_the_window_does_not_pause(desk: Desk) -> None:
    desk.count(Fate.BOUNCED, 20)
    desk.office.clock.advance(DAY)
    desk.count(Fate.SENT, 499)
    desk.office.clock.now = NOON + 25 * WINDOW / 24

    desk.count(Fate.SENT)

    assert desk.pause() is None


def test_resuming_frees_what_waited_and_counts_anew(office: World, desk: Desk) -> None:
    desk.count(Fate.SENT, 500)
    desk.count(Fate.BOUNCED, 20)
    pause = desk.pause()
    assert pause is not None
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.add([a_planned()], new_id=lambda: "held", now=NOON)
    (taken,) = office.store.queue.claim(worker="w", now=NOON, lease_ends=NOON + MINUTE, limit=9)
    settle(office, taken, pause.verdict(taken, now=NOON))
    office.clock.advance(MINUTE)

    with office.store.transaction(WORKSPACE_ID) as tx:
        assert limits.resume(tx, now=office.clock()) == 1

    assert desk.pause() is None
    (found,) = office.deliveries()
    assert (found.next_at, found.reason) == (NOON + MINUTE, "")
    desk.count(Fate.BOUNCED, 20)
    assert desk.pause() is None


def test_what_is_not_paused_cannot_be_resumed(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx, pytest.raises(ConflictError, match="sending is not paused"):
        limits.resume(tx, now=NOON)
