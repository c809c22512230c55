"""RFC 5545, 3.8.7.2: DTSTAMP is when this revision of the object was made, in UTC; not when a copy of it is sent."""

from datetime import timedelta

from tests.builders import HOUR, NOON, an_entry, an_invitation
from tests.formats.letters import an_invite
from tocsin.domain.invite import revise
from tocsin.formats import ics


def test_it_is_the_time_of_the_revision_in_utc_to_the_second() -> None:
    invite = revise(an_entry(), None, now=NOON + timedelta(microseconds=999_999))

    assert "DTSTAMP:20261124T120000Z\r\n" in ics.write(invite)


def test_it_rises_with_every_revision_even_within_a_second_or_if_a_clock_went_back() -> None:
    told = an_invitation(stamp=NOON)

    for now in (NOON, NOON + timedelta(microseconds=1), NOON - HOUR):
        assert revise(an_entry(summary="another"), told, now=now).stamp == NOON + timedelta(seconds=1)
    assert revise(an_entry(summary="another"), told, now=NOON + HOUR).stamp == NOON + HOUR


def test_it_stands_once_and_agrees_with_last_modified() -> None:
    calendar = ics.write(an_invite())

    (stamp,) = (line.removeprefix("DTSTAMP:") for line in calendar.split("\r\n") if line.startswith("DTSTAMP"))
    assert f"LAST-MODIFIED:{stamp}\r\n" in calendar
