from datetime import timedelta
from typing import Any

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, WORKSPACE_ID, a_booking, a_link, a_member
from tests.storage.shelf import MOMENT, NASTY, keep
from tocsin.domain.model import LinkId, LinkKind, MemberId, SchedulingLink
from tocsin.storage.store import SqlStore

ADA = a_member(id=MemberId("ada"), name="Ada", email="ada@x.org")
BOB = a_member(id=MemberId("bob"), name="Bob", email="bob@x.org")


def a_numbered_link(number: int, **changes: Any) -> SchedulingLink:
    """Return one of several links, the higher its number the younger."""
    own = {"id": LinkId(f"link{9 - number}"), "sid": f"sid{number}", "slug": f"slug{number}"}
    return a_link(**(own | {"name": f"Link {number}", "hosts": (), "created_at": NOON + number * MINUTE} | changes))


@pytest.mark.parametrize("kind", LinkKind)
def test_a_link_comes_back_as_it_was(acme: SqlStore, kind: LinkKind) -> None:
    link = a_link(
        name=NASTY,
        description=NASTY,
        kind=kind,
        duration=timedelta(days=40, seconds=1),
        hosts=(BOB, ADA),
        spot="",
        spot_details=NASTY,
        scheduling_url="",
        is_template=True,
        is_disabled=True,
        requires_approval=True,
        extras={"buffer": None, "n": 1.5, "deep": [{"ü": NASTY}, True, ""]},
        created_at=MOMENT,
        updated_at=MOMENT + HOUR,
    )
    keep(acme, ADA, BOB, link)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.links.get(link.id) == link
        assert tx.links.by_sid(link.sid) == link
        assert tx.links.by_slug(link.slug) == link


def test_there_is_no_link_with_an_unknown_id_sid_or_slug(acme: SqlStore) -> None:
    keep(acme, a_link(hosts=()))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.links.get("unknown") is None
        assert tx.links.by_sid("unknown") is None
        assert tx.links.by_slug("unknown") is None


def test_a_changed_link_takes_the_place_of_the_old_one_with_other_hosts(acme: SqlStore) -> None:
    changed = a_link(slug="new", name="New", hosts=(ADA,), extras={"a": 1}, updated_at=NOON)

    keep(acme, ADA, BOB, a_link(hosts=(BOB, ADA)), changed)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.links.get(changed.id) == changed
        assert tx.links.page(templates=False, search="", host_email="", limit=9, offset=0) == ([changed], 1)


def test_links_are_listed_from_the_oldest_page_by_page(acme: SqlStore) -> None:
    first, second, third = (a_numbered_link(number) for number in (1, 2, 3))
    keep(acme, third, first, second)

    with acme.reading(WORKSPACE_ID) as tx:
        pages = [
            tx.links.page(templates=False, search="", host_email="", limit=2, offset=offset) for offset in (0, 2, 4)
        ]

    assert pages == [([first, second], 3), ([third], 3), ([], 3)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({}, ["slug1", "slug2", "slug3"], id="all but templates"),
        pytest.param({"templates": True}, ["slug4"], id="templates"),
        pytest.param({"search": "TALK"}, ["slug1"], id="by name, whatever its case"),
        pytest.param({"search": "ärger"}, ["slug2"], id="by name, whatever its case in any script"),
        pytest.param({"search": "slug3"}, ["slug3"], id="by slug"),
        pytest.param({"search": "100%"}, ["slug3"], id="by a percent sign"),
        pytest.param({"search": "1%fun"}, [], id="a percent sign is no wildcard"),
        pytest.param({"search": "s_ug1"}, [], id="an underscore is no wildcard"),
        pytest.param({"search": "r~x"}, ["slug3"], id="a tilde is no escape"),
        pytest.param({"search": "\\f"}, ["slug3"], id="a backslash is no escape"),
        pytest.param({"host_email": "ada@x.org"}, ["slug1", "slug2"], id="by host"),
        pytest.param({"host_email": "ada@x.org", "search": "talk"}, ["slug1"], id="by host and name"),
        pytest.param({"host_email": "nobody@x.org"}, [], id="by somebody who is no host"),
    ],
)
def test_links_are_found(acme: SqlStore, wanted: dict[str, Any], expected: list[str]) -> None:
    keep(
        acme,
        ADA,
        BOB,
        a_numbered_link(1, name="A talk", hosts=(ADA,)),
        a_numbered_link(2, name="ÄRGER", hosts=(BOB, ADA)),
        a_numbered_link(3, name="100% fun\\fair~x", hosts=(BOB,)),
        a_numbered_link(4, is_template=True),
    )

    with acme.reading(WORKSPACE_ID) as tx:
        asked: dict[str, Any] = {"templates": False, "search": "", "host_email": ""} | wanted
        found, number = tx.links.page(**asked, limit=9, offset=0)

    assert [link.slug for link in found] == expected
    assert number == len(expected)


@pytest.mark.parametrize("lock", [False, True])
def test_links_are_named_by_their_ids_templates_too(acme: SqlStore, lock: bool) -> None:
    one, template, gone = a_numbered_link(1), a_numbered_link(2, is_template=True), a_numbered_link(3)
    keep(acme, one, template, gone)

    with acme.transaction(WORKSPACE_ID) as tx:
        tx.links.delete(gone.id, at=NOON)
        found = tx.links.named([one.id, template.id, gone.id, "unknown", one.id], lock=lock)

    assert found == sorted([one, template], key=lambda link: link.id)


def test_a_deleted_link_is_gone_for_all_but_its_bookings(acme: SqlStore) -> None:
    keep(acme, a_member(), a_link(), a_booking())

    with acme.transaction(WORKSPACE_ID) as tx:
        tx.links.delete(a_link().id, at=NOON + DAY)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.links.get(a_link().id) is None
        assert tx.links.by_sid(a_link().sid) is None
        assert tx.links.by_slug(a_link().slug) is None
        assert tx.links.page(templates=False, search="", host_email="", limit=9, offset=0) == ([], 0)
        assert tx.links.get(a_link().id, deleted_too=True) == a_link(updated_at=NOON + DAY)
        assert tx.bookings.get(a_booking().id) == a_booking()


def test_the_slug_of_a_deleted_link_is_free_again(acme: SqlStore) -> None:
    keep(acme, a_link(hosts=()))
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.links.delete(a_link().id, at=NOON)

    again = a_link(id=LinkId("again"), sid="again", hosts=())
    keep(acme, again)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.links.by_slug(a_link().slug) == again


def test_holding_a_link_changes_nothing(acme: SqlStore) -> None:
    keep(acme, a_link(hosts=()))

    with acme.transaction(WORKSPACE_ID) as tx:
        tx.links.hold(a_link().id)
        tx.links.hold(LinkId("unknown"))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.links.get(a_link().id) == a_link(hosts=())


def test_links_are_found_by_several_slugs_at_once_templates_too_and_deleted_ones_not(acme: SqlStore) -> None:
    first, second, third = (a_numbered_link(number) for number in (1, 2, 3))
    mould = a_numbered_link(4, is_template=True, hosts=())
    keep(acme, first, second, third, mould)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.links.delete(third.id, at=NOON)

    with acme.reading(WORKSPACE_ID) as tx:
        found = tx.links.slugged(["slug4", "slug1", "slug3", "nothing", "no'; --"])
        assert sorted(found, key=lambda link: link.slug) == [first, mould]
        assert tx.links.slugged([]) == []
