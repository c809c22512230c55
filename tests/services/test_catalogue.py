"""Workspaces, links, members, outcomes and repeated requests: what can be made, found, changed and taken away."""

from datetime import timedelta

import pytest

from tests.builders import HOUR, NOON, WORKSPACE_ID, a_link, a_member, a_workspace
from tests.journeys.world import SECOND_HOST, World
from tests.storage.shelf import OTHER_ID
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.model import LinkKind, OutcomeKind, SchedulingLink
from tocsin.services import idempotency, links, members, outcomes, workspaces
from tocsin.services.links import LinkDraft
from tocsin.services.ports import Page, Transaction
from tocsin.services.ports_answers import Answer


def make_link(office: World, tx: Transaction, **wanted: object) -> SchedulingLink:
    named = {"template_id": None, "is_template": False} | {k: wanted.pop(k) for k in list(wanted) if "template" in k}
    draft = LinkDraft(**wanted)  # type: ignore[arg-type]
    return links.create(tx, draft, now=NOON, chance=office.chance, **named)  # type: ignore[arg-type]


# Workspaces


def test_a_workspace_is_made_with_its_built_in_outcome(office: World) -> None:
    made = workspaces.create(office.store, a_workspace(id=OTHER_ID, subdomain="other"), now=NOON, chance=office.chance)

    with office.store.reading(OTHER_ID) as tx:
        assert [(one.name, one.kind) for one in outcomes.every(tx)] == [("No show", OutcomeKind.NO_SHOW)]
    assert [one.subdomain for one in workspaces.every(office.store)] == ["acme", "other"]
    assert made.id == OTHER_ID


@pytest.mark.parametrize("subdomain", ["acme", "www", "Acme", "-a", "a-", "", "a" * 64, "a.b", "ä"])
def test_a_subdomain_that_cannot_be_is_refused(office: World, subdomain: str) -> None:
    wanted = a_workspace(id=OTHER_ID, subdomain=subdomain)

    with pytest.raises(InvalidInputError):
        workspaces.create(office.store, wanted, now=NOON, chance=office.chance)

    assert len(workspaces.every(office.store)) == 1


def test_a_host_names_its_workspace_and_the_bare_host_the_only_one(office: World) -> None:
    def at(*hosts: str) -> str:
        return workspaces.at_host(office.store, hosts, base_host="tocsin.example").subdomain

    assert at("acme.tocsin.example:8000") == at("tocsin.example") == "acme"
    for hosts in (("other.tocsin.example",), ("evil.example",), (), ("acme.tocsin.example", "acme.tocsin.example")):
        with pytest.raises(NotFoundError):
            at(*hosts)
    workspaces.create(office.store, a_workspace(id=OTHER_ID, subdomain="other"), now=NOON, chance=office.chance)
    with pytest.raises(NotFoundError):
        at("tocsin.example")


def test_a_deleted_workspace_is_gone(office: World) -> None:
    assert workspaces.delete(office.store, "acme") == WORKSPACE_ID

    assert workspaces.every(office.store) == []
    with pytest.raises(NotFoundError, match="workspace list"):
        workspaces.delete(office.store, "acme")


# Links


