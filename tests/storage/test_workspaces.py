import pytest

from tests.builders import (
    BOOKING_ID,
    DAY,
    DELIVERY_ID,
    HOUR,
    LINK_ID,
    NOON,
    RULE_ID,
    WORKSPACE_ID,
    a_booking,
    a_frozen,
    a_key,
    a_link,
    a_member,
    a_planned,
    a_rule,
    a_workspace,
    an_invitation,
    an_outcome,
    numbered,
)
from tests.storage.shelf import MOMENT, NASTY, OTHER_ID, fill, rows
from tocsin.domain.access import Scope
from tocsin.domain.delivery import State, Verdict
from tocsin.domain.events import EventKind
from tocsin.domain.invite import Answered
from tocsin.domain.model import WorkspaceId
from tocsin.domain.rsvp import Rsvp
from tocsin.services.ports import BookingFilter, DeliveryFilter
from tocsin.services.ports_answers import Answer
from tocsin.storage.database import Database
from tocsin.storage.store import SqlStore

EMPTY_ID = WorkspaceId("a0000000-0000-4000-8000-000000000003")


@pytest.mark.parametrize("mail_from", [None, "", "invites@example.com"])
def test_a_workspace_comes_back_as_it_was(store: SqlStore, mail_from: str | None) -> None:
    workspace = a_workspace(name=NASTY, locale="de", mail_from=mail_from, created_at=MOMENT)

    with store.registry() as registry:
        assert registry.add(workspace)

    with store.directory() as directory:
        assert directory.by_id(workspace.id) == workspace
        assert directory.by_subdomain(workspace.subdomain) == workspace
        assert directory.all() == [workspace]


def test_an_unknown_workspace_is_not_found(store: SqlStore) -> None:
    with store.directory() as directory:
        assert directory.by_id(WORKSPACE_ID) is None
        assert directory.by_subdomain("acme") is None
        assert directory.all() == []


@pytest.mark.parametrize(
    "other", [a_workspace(id=OTHER_ID), a_workspace(subdomain="other")], ids=["its subdomain", "its id"]
)
def test_a_workspace_is_refused_if_another_has(acme: SqlStore, other: object) -> None:
    with acme.registry() as registry:
        assert not registry.add(other)  # type: ignore[arg-type]  # it is a workspace
        assert registry.all() == [a_workspace()]


def test_workspaces_are_listed_by_subdomain(store: SqlStore) -> None:
    with store.registry() as registry:
        for subdomain in ("zebra", "acme", "moon"):
            registry.add(a_workspace(id=WorkspaceId(subdomain), subdomain=subdomain))

        assert [workspace.subdomain for workspace in registry.all()] == ["acme", "moon", "zebra"]


def test_the_only_workspace_is_known_without_its_name(store: SqlStore) -> None:
    seen = []
    with store.registry() as registry:
        seen.append(registry.only())
        registry.add(a_workspace())
        seen.append(registry.only())
        registry.add(a_workspace(id=OTHER_ID, subdomain="other"))
        seen.append(registry.only())

    assert seen == [None, a_workspace(), None]


@pytest.mark.parametrize("scopes", [frozenset(), frozenset({Scope.ADMIN}), frozenset(Scope)])
def test_a_key_comes_back_with_its_hash(acme: SqlStore, scopes: frozenset[Scope]) -> None:
    key = a_key(name=NASTY, scopes=scopes, created_at=MOMENT)

    with acme.registry() as registry:
        registry.add_key(key, "hash")

    with acme.directory() as directory:
        assert directory.key(key.id) == (key, "hash")
        assert directory.keys(WORKSPACE_ID) == [key]
        assert directory.key("unknown") is None


def test_keys_are_listed_from_the_oldest_each_in_its_workspace(two: SqlStore) -> None:
    young, old = a_key(id="a", created_at=NOON), a_key(id="b", created_at=NOON - DAY)
    others = a_key(id="c", workspace_id=OTHER_ID)

    with two.registry() as registry:
        for key in (young, old, others):
            registry.add_key(key, "hash")

        assert registry.keys(WORKSPACE_ID) == [old, young]
        assert registry.keys(OTHER_ID) == [others]


