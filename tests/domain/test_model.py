from datetime import timedelta, timezone
from typing import Any

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, a_booking, a_client, a_member
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.model import BookingStatus, MemberId, Place


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Eve Jones", "Eve", "Jones"),
        ("Eve", "Eve", ""),
        ("", "", ""),
        ("Ana de la Cruz", "Ana", "de la Cruz"),
        ("Eve  Jones", "Eve", "Jones"),
    ],
)
def test_a_name_is_split_at_its_first_space(name: str, first: str, last: str) -> None:
    client = a_client(name=name)

    assert (client.first_name, client.last_name) == (first, last)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"starts_at": NOON.replace(tzinfo=None)}, "starts_at", id="a start without a zone"),
        pytest.param({"ends_at": (NOON + 2 * DAY).replace(tzinfo=None)}, "ends_at", id="an end without a zone"),
        pytest.param(
            {"starts_at": NOON.astimezone(timezone(HOUR))}, "starts_at", id="a start in another zone than UTC"
        ),
        pytest.param({"ends_at": a_booking().starts_at}, "ends_at", id="no length"),
        pytest.param({"ends_at": a_booking().starts_at - MINUTE}, "ends_at", id="an end before the start"),
    ],
)
def test_a_booking_cannot_have(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        a_booking(**change)

    assert [problem.field for problem in refused.value.problems] == [field]


def test_the_first_host_is_the_host() -> None:
    first, second = a_member(name="First"), a_member(name="Second")

    assert a_booking(hosts=(first, second)).host is first


@pytest.mark.parametrize(
    ("status", "is_over"),
    [
        (BookingStatus.CONFIRMED, False),
        (BookingStatus.AWAITING_APPROVAL, False),
        (BookingStatus.CANCELLED, True),
        (BookingStatus.REJECTED, True),
    ],
)
def test_a_booking_is_over_once_it_was_cancelled_or_rejected(status: BookingStatus, is_over: bool) -> None:
    assert a_booking(status=status).is_over is is_over


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"starts_at": a_booking().starts_at - HOUR}, id="start"),
        pytest.param({"ends_at": a_booking().ends_at + HOUR}, id="end"),
        pytest.param({"place": Place(spot="in_person")}, id="place"),
        pytest.param({"hosts": (a_member(id=MemberId("other")),)}, id="host"),
        pytest.param({"hosts": (a_member(), a_member(id=MemberId("other")))}, id="one more host"),
    ],
)
def test_calendars_show_another(change: dict[str, Any]) -> None:
    assert a_booking(**change).differs_in_the_calendar(a_booking())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"client": a_client(name="Eva")}, id="client"),
        pytest.param({"is_no_show": True}, id="no-show mark"),
        pytest.param({"hosts": (a_member(name="Oliver S."),)}, id="name of the same host"),
    ],
)
def test_calendars_do_not_care_for_another(change: dict[str, Any]) -> None:
    assert not a_booking(**change).differs_in_the_calendar(a_booking())


def test_an_awaiting_booking_can_be_approved() -> None:
    approved = a_booking(status=BookingStatus.AWAITING_APPROVAL).approved()

    assert approved == a_booking(status=BookingStatus.CONFIRMED)


def test_an_awaiting_booking_can_be_rejected() -> None:
    rejected = a_booking(status=BookingStatus.AWAITING_APPROVAL).rejected(now=NOON, reason="full")

    assert rejected == a_booking(status=BookingStatus.REJECTED, cancelled_at=NOON, cancel_reason="full")


@pytest.mark.parametrize("status", [BookingStatus.CONFIRMED, BookingStatus.CANCELLED, BookingStatus.REJECTED])
def test_only_an_awaiting_booking_can_be_decided_on(status: BookingStatus) -> None:
    with pytest.raises(ConflictError, match=f"can be approved; this one is {status.value}"):
        a_booking(status=status).approved()
    with pytest.raises(ConflictError, match=f"can be rejected; this one is {status.value}"):
        a_booking(status=status).rejected(now=NOON, reason="")


@pytest.mark.parametrize("status", [BookingStatus.CONFIRMED, BookingStatus.AWAITING_APPROVAL])
def test_a_live_booking_can_be_cancelled(status: BookingStatus) -> None:
    cancelled = a_booking(status=status).cancelled(now=NOON, reason="ill", by="client")

    assert cancelled == a_booking(
        status=BookingStatus.CANCELLED, cancelled_at=NOON, cancel_reason="ill", cancelled_by="client"
    )


@pytest.mark.parametrize("status", [BookingStatus.CANCELLED, BookingStatus.REJECTED])
def test_a_booking_that_is_over_cannot_be_cancelled_again(status: BookingStatus) -> None:
    with pytest.raises(ConflictError, match=f"{status.value} already"):
        a_booking(status=status).cancelled(now=NOON + timedelta(1), reason="", by="")
