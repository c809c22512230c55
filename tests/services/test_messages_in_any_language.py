"""Whatever language and zone a recipient reads, and whatever is told: the message may leave, and says when in his words."""

import zoneinfo
from dataclasses import replace

import pytest
from babel import Locale, localedata
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOON, a_booking, a_client, a_delivery, a_scene, a_workspace, an_action
from tests.formats.letters import hostile_text
from tocsin.domain.delivery import Cause
from tocsin.domain.recipients import Reader, RecipientSettings
from tocsin.domain.sync import Standing
from tocsin.formats import dates, scan, zones
from tocsin.formats.opened import opened
from tocsin.formats.words import LANGUAGES
from tocsin.services.messages import compose, reader_of

EVERY_LOCALE = sorted(localedata.locale_identifiers())
EVERY_ZONE = sorted(one for one in zoneinfo.available_timezones() if zones.complaint(one) is None)
locales = st.one_of(st.sampled_from(sorted(LANGUAGES)), st.sampled_from(EVERY_LOCALE))
ACTION = an_action(email_body="<p>{{booking.starts_at}}</p><p>{{meeting.name}}</p>")


@settings(deadline=None, max_examples=300)
@given(
    locale=locales,
    zone=st.sampled_from(EVERY_ZONE),
    standing=st.sampled_from(Standing),
    cause=st.sampled_from(Cause),
    text=hostile_text,
)
def test_any_message_in_any_language_and_zone_may_leave(
    locale: str, zone: str, standing: Standing, cause: Cause, text: str
) -> None:
    booking = a_booking(cancel_reason=text)
    workspace = a_workspace(name=text)
    scene = a_scene(booking=booking, workspace=workspace, reader=Reader(time_zone=zone, locale=locale))
    scene = replace(scene, standing=standing, opt_out_url="https://acme.example.com/opt-out/x_")

    frozen, _ = compose(a_delivery(cause=cause), ACTION, scene, now=NOON)

    assert scan.complaints(frozen.message) == []
    found = opened(frozen.message)
    moment = dates.moment(booking.starts_at, zone, locale)
    assert moment in found.text
    assert moment.replace("&", "&amp;").replace("\xa0", "&nbsp;") in found.html
    assert ("{" in found.text) <= ("{" in text)
    if Locale.parse(locale).language in LANGUAGES:
        direction = ' dir="rtl"' if Locale.parse(locale).text_direction == "rtl" else ""
        assert found.html.splitlines()[1] == f'<html lang="{locale.replace("_", "-")}"{direction}>'


@pytest.mark.parametrize(
    ("recipient", "zone", "locale", "reader"),
    [
        ("ada@example.org", None, None, ("Europe/Berlin", "pt")),
        ("ada@example.org", "Asia/Tokyo", None, ("Asia/Tokyo", "pt")),
        ("ada@example.org", None, "ja", ("Europe/Berlin", "ja")),
        ("eve@example.net", None, None, ("America/New_York", "pt")),
        ("eve@example.net", None, "ja", ("America/New_York", "ja")),
        ("eve@example.net", "Asia/Tokyo", "ja", ("Asia/Tokyo", "ja")),
    ],
)
def test_what_is_set_for_an_address_comes_first_then_the_booking_then_the_workspace(
    recipient: str, zone: str | None, locale: str | None, reader: tuple[str, str]
) -> None:
    booking = a_booking(client=a_client(time_zone="America/New_York"))
    own = RecipientSettings(address=recipient, time_zone=zone, locale=locale, updated_at=NOON)

    found = reader_of(booking, a_workspace(locale="pt"), recipient, own if zone or locale else None)

    assert (found.time_zone, found.locale) == reader