def test_a_key_is_revoked_once_and_only_by_its_workspace(two: SqlStore) -> None:
    with two.registry() as registry:
        registry.add_key(a_key(), "hash")

        assert not registry.revoke(a_key().id, workspace_id=OTHER_ID, at=NOON)
        assert registry.revoke(a_key().id, workspace_id=WORKSPACE_ID, at=NOON)
        assert not registry.revoke(a_key().id, workspace_id=WORKSPACE_ID, at=NOON + HOUR)
        assert not registry.revoke("unknown", workspace_id=WORKSPACE_ID, at=NOON)

        assert registry.key(a_key().id) == (a_key(revoked_at=NOON), "hash")


def test_two_workspaces_with_the_same_ids_see_only_their_own(store: SqlStore) -> None:
    fill(store, WORKSPACE_ID, words="acme")
    fill(store, OTHER_ID, words="other")

    for workspace_id, words in ((WORKSPACE_ID, "acme"), (OTHER_ID, "other")):
        with store.reading(workspace_id) as tx:
            seen = {
                *(member.name for member in tx.members.page(email="", limit=9, offset=0)[0]),
                *(link.name for link in tx.links.page(templates=False, search="", host_email="", limit=9, offset=0)[0]),
                *(link.hosts[0].name for link in tx.links.named([LINK_ID])),
                *(outcome.name for outcome in tx.outcomes.all()),
                *(booking.client.name for booking in tx.bookings.page(BookingFilter(), now=NOON, limit=9, offset=0)[0]),
                *(
                    booking.host.name
                    for booking in tx.bookings.coming([LINK_ID], rule_id="none", now=NOON, after_id="", limit=9)
                ),
                *(rule.name for rule in tx.rules.page(limit=9, offset=0)[0]),
                *(rule.name for rule in tx.rules.watching(LINK_ID, EventKind)),
                *(invitation.calendar for invitation in tx.invitations.of_booking(BOOKING_ID)),
            }
            deliveries, number = tx.deliveries.page(DeliveryFilter(), limit=9, offset=0)
            frozen = tx.messages.get(deliveries[0].id)
        assert seen == {words}
        assert number == 1
        assert frozen is not None
        assert frozen.message == words.encode()


def test_an_empty_workspace_sees_nothing_of_others(store: SqlStore) -> None:
    fill(store, WORKSPACE_ID, words="acme")

    with store.transaction(EMPTY_ID) as tx:
        seen = [
            tx.members.get(a_member().id),
            tx.members.by_email(a_member().email),
            *tx.members.page(email="", limit=9, offset=0),
            tx.links.get(LINK_ID, deleted_too=True),
            tx.links.by_sid(a_link().sid),
            tx.links.by_slug(a_link().slug),
            *tx.links.page(templates=False, search="", host_email="", limit=9, offset=0),
            tx.links.named([LINK_ID], lock=True),
            tx.outcomes.all(),
            tx.outcomes.get(an_outcome().id),
            tx.outcomes.by_name("acme"),
            tx.bookings.get(BOOKING_ID, lock=True),
            tx.bookings.events(BOOKING_ID),
            *tx.bookings.page(BookingFilter(host_email=a_member().email), now=NOON, limit=9, offset=0),
            tx.bookings.coming([LINK_ID], rule_id="none", now=NOON, after_id="", limit=9),
            tx.bookings.clashing(a_booking(id="other"), shared_link=None),
            tx.bookings.load(a_member().id, now=NOON),
            tx.rules.get(RULE_ID),
            tx.rules.exists(RULE_ID),
            *tx.rules.page(limit=9, offset=0),
            tx.rules.watching(LINK_ID, EventKind),
            tx.rules.planning(RULE_ID),
            tx.deliveries.get(DELIVERY_ID),
            *tx.deliveries.outrun([DELIVERY_ID]),
            tx.messages.get(DELIVERY_ID),
            tx.deliveries.attempts(DELIVERY_ID),
            *tx.deliveries.page(DeliveryFilter(), limit=9, offset=0),
            tx.invitations.get(BOOKING_ID, an_invitation().recipient),
            tx.invitations.of_booking(BOOKING_ID),
            tx.answers.get("key"),
            tx.history.changed([LINK_ID], since=NOON - DAY, made_before=NOON + DAY, limit=9),
            tx.history.starting([LINK_ID], start=NOON, end=NOON + 9 * DAY, limit=9),
            tx.history.ending([LINK_ID], start=NOON, end=NOON + 9 * DAY, limit=9),
            tx.history.first_of_clients([a_booking().client.email]),
            tx.history.lives([BOOKING_ID]),
        ]

    assert [one for one in seen if one] == []


