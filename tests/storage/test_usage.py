"""What is counted of a workspace, and that counting stays right when many do it at once."""

from collections.abc import Callable
from itertools import count

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, WORKSPACE_ID, a_delivery, a_planned, a_settlement
from tests.storage.shelf import MOMENT, NASTY, OTHER_ID, claim, delivery, in_threads, keep, settle
from tests.torture.rig import Rig
from tocsin.domain.delivery import Delivery, DeliveryId, State, Verdict
from tocsin.domain.limits import Buckets, Limit, Limits, Scope
from tocsin.domain.model import WorkspaceId
from tocsin.domain.pause import Fate, Pause
from tocsin.services import limits
from tocsin.services.ports_recipients import Meter, Overrides
from tocsin.storage.store import SqlStore

OF_ALL = Meter(kind="workspace", name="", window=DAY)
OF_ADA = Meter(kind="recipient", name="ada@example.org", window=DAY)
THREE = Buckets(counts=((10, 1), (11, 2)))
PAUSE = Pause(since_at=MOMENT, because=NASTY)
CLIENTS = 64
MOST = 20


def test_what_was_counted_comes_back(acme: SqlStore) -> None:
    odd = Meter(kind="domain", name=NASTY, window=MINUTE)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.usage.write({OF_ADA: THREE, odd: Buckets(counts=((7, 1_000_000_000),)), OF_ALL: THREE})

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.usage.read([OF_ALL, OF_ADA]) == {OF_ADA: THREE, OF_ALL: THREE}
        assert tx.usage.read([odd]) == {odd: Buckets(counts=((7, 1_000_000_000),))}


def test_what_was_not_counted_is_empty(acme: SqlStore) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.usage.write({OF_ADA: THREE})
        others = [
            Meter(kind="recipient", name="bob@example.org", window=DAY),
            Meter(kind="recipient", name="ada@example.org", window=HOUR),
            Meter(kind="domain", name="ada@example.org", window=DAY),
        ]

        assert tx.usage.read(others) == dict.fromkeys(others, Buckets())
        assert tx.usage.read([]) == {}


def test_what_is_counted_later_takes_the_place_of_what_was_before(acme: SqlStore) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.usage.write({OF_ADA: THREE})
        tx.usage.write({OF_ADA: Buckets(counts=((12, 1),))})

        assert tx.usage.read([OF_ADA]) == {OF_ADA: Buckets(counts=((12, 1),))}


def test_what_counts_nothing_any_more_is_forgotten(acme: SqlStore) -> None:
    old, young = Buckets().and_more(1, DAY, NOON), Buckets().and_more(1, DAY, NOON + HOUR)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.usage.write({OF_ADA: old, OF_ALL: young})
        tx.usage.forget(before=NOON + 25 * HOUR - MINUTE)
        assert tx.usage.read([OF_ADA])[OF_ADA] == old

        tx.usage.forget(before=NOON + 25 * HOUR)

        assert tx.usage.read([OF_ADA, OF_ALL]) == {OF_ADA: Buckets(), OF_ALL: young}


def test_a_kind_is_forgotten_as_a_whole(acme: SqlStore) -> None:
    sent = Meter(kind=Fate.SENT.value, name="", window=DAY)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.usage.write({OF_ADA: THREE, sent: THREE})

        tx.usage.forget(kinds=[Fate.SENT.value, Fate.BOUNCED.value])

        assert tx.usage.read([OF_ADA, sent]) == {OF_ADA: THREE, sent: Buckets()}


def test_a_workspace_has_limits_of_its_own_or_none(acme: SqlStore) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        before = tx.usage.overrides()
        tx.usage.override(Overrides(workspace="200/day", domain=""))
        tx.usage.set_pause(PAUSE)
        tx.usage.override(Overrides(recipient="1/day", domain=""))

    with acme.reading(WORKSPACE_ID) as tx:
        assert before == Overrides()
        assert tx.usage.overrides() == Overrides(recipient="1/day", domain="")
        assert tx.usage.pause() == PAUSE


