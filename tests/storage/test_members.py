from tests.builders import DAY, HOUR, NOON, WORKSPACE_ID, a_booking, a_link, a_member
from tests.storage.shelf import MOMENT, NASTY, keep
from tocsin.domain.model import BookingId, BookingStatus, Member, MemberId
from tocsin.storage.store import SqlStore


def test_a_member_comes_back_as_it_was(acme: SqlStore) -> None:
    member = a_member(name=NASTY, email="zoë@exämple.org", time_zone="", role="standard", created_at=MOMENT)

    keep(acme, member)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.members.get(member.id) == member
        assert tx.members.by_email(member.email) == member


def test_a_changed_member_takes_the_place_of_the_old_one(acme: SqlStore) -> None:
    changed = a_member(name="Other", time_zone="Asia/Tokyo", role="standard")

    keep(acme, a_member(), changed)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.members.page(email="", limit=9, offset=0) == ([changed], 1)


def test_there_is_no_member_with_an_unknown_id_or_address(acme: SqlStore) -> None:
    keep(acme, a_member())

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.members.get("unknown") is None
        assert tx.members.by_email("unknown@example.org") is None


def test_members_are_listed_by_name_page_by_page(acme: SqlStore) -> None:
    cid, ada, bob = (a_member(id=MemberId(name), name=name, email=f"{name}@x.org") for name in ("Cid", "Ada", "Bob"))
    keep(acme, cid, ada, bob)

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.members.page(email="", limit=2, offset=0) == ([ada, bob], 3)
        assert tx.members.page(email="", limit=2, offset=2) == ([cid], 3)
        assert tx.members.page(email="", limit=2, offset=4) == ([], 3)
        assert tx.members.page(email="Bob@x.org", limit=2, offset=0) == ([bob], 1)
        assert tx.members.page(email="no@x.org", limit=2, offset=0) == ([], 0)


def removed(store: SqlStore, member: Member) -> None:
    with store.transaction(WORKSPACE_ID) as tx:
        tx.members.remove(member.id, at=NOON)


def test_a_removed_member_is_off_the_lists_but_known_by_address(acme: SqlStore) -> None:
    keep(acme, a_member())

    removed(acme, a_member())

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.members.get(a_member().id) is None
        assert tx.members.page(email="", limit=9, offset=0) == ([], 0)
        assert tx.members.by_email(a_member().email) == a_member()


def test_a_removed_member_stays_the_host_of_bookings_and_links(acme: SqlStore) -> None:
    keep(acme, a_member(), a_link(), a_booking())

    removed(acme, a_member())

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.get(a_booking().id) == a_booking()
        assert tx.links.get(a_link().id) == a_link()


def test_a_removed_member_is_there_again_once_stored_anew(acme: SqlStore) -> None:
    keep(acme, a_member())
    removed(acme, a_member())

    keep(acme, a_member())

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.members.get(a_member().id) == a_member()


def test_locking_members_changes_nothing(acme: SqlStore) -> None:
    keep(acme, a_member())

    with acme.transaction(WORKSPACE_ID) as tx:
        tx.members.lock([a_member().id, MemberId("unknown")])

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.members.page(email="", limit=9, offset=0) == ([a_member()], 1)


def test_the_load_of_a_member_counts_his_coming_live_bookings(acme: SqlStore) -> None:
    def booking(name: str, **changes: object) -> None:
        keep(acme, a_booking(id=BookingId(name), sid=name, **changes))

    keep(acme, a_member(), a_member(id=MemberId("other"), email="other@x.org"))
    booking("coming")
    booking("awaiting", status=BookingStatus.AWAITING_APPROVAL)
    booking("cancelled", status=BookingStatus.CANCELLED)
    booking("past", starts_at=NOON - DAY, ends_at=NOON - DAY + HOUR)
    booking("just over", starts_at=NOON - HOUR, ends_at=NOON)
    booking("another's", hosts=(a_member(id=MemberId("other")),))

    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.load(a_member().id, now=NOON) == 2
        assert tx.bookings.load(MemberId("nobody"), now=NOON) == 0