def test_a_link_has_what_was_asked_and_its_hosts_become_members(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        made = make_link(office, tx, slug="talk", name="Talk", hosts=("new.person@example.com",) * 2, duration=HOUR)

        assert (made.slug, made.name, made.duration, made.kind) == ("talk", "Talk", HOUR, LinkKind.ONE_ON_ONE)
        assert [(host.name, host.time_zone) for host in made.hosts] == [("New Person", "Europe/Berlin")]
        assert links.get(tx, made.id) == links.get(tx, made.sid) == made
        assert links.page(tx, Page())[1] == 2
        assert links.page(tx, Page(), search="tal") == ([made], 1)


def test_a_link_made_from_a_template_has_what_the_template_has_but_its_own_name(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        template = make_link(office, tx, is_template=True, slug="", name="Template", duration=HOUR, spot="zoom")
        made = make_link(office, tx, template_id=template.id, slug="talk", name="Talk")

        assert (made.duration, made.spot, made.name, made.is_template) == (HOUR, "zoom", "Talk", False)
        assert made.id != template.id
        assert links.get(tx, template.id, is_template=True) == template
        for template_id in ("unknown", made.id):
            with pytest.raises(InvalidInputError, match="no meeting template"):
                make_link(office, tx, template_id=template_id, slug="other")
        with pytest.raises(NotFoundError, match="no meeting with"):
            links.get(tx, template.id)
        with pytest.raises(NotFoundError, match="no meeting template"):
            links.get(tx, made.id, is_template=True)


def test_a_change_of_a_link_keeps_what_is_not_given(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        changed = links.update(
            tx,
            a_link().id,
            LinkDraft(name="Second talk", is_disabled=True, extras={"color": "red"}),
            is_template=False,
            now=NOON,
            chance=office.chance,
        )

        assert (changed.name, changed.slug, changed.is_disabled) == ("Second talk", "intro", True)
        assert changed.extras == {"color": "red"}
        assert changed.hosts == (a_member(),)
        links.delete(tx, changed.id, now=NOON)
        with pytest.raises(NotFoundError):
            links.get(tx, changed.id)


def test_a_slug_belongs_to_one_link(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx, pytest.raises(InvalidInputError, match="slug of another"):
        make_link(office, tx, slug="intro")


# Members


def test_members_are_found_changed_and_removed(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        member = members.add(tx, "jo_ann.lee@example.com", now=NOON, chance=office.chance)
        changed = members.update(tx, member.id, name="Jo", time_zone="Asia/Tokyo")

        assert (member.name, changed.name, changed.time_zone, changed.role) == (
            "Jo Ann Lee",
            "Jo",
            "Asia/Tokyo",
            "standard",
        )
        assert members.page(tx, Page(), email="jo_ann.lee@example.com") == ([changed], 1)
        assert members.add(tx, SECOND_HOST.email, now=NOON, chance=office.chance) == SECOND_HOST
        members.remove(tx, member.id, now=NOON)
        with pytest.raises(NotFoundError):
            members.get(tx, member.id)


# Outcomes


def test_outcomes_have_names_of_their_own(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        lost = outcomes.create(tx, "Lost", now=NOON, chance=office.chance)

        assert outcomes.get(tx, lost.id) == lost
        with pytest.raises(InvalidInputError, match="already"):
            outcomes.create(tx, "Lost", now=NOON, chance=office.chance)
        with pytest.raises(InvalidInputError, match="is or was"):
            outcomes.update(tx, lost.id, name="Won", color=None, now=NOON)
        renamed = outcomes.update(tx, lost.id, name="Gone", color="#000000", now=NOON)
        assert (renamed.name, renamed.color) == ("Gone", "#000000")
        assert outcomes.update(tx, lost.id, name=None, color=None, now=NOON) == renamed


def test_a_deleted_outcome_comes_back_by_its_name_and_the_built_in_one_stays(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        outcomes.create_built_in(tx, now=NOON, chance=office.chance)
        lost = outcomes.create(tx, "Lost", now=NOON, chance=office.chance)
        outcomes.delete(tx, lost.id, now=NOON)
        with pytest.raises(NotFoundError):
            outcomes.get(tx, lost.id)

        again = outcomes.create(tx, "Lost", color="#ffffff", now=NOON, chance=office.chance)

        assert (again.id, again.color) == (lost.id, "#ffffff")
        (built_in,) = (one for one in outcomes.every(tx) if one.kind is OutcomeKind.NO_SHOW)
        with pytest.raises(ConflictError):
            outcomes.delete(tx, built_in.id, now=NOON)


# Repeated requests


def ask(office: World, key: str, request: bytes, *, body: str = "{}") -> Answer:
    with office.store.transaction(WORKSPACE_ID) as tx:
        return idempotency.once(tx, key, request, lambda _tx: Answer(status=201, body=body), now=office.clock())


def test_a_request_that_comes_again_has_its_first_answer(office: World) -> None:
    first = ask(office, "key", b"request", body="1")
    office.clock.advance(timedelta(hours=71))

    assert ask(office, "key", b"request", body="2") == first
    assert ask(office, "another", b"request", body="2").body == "2"


def test_a_key_that_comes_with_another_request_is_refused(office: World) -> None:
    ask(office, "key", b"request")

    with pytest.raises(InvalidInputError, match="another request before"):
        ask(office, "key", b"another")


def test_a_request_that_failed_can_come_again(office: World) -> None:
    def fail(_tx: Transaction) -> Answer:
        raise ConflictError("no")

    with pytest.raises(ConflictError), office.store.transaction(WORKSPACE_ID) as tx:
        idempotency.once(tx, "key", b"request", fail, now=NOON)

    assert ask(office, "key", b"another", body="2").body == "2"
