from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, WORKSPACE_ID, a_planned, a_settlement, an_invitation
from tests.storage.shelf import NASTY, OTHER_ID, claim, delivery, in_threads, keep, settle
from tocsin.domain.delivery import DeliveryId, State, Verdict
from tocsin.domain.model import WorkspaceId
from tocsin.storage.store import SqlStore

ADA = "ada@example.org"
NOBODYS = WorkspaceId("")


def sent(store: SqlStore, *keys: str, now: datetime = NOON, recipient: str = ADA) -> None:
    """Store deliveries and settle them as sent, one after the other."""
    for number, key in enumerate(keys):
        keep(store, a_planned(key=key, recipient=recipient, booking_id=f"booking {key}", rank=number))
    settle(store, *(a_settlement(one) for one in claim(store)), now=now)


def end(store: SqlStore, key: str = "key-1", *, workspace_id: WorkspaceId = WORKSPACE_ID, now: datetime = NOON) -> bool:
    with store.transaction(workspace_id) as tx:
        return tx.bounces.end(delivery(store, key).id, reason=f"bounced: {NASTY}", sent_since=NOON, now=now)


# Counts


def test_mail_is_counted_by_day_and_verdict(acme: SqlStore) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        for verdict, now in (
            ("answered", NOON),
            ("answered", NOON + HOUR),
            ("ignored", NOON),
            ("answered", NOON + DAY),
        ):
            tx.inbound_counts.add(verdict, now=now)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.inbound_counts.since(NOON) == {"answered": 3, "ignored": 1}
        assert tx.inbound_counts.since(NOON + DAY) == {"answered": 1}
        assert tx.inbound_counts.since(NOON + 2 * DAY) == {}


def test_a_day_is_one_of_utc_and_begins_at_midnight(acme: SqlStore) -> None:
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.inbound_counts.add("before", now=midnight - timedelta(microseconds=1))
        tx.inbound_counts.add("after", now=midnight.astimezone(timezone(timedelta(hours=-8))))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.inbound_counts.since(midnight) == {"after": 1}
        assert tx.inbound_counts.since(midnight - MINUTE) == {"after": 1, "before": 1}


def test_each_workspace_has_its_counts_and_nobody_has_some_too(two: SqlStore) -> None:
    for workspace_id, number in ((WORKSPACE_ID, 1), (OTHER_ID, 2), (NOBODYS, 3)):
        with two.transaction(workspace_id) as tx:
            for _ in range(number):
                tx.inbound_counts.add("ignored", now=NOON)

    for workspace_id, number in ((WORKSPACE_ID, 1), (OTHER_ID, 2), (NOBODYS, 3)):
        with two.reading(workspace_id) as tx:
            assert tx.inbound_counts.since(NOON) == {"ignored": number}


def test_no_count_is_lost_when_many_come_at_once(acme: SqlStore) -> None:
    def count() -> None:
        for _ in range(5):
            with acme.transaction(WORKSPACE_ID) as tx:
                tx.inbound_counts.add("answered", now=NOON)

    assert in_threads([count] * 8) == [None] * 8

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.inbound_counts.since(NOON) == {"answered": 40}


# Bounces


def test_a_delivery_that_was_sent_is_failed_once(acme: SqlStore) -> None:
    sent(acme, "key-1")

    assert end(acme, now=NOON + HOUR)
    assert not end(acme, now=NOON + 2 * HOUR)

    found = delivery(acme)
    assert (found.state, found.settled_at) == (State.FAILED, NOON + HOUR)
    assert found.reason == f"bounced: {NASTY}"


def test_a_delivery_that_was_not_sent_or_too_long_ago_stays_as_it_is(acme: SqlStore) -> None:
    keep(acme, a_planned())

    assert not end(acme)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.end(delivery(acme).id, Verdict(state=State.CANCELLED), now=NOON)
    assert not end(acme)
    assert delivery(acme).state is State.CANCELLED

    sent(acme, "late", now=NOON - SECOND)
    assert not end(acme, "late")
    assert delivery(acme, "late").state is State.SENT


