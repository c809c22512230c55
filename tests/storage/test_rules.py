from datetime import timedelta

import pytest

from tests.builders import DAY, HOUR, LINK_ID, MINUTE, NOON, RULE_ID, WORKSPACE_ID, a_reminder, a_rule, an_action
from tests.storage.shelf import MOMENT, NASTY, keep
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkId
from tocsin.domain.rules import RuleId
from tocsin.storage.store import SqlStore


@pytest.mark.parametrize("event", EventKind)
@pytest.mark.parametrize("offsets", [(), (timedelta(0),), (525_600 * MINUTE, HOUR, timedelta(0))])
def test_a_rule_comes_back_as_it_was(acme: SqlStore, event: EventKind, offsets: tuple[timedelta, ...]) -> None:
    plain = an_action(emails=("a@x.org", "{{client.email}}"))
    nasty = an_action(
        emails=(), email_subject=NASTY, email_body=NASTY, calendar_invite_subject="", calendar_invite_body=NASTY
    )
    rule = a_rule(
        revision=3,
        name=NASTY,
        event=event,
        link_ids=(LinkId("z"), LinkId("a"), LINK_ID),
        actions=(plain, nasty),
        enabled=False,
        offsets=offsets,
        created_at=MOMENT,
        updated_at=MOMENT + HOUR,
    )

    keep(acme, rule)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.rules.get(rule.id) == rule


def test_a_rule_without_links_or_actions_comes_back_too(acme: SqlStore) -> None:
    keep(acme, a_rule(link_ids=(), actions=()))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.rules.get(RULE_ID) == a_rule(link_ids=(), actions=())
        assert tx.rules.get("unknown") is None
        assert tx.rules.exists(RULE_ID)
        assert not tx.rules.exists("unknown")


def test_a_changed_rule_takes_the_place_of_the_old_one(acme: SqlStore) -> None:
    changed = a_reminder(revision=2, name="Later", link_ids=(LinkId("other"),), enabled=False, updated_at=NOON)

    keep(acme, a_rule(), changed)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.rules.get(RULE_ID) == changed
        assert tx.rules.page(limit=9, offset=0) == ([changed], 1)


def test_rules_are_listed_from_the_newest_page_by_page(acme: SqlStore) -> None:
    rules = [a_rule(id=RuleId(f"rule{9 - n}"), created_at=NOON + n * MINUTE) for n in range(3)]
    keep(acme, rules[1], rules[0], rules[2])

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.rules.page(limit=2, offset=0) == ([rules[2], rules[1]], 3)
        assert tx.rules.page(limit=2, offset=2) == ([rules[0]], 3)
        assert tx.rules.page(limit=2, offset=4) == ([], 3)


def test_only_the_enabled_rules_of_a_link_and_event_watch_it_the_oldest_first(acme: SqlStore) -> None:
    young = a_rule(id=RuleId("a"), created_at=NOON)
    old = a_rule(id=RuleId("b"), created_at=NOON - DAY, link_ids=(LinkId("x"), LINK_ID))
    timed = a_reminder(id=RuleId("c"), created_at=NOON)
    keep(acme, young, old, timed)
    keep(acme, a_rule(id=RuleId("off"), enabled=False), a_rule(id=RuleId("elsewhere"), link_ids=(LinkId("x"),)))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.rules.watching(LINK_ID, [EventKind.BOOKING_CONFIRMED]) == [old, young]
        assert tx.rules.watching(LINK_ID, EventKind) == [old, young, timed]
        assert tx.rules.watching(LINK_ID, []) == []
        assert tx.rules.watching(LinkId("unknown"), EventKind) == []


def test_a_rule_no_longer_watches_a_link_that_was_taken_off_it(acme: SqlStore) -> None:
    keep(acme, a_rule(), a_rule(revision=2, link_ids=(LinkId("other"),)))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.rules.watching(LINK_ID, EventKind) == []
        assert [rule.id for rule in tx.rules.watching(LinkId("other"), EventKind)] == [RULE_ID]


def test_each_revision_of_an_action_is_kept_even_when_the_rule_is_gone(acme: SqlStore) -> None:
    first, second, other = an_action(email_subject="1"), an_action(email_subject="2"), an_action(email_subject=NASTY)
    keep(acme, a_rule(revision=1, actions=(first,)), a_rule(revision=2, actions=(second, other)))

    with acme.transaction(WORKSPACE_ID) as tx:
        tx.rules.delete(RULE_ID, at=NOON)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.rules.get(RULE_ID) is None
        assert not tx.rules.exists(RULE_ID)
        assert tx.rules.page(limit=9, offset=0) == ([], 0)
        assert tx.rules.watching(LINK_ID, EventKind) == []
        assert tx.rules.action(RULE_ID, revision=1, index=0) == first
        assert tx.rules.action(RULE_ID, revision=2, index=0) == second
        assert tx.rules.action(RULE_ID, revision=2, index=1) == other


def test_how_far_the_planning_of_a_rule_has_got_is_kept(acme: SqlStore) -> None:
    keep(acme, a_reminder(), a_reminder(id=RuleId("other")))

    seen = []
    for after_id in ("b1", "b2", None):
        with acme.transaction(WORKSPACE_ID) as tx:
            tx.rules.planned_until(RULE_ID, after_id=after_id)
            seen.append((tx.rules.planning(RULE_ID), tx.rules.planning(RuleId("other"))))

    assert seen == [("b1", None), ("b2", None), (None, None)]


def test_the_queue_names_the_rules_that_are_not_planned_to_the_end(acme: SqlStore) -> None:
    keep(acme, a_reminder())
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.rules.planned_until(RULE_ID, after_id="")
    assert acme.queue.unplanned_rules() == [(WORKSPACE_ID, RULE_ID)]

    with acme.transaction(WORKSPACE_ID) as tx:
        tx.rules.delete(RULE_ID, at=NOON)

    assert acme.queue.unplanned_rules() == []


def test_several_rules_can_be_locked_at_once_and_a_turn_changes_nothing(acme: SqlStore) -> None:
    rules = [a_rule(id=RuleId(name)) for name in ("b", "a")]
    keep(acme, *rules)
    with acme.directory() as directory:
        before = directory.all()

    with acme.transaction(WORKSPACE_ID) as tx:
        tx.rules.turn()
        tx.rules.lock("b", "a", "nothing")
        tx.rules.lock()

    with acme.reading(WORKSPACE_ID) as tx:
        assert sorted(tx.rules.page(limit=9, offset=0)[0], key=lambda rule: rule.id) == rules[::-1]
    with acme.directory() as directory:
        assert directory.all() == before
