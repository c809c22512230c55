"""One rule, many recipients: each gets the message in a zone and language of his own, through a real SMTP dialogue."""

import pytest

from tests.builders import WORKSPACE_ID, a_client, a_member
from tests.calendars import ReceivedInvite
from tests.journeys.test_seven_events import received
from tests.journeys.world import SECOND_HOST, World, slot
from tests.smtp_server import Sink
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkKind
from tocsin.services import recipients

CONFIRMED, MOVED, CANCELLED = EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_RESCHEDULED, EventKind.BOOKING_CANCELLED
BODY = "<p>{{booking.starts_at}} | {{client.starts_at}} | {{host.starts_at}}</p>"
JAPANESE, ARAB, GUEST, THIRD = "kei@example.jp", "nur@example.org", "gus@example.org", "ada@example.org"
FIRST = {
    THIRD: "Wednesday, 25 November 2026 at 16:30 (Europe/Berlin, GMT+1)",
    "eve@example.net": "miércoles, 25 de noviembre de 2026, 10:30 (America/New_York, GMT-5)",
    "oliver@example.com": "Mittwoch, 25. November 2026 um 16:30 (Europe/Berlin, GMT+1)",
    "wanda@example.com": "mercredi 25 novembre 2026 à 12:00 (America/St_Johns, GMT-3:30)",
    JAPANESE: "2026年11月26日木曜日 0:30 (Asia/Tokyo, GMT+9)",
    ARAB: "الأربعاء، ٢٥ نوفمبر ٢٠٢٦ في ٥:٣٠ م (Africa/Cairo, GMT+2)",
    GUEST: "Wednesday, 25 November 2026 at 16:30 (Europe/Berlin, GMT+1)",
}
SETTINGS = {
    "eve@example.net": (None, "es"),
    "oliver@example.com": (None, "de"),
    "wanda@example.com": ("America/St_Johns", "fr"),
    JAPANESE: ("Asia/Tokyo", "ja"),
    ARAB: ("Africa/Cairo", "ar-EG"),
}
CANCELLATIONS = {
    THIRD: ("Cancelled: You meet", "This meeting was cancelled: ill"),
    "eve@example.net": ("Cancelación: You meet", "Esta reunión se ha cancelado: ill"),
    "oliver@example.com": ("Abgesagt: You meet", "Dieser Termin wurde abgesagt: ill"),
    "wanda@example.com": ("Annulation\u00a0: You meet", "Ce rendez-vous a été annulé\u00a0: ill"),
    JAPANESE: ("キャンセル：You meet", "この予定はキャンセルされました：ill"),
    ARAB: ("إلغاء: You meet\u200e", "أُلغي هذا الموعد: ill\u200e"),
    GUEST: ("Cancelled: You meet", "This meeting was cancelled: ill"),
}
FOOTERS = {
    THIRD: "Stop these messages",
    JAPANESE: "配信を停止する",
    ARAB: "إيقاف هذه الرسائل",
    GUEST: "Stop these messages",
}


@pytest.fixture
def settled(world: World) -> World:
    """Give a world with two hosts, and with recipients of whom zone, language, both or nothing is set."""
    world.set_link(kind=LinkKind.MULTIHOST, hosts=(a_member(), SECOND_HOST))
    with world.store.transaction(WORKSPACE_ID) as tx:
        for address, (zone, locale) in SETTINGS.items():
            recipients.put(tx, address, time_zone=zone, locale=locale, now=world.clock())
    return world


def by_recipient(sink: Sink) -> dict[str, ReceivedInvite]:
    found = {one.attendee: one for one in received(sink)}
    sink.messages.clear()
    return found


def test_each_reads_the_message_in_a_zone_and_language_of_his_own(settled: World, sink: Sink) -> None:
    emails = (THIRD, "{{client.email}}", "{{host.email}}", "{{guest.emails}}")
    settled.rule(CONFIRMED, *emails, email_subject="You meet", email_body=BODY, calendar_invite_body=BODY)

    settled.book(client=a_client(), slot=slot("2026-11-25 10:30"), guests=(JAPANESE, ARAB, GUEST))
    settled.drain()

    found = by_recipient(sink)
    assert list(found) == list(FIRST)
    for recipient, moment in FIRST.items():
        own, of_client, of_host = found[recipient].plain.partition("\n")[0].split(" | ")
        assert own == moment
        assert found[recipient].appointment.description == f"{own} | {of_client} | {of_host}"
        assert of_client.endswith(" (America/New_York, GMT-5)")
        assert of_host.endswith(" (Europe/Berlin, GMT+1)")
        # In the zones of others, and in his own words.
        assert (of_client == own) is (recipient == "eve@example.net")
        assert (of_host == own) is (recipient in (THIRD, GUEST, "oliver@example.com"))


def test_what_tocsin_says_by_itself_is_in_the_readers_language(settled: World, sink: Sink) -> None:
    emails = (THIRD, "{{client.email}}", "{{host.email}}", "{{guest.emails}}")
    settled.rule(CONFIRMED, *emails, email_subject="You meet", keep_in_sync=True)
    booking = settled.book(guests=(JAPANESE, ARAB, GUEST))
    settled.drain()
    invited = by_recipient(sink)

    settled.cancel(booking)
    settled.drain()

    found = by_recipient(sink)
    assert {one: (found[one].subject, found[one].plain.partition("\n")[0]) for one in found} == CANCELLATIONS
    for each in (invited, found):
        for recipient, one in each.items():
            stop = FOOTERS.get(recipient)
            assert [words for words in set(FOOTERS.values()) if words in one.plain] == ([stop] if stop else [])


def test_a_setting_that_is_changed_counts_from_the_next_message_on(settled: World, sink: Sink) -> None:
    settled.rule(CONFIRMED, ARAB, calendar_invite_body=BODY)
    settled.rule(MOVED, ARAB, calendar_invite_body=BODY)
    booking = settled.book()
    settled.drain()
    first = by_recipient(sink)[ARAB]

    with settled.store.transaction(WORKSPACE_ID) as tx:
        recipients.put(tx, ARAB, time_zone=None, locale="pt-BR", now=settled.clock())
    settled.move(booking)
    settled.drain()

    second = by_recipient(sink)[ARAB]
    assert "Africa/Cairo" in first.appointment.description
    assert "novembro de 2026 às" in second.appointment.description
    assert "Africa/Cairo" not in second.appointment.description
    assert (first.uid, first.sequence, second.sequence) == (second.uid, 0, 1)