def test_another_workspace_cannot_fail_it(two: SqlStore) -> None:
    sent(two, "key-1")

    assert not end(two, workspace_id=OTHER_ID)
    with two.transaction(OTHER_ID) as tx:
        assert not tx.bounces.complain(delivery(two).id, now=NOON)
        tx.bounces.mark_dead(delivery(two).id, now=NOON)
        assert tx.bounces.number_dead(ADA) == 0

    with two.reading(WORKSPACE_ID) as tx:
        assert tx.bounces.number_dead(ADA) == 0
    assert delivery(two).state is State.SENT


def test_deliveries_to_a_dead_address_are_counted_by_recipient(acme: SqlStore) -> None:
    sent(acme, "one", "two")
    sent(acme, "other", recipient="bob@example.org")

    with acme.transaction(WORKSPACE_ID) as tx:
        for key in ("one", "one", "two", "other"):
            tx.bounces.mark_dead(delivery(acme, key).id, now=NOON)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bounces.number_dead(ADA) == 2
        assert tx.bounces.number_dead("ada@EXAMPLE.org") == 2
        assert tx.bounces.number_dead("bob@example.org") == 1
        assert tx.bounces.number_dead("zoe@example.org") == 0


def test_a_complaint_is_noted_once(acme: SqlStore) -> None:
    sent(acme, "one", "two")

    with acme.transaction(WORKSPACE_ID) as tx:
        found = [tx.bounces.complain(delivery(acme, key).id, now=NOON) for key in ("one", "one", "two")]
        unknown = tx.bounces.complain(DeliveryId("unknown"), now=NOON)

    assert found == [True, False, True]
    assert not unknown


@pytest.mark.parametrize("index", ["deliveries_bounced"])
def test_counting_a_recipients_bounces_looks_at_his_alone(acme: SqlStore, index: str) -> None:
    sent(acme, "one")
    with acme._database.reading() as connection:
        if connection.dialect.name == "sqlite":
            plan = connection.rows(
                "EXPLAIN QUERY PLAN SELECT count(*) AS n FROM deliveries"
                " WHERE workspace_id = 'a' AND recipient_key = 'b' AND bounced_at IS NOT NULL"
            )
            assert any(index in row["detail"] for row in plan)
        else:
            names = connection.rows("SELECT indexname AS name FROM pg_indexes WHERE tablename = 'deliveries'")
            assert index in [row["name"] for row in names]


# Whose an address is


FIRST, LAST = "00000001-0000-7000-8000-000000000000", "00000001-0000-7000-8000-ffffffffffff"
BETWEEN, BESIDE = "00000001-0000-7000-8000-0123456789ab", "00000001-0000-7000-8001-000000000000"


def delivered(store: SqlStore, *ids: str, workspace_id: WorkspaceId = WORKSPACE_ID) -> None:
    """Store a delivery under each id."""
    with store.transaction(workspace_id) as tx:
        for one in ids:
            tx.deliveries.add([a_planned(key=one, booking_id=one)], new_id=iter([one]).__next__, now=NOON)


def of_delivery(store: SqlStore, workspace_id: WorkspaceId = WORKSPACE_ID) -> str | None:
    with store.reading(workspace_id) as tx:
        return tx.own_ids.of_delivery((FIRST, LAST))


@pytest.mark.parametrize("own", [FIRST, BETWEEN, LAST])
def test_a_delivery_is_found_by_how_its_id_begins_in_its_own_workspace_only(two: SqlStore, own: str) -> None:
    delivered(two, BESIDE)
    assert of_delivery(two) is None

    delivered(two, own)

    assert of_delivery(two) == own
    assert of_delivery(two, OTHER_ID) is None


def test_of_two_that_begin_alike_none_is_meant(acme: SqlStore) -> None:
    delivered(acme, FIRST, BETWEEN)

    assert of_delivery(acme) is None


def test_an_invitation_is_found_by_how_its_id_begins(acme: SqlStore) -> None:
    keep(acme, an_invitation(id=BETWEEN))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.own_ids.of_invitation((FIRST, LAST)) == BETWEEN
        assert tx.own_ids.of_invitation((LAST, LAST)) is None