def test_a_pause_is_kept_until_it_ends(acme: SqlStore) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        seen = [tx.usage.pause()]
        tx.usage.lock()
        seen.append(tx.usage.pause())
        tx.usage.set_pause(PAUSE)
        seen.append(tx.usage.pause())
        tx.usage.set_pause(None)
        seen.append(tx.usage.pause())

    assert seen == [None, None, PAUSE, None]


def test_each_workspace_counts_for_itself(two: SqlStore) -> None:
    with two.transaction(WORKSPACE_ID) as tx:
        tx.usage.write({OF_ADA: THREE})
        tx.usage.override(Overrides(workspace="1/day"))
        tx.usage.set_pause(PAUSE)

    with two.transaction(OTHER_ID) as tx:
        assert tx.usage.read([OF_ADA]) == {OF_ADA: Buckets()}
        assert tx.usage.overrides() == Overrides()
        assert tx.usage.pause() is None
        tx.usage.forget(kinds=["recipient"], before=NOON + 365 * DAY)

    with two.reading(WORKSPACE_ID) as tx:
        assert tx.usage.read([OF_ADA]) == {OF_ADA: THREE}


def test_a_delivery_is_marked_once_and_only_in_its_workspace(two: SqlStore) -> None:
    keep(two, a_planned())
    ours = [DeliveryId("id of key-1")]
    with two.transaction(OTHER_ID) as tx:
        tx.usage.charge(ours)
        assert tx.usage.charged(ours) == set()
    with two.transaction(WORKSPACE_ID) as tx:
        seen = [tx.usage.charged(ours)]
        tx.usage.charge(ours)
        seen.append(tx.usage.charged([*ours, DeliveryId("another")]))

    assert seen == [set(), set(ours)]


def test_what_waits_for_a_reason_is_let_go_and_nothing_else(two: SqlStore) -> None:
    reasons = {"held": "the limit of 3", "other": "greylisted", "over": "the limit of 3"}
    for key, reason in reasons.items():
        keep(two, a_planned(key=key, recipient=f"{key}@example.org"))
        (taken,) = claim(two)
        verdict = Verdict(state=State.SCHEDULED, reason=reason, next_at=NOON + HOUR)
        if key == "over":
            verdict = Verdict(state=State.SUPPRESSED, reason=reason)
        settle(two, a_settlement(taken, outcome=None, verdict=verdict))

    with two.transaction(OTHER_ID) as tx:
        assert tx.usage.release("the limit of ", now=NOON + MINUTE) == 0
    with two.transaction(WORKSPACE_ID) as tx:
        assert tx.usage.release("the limit of ", now=NOON + MINUTE) == 1

    assert (delivery(two, "held").next_at, delivery(two, "held").reason) == (NOON + MINUTE, "")
    assert (delivery(two, "other").next_at, delivery(two, "other").reason) == (NOON + HOUR, "greylisted")
    assert delivery(two, "over").state is State.SUPPRESSED


def test_what_is_let_go_is_not_early_on_a_clock_that_was_set_back(two: SqlStore) -> None:
    keep(two, a_planned(key="held"))
    (taken,) = claim(two)
    verdict = Verdict(state=State.SCHEDULED, reason="the limit of 3", next_at=NOON + HOUR)
    settle(two, a_settlement(taken, outcome=None, verdict=verdict))

    with two.transaction(WORKSPACE_ID) as tx:
        assert tx.usage.release("the limit of ", now=NOON - MINUTE) == 1

    assert delivery(two, "held").next_at == delivery(two, "held").due_at == NOON


# Many at once


def limited(**most: int) -> Limits:
    found = {name: (Limit(scope=Scope(name), most=number, window=DAY),) for name, number in most.items()}
    return Limits(**found)