def test_nothing_done_in_one_workspace_touches_another(store: SqlStore, database: Database) -> None:
    fill(store, WORKSPACE_ID, words="acme")
    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.add([a_planned(key="waiting", due_at=NOON + DAY)], new_id=numbered("w{}"), now=NOON)
        timed = a_planned(key="timed", event=EventKind.BEFORE_MEETING_STARTS, due_at=NOON + DAY)
        tx.deliveries.add([timed], new_id=numbered("t{}"), now=NOON)
    fill(store, OTHER_ID, words="other")
    before = rows(database, WORKSPACE_ID)

    with store.transaction(OTHER_ID) as tx:
        tx.members.put(a_member(name="changed"))
        tx.members.remove(a_member().id, at=NOON)
        tx.links.put(a_link(name="changed"))
        tx.links.delete(LINK_ID, at=NOON)
        tx.outcomes.put(an_outcome(name="changed"), now=NOON)
        tx.outcomes.delete(an_outcome().id, at=NOON)
        tx.bookings.put(a_booking(revision=9))
        tx.rules.put(a_rule(revision=9))
        tx.rules.planned_until(RULE_ID, after_id=None)
        tx.rules.delete(RULE_ID, at=NOON)
        tx.deliveries.add([a_planned(rule_revision=9)], new_id=numbered("n{}"), now=NOON)
        tx.deliveries.add(
            [a_planned(key="newer", event=EventKind.BOOKING_RESCHEDULED, booking_revision=9)],
            new_id=numbered("m{}"),
            now=NOON,
        )
        tx.messages.freeze({DELIVERY_ID: a_frozen(message=b"changed")})
        tx.deliveries.retry(DELIVERY_ID, now=NOON, expires_at=NOON)
        tx.deliveries.drop_timed([BOOKING_ID], keep=[], now=NOON, reason="")
        tx.deliveries.supersede(BOOKING_ID, now=NOON)
        tx.deliveries.withdraw_before(BOOKING_ID, revision=99, now=NOON, reason="")
        tx.deliveries.end(DELIVERY_ID, Verdict(state=State.CANCELLED), now=NOON)
        tx.deliveries.withdraw_rule(RULE_ID, now=NOON, reason="")
        tx.invitations.put(an_invitation(sequence=9))
        tx.invitations.answer(an_invitation(), Answered(rsvp=Rsvp.DECLINED, sequence=9, stamp=NOON, at=NOON))
        tx.answers.put("another key", "digest", Answer(status=200, body=""), now=NOON)
        tx.workspaces.revoke("key of acme", workspace_id=OTHER_ID, at=NOON)

    assert rows(database, WORKSPACE_ID) == before


def test_a_deleted_workspace_leaves_nothing_behind_in_any_table(store: SqlStore, database: Database) -> None:
    fill(store, WORKSPACE_ID, words="acme")
    fill(store, OTHER_ID, words="other")
    kept, doomed = rows(database, WORKSPACE_ID), rows(database, OTHER_ID)
    assert [table for table, found in doomed.items() if not found] == [], "fill() must put a row into every table"

    with store.registry() as registry:
        registry.delete(OTHER_ID)

    assert [table for table, found in rows(database, OTHER_ID).items() if found] == []
    assert rows(database, WORKSPACE_ID) == kept


def test_deleting_an_unknown_workspace_changes_nothing(store: SqlStore, database: Database) -> None:
    fill(store, WORKSPACE_ID, words="acme")
    before = rows(database, WORKSPACE_ID)

    with store.registry() as registry:
        registry.delete(EMPTY_ID)

    assert rows(database, WORKSPACE_ID) == before