def asking(store: SqlStore, delivery: Delivery, defaults: Limits, told: list[Verdict | None]) -> Callable[[], None]:
    """Return a client that asks to send a delivery, in a transaction of its own."""

    def ask() -> None:
        with store.transaction(delivery.workspace_id) as tx:
            verdict = limits.charge(tx, [delivery], defaults, now=NOON).get(delivery.id)
        told.append(verdict)

    return ask


@pytest.mark.parametrize("scope", Scope)
def test_64_clients_at_once_get_no_more_than_the_limit_and_no_less(acme: SqlStore, rig: Rig, scope: Scope) -> None:
    recipients = {
        Scope.WORKSPACE: "p{}@p{}.example",
        Scope.RECIPIENT: "ada@example.org",
        Scope.DOMAIN: "p{}@example.org",
    }
    deliveries = [
        a_delivery(id=DeliveryId(f"id of {number}"), recipient=recipients[scope].format(number, number))
        for number in range(CLIENTS)
    ]
    keep(acme, *(a_planned(key=f"{number}", recipient=one.recipient) for number, one in enumerate(deliveries)))
    told: list[Verdict | None] = []
    defaults = limited(**{scope.value: MOST})

    raised = in_threads(asking(acme, one, defaults, told) for one in deliveries)

    assert raised == [None] * CLIENTS
    assert told.count(None) == MOST
    assert {verdict.state for verdict in told if verdict is not None} == {State.SCHEDULED}
    with acme.reading(WORKSPACE_ID) as tx:
        (use,) = limits.uses(tx, defaults, recipient=deliveries[0].recipient, now=NOON)
        assert (use.used, use.left) == (MOST, 0)
        assert len(tx.usage.charged([one.id for one in deliveries])) == MOST
    rig.found("A23", f"{told.count(None) - MOST} over the limit of a {scope.value} by {CLIENTS} at once", is_met=True)


def test_many_limits_at_once_neither_deadlock_nor_let_too_many_through(two: SqlStore) -> None:
    # Each client asks for three deliveries in one transaction, in an order of its own, as workers with a batch do.
    numbers = count()
    told: dict[WorkspaceId, list[tuple[str, Verdict | None]]] = {WORKSPACE_ID: [], OTHER_ID: []}
    defaults = limited(workspace=40, recipient=9, domain=15)
    addresses = [f"{name}@{domain}.example" for domain in ("one", "two", "three") for name in ("a", "b")]
    clients = []
    for client in range(48):
        workspace_id = (WORKSPACE_ID, OTHER_ID)[client % 2]
        wanted = [addresses[(client // 2 + step) % 6] for step in (0, 4, 2 + client % 3)]
        batch = [
            a_delivery(id=DeliveryId(f"id of {next(numbers)}"), recipient=one, workspace_id=workspace_id)
            for one in wanted
        ]
        planned = [a_planned(key=one.id.removeprefix("id of "), recipient=one.recipient) for one in batch]
        keep(two, *planned, workspace_id=workspace_id)

        def ask(workspace_id: WorkspaceId = workspace_id, batch: list[Delivery] = batch) -> None:
            with two.transaction(workspace_id) as tx:
                held = limits.charge(tx, batch, defaults, now=NOON)
                found = [(one.recipient, held.get(one.id)) for one in batch]
            told[workspace_id] += found

        clients.append(ask)

    raised = in_threads(clients)

    assert raised == [None] * len(clients)
    for found in told.values():
        sent = [recipient for recipient, verdict in found if verdict is None]
        assert len(sent) <= 40
        assert max(sent.count(one) for one in set(sent)) <= 9
        domains = [one.partition("@")[2] for one in sent]
        assert max(domains.count(one) for one in set(domains)) <= 15
        refused = {recipient for recipient, verdict in found if verdict is not None}
        # Nothing that fits was turned away.
        assert refused
        for one in refused:
            assert len(sent) == 40 or sent.count(one) == 9 or domains.count(one.partition("@")[2]) == 15
