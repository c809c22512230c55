"""Mail that comes back: answers of programs set the right RSVP, bounces end deliveries, nobody speaks for others."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from smtplib import LMTP, SMTP, SMTPDataError, SMTPSenderRefused
from typing import Any

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, WORKSPACE_ID, a_workspace
from tests.formats.replies import PROGRAMS, a_mail, a_reply, crlf
from tests.formats.reports import a_block, a_complaint, a_report, an_exchange_report, an_exim_report
from tests.journeys.world import SECRET, Postbox, World
from tests.postgres import Postgres
from tests.services.hostile_mail import (
    ADA,
    BASE,
    BOB,
    CONFIRMED,
    HOSTILE,
    WORDS,
    answer_address,
    reply_to,
    return_path,
    signed,
    spoilt,
)
from tests.storage.shelf import rows, until
from tocsin.domain.delivery import State
from tocsin.domain.errors import UnavailableError
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking, WorkspaceId
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.signed_address import Purpose
from tocsin.domain.suppression import Suppression, SuppressionReason, covering
from tocsin.formats.received import LARGEST
from tocsin.mail.inbound import Listener, Place, Spoken
from tocsin.services import inbound
from tocsin.services.inbound import NOBODYS, Inbound, Reception, Verdict
from tocsin.storage import postgres as adapter
from tocsin.storage.database import Database
from tocsin.storage.migrate import migrate
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.store import SqlStore


@pytest.fixture
def booking(hearing: World) -> Booking:
    """Give a booking to which Ada and Bob were invited."""
    hearing.rule(CONFIRMED, ADA, BOB)
    made = hearing.book()
    hearing.drain()
    return made


def a_reception(world: World, **changes: Any) -> Reception:
    return replace(Reception(store=world.store, clock=world.clock, chance=world.chance, secret=SECRET), **changes)


def bring(world: World, message: bytes, to: str, **changes: Any) -> Verdict:
    """Bring a mail to an address; return what became of it."""
    return inbound.receive(a_reception(world, **changes), Inbound(recipient=to, sender="", message=message))


def counts(world: World, workspace_id: WorkspaceId = WORKSPACE_ID) -> dict[str, int]:
    with world.store.reading(workspace_id) as tx:
        return tx.inbound_counts.since(NOON)


# Answers


@pytest.mark.parametrize("partstat", ["ACCEPTED", "TENTATIVE", "DECLINED"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_answer_of_a_program_sets_the_rsvp(hearing: World, booking: Booking, program: str, partstat: str) -> None:
    told = hearing.invitation(booking)
    message = PROGRAMS[program](reply_to(told, partstat=partstat, comment="See you"))

    verdict = bring(hearing, message, answer_address(told))

    assert verdict is Verdict.ANSWERED
    found = hearing.invitation(booking)
    assert found.rsvp is Rsvp.of_partstat(partstat)
    assert found.answered is not None
    assert found.answered.comment == "See you"
    assert hearing.invitation(booking, BOB).rsvp is Rsvp.NEEDS_ACTION
    assert counts(hearing) == {"answered": 1}


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_proposal_of_a_program_is_shown_and_moves_nothing(hearing: World, booking: Booking, program: str) -> None:
    told = hearing.invitation(booking)
    wish = reply_to(told, method="COUNTER", partstat="TENTATIVE", starts_at=booking.starts_at + 2 * HOUR,
                    ends_at=booking.ends_at + 2 * HOUR)  # fmt: skip

    assert bring(hearing, PROGRAMS[program](wish), answer_address(told)) is Verdict.PROPOSED

    proposed = hearing.invitation(booking).proposed
    assert proposed is not None
    assert (proposed.starts_at, proposed.ends_at) == (booking.starts_at + 2 * HOUR, booking.ends_at + 2 * HOUR)
    assert hearing.booking(booking).starts_at == booking.starts_at
    assert counts(hearing) == {"proposed": 1}


def test_an_answer_is_taken_whatever_case_its_address_came_in(hearing: World, booking: Booking) -> None:
    told = hearing.invitation(booking)

    assert bring(hearing, PROGRAMS["outlook"](reply_to(told)), answer_address(told).upper()) is Verdict.ANSWERED


def test_of_several_attendees_the_invited_one_answers(hearing: World, booking: Booking) -> None:
    told = hearing.invitation(booking)
    message = PROGRAMS["thunderbird"](reply_to(told)).replace(
        b"ATTENDEE;CUTYPE", b"ATTENDEE;PARTSTAT=DECLINED:mailto:eve@example.net\r\nATTENDEE;CUTYPE"
    )

    assert bring(hearing, message, answer_address(told)) is Verdict.ANSWERED
    assert hearing.invitation(booking).rsvp is Rsvp.ACCEPTED


def test_a_mind_can_be_changed_and_the_same_mail_again_changes_nothing(hearing: World, booking: Booking) -> None:
    told = hearing.invitation(booking)
    yes = PROGRAMS["apple"](reply_to(told, stamp=NOON))
    no = PROGRAMS["apple"](reply_to(told, stamp=NOON + MINUTE, partstat="DECLINED"))
    hearing.clock.advance(HOUR)

    verdicts = [bring(hearing, message, answer_address(told)) for message in (yes, no, no, yes)]

    assert verdicts == [Verdict.ANSWERED, Verdict.ANSWERED, Verdict.IGNORED_UNFIT, Verdict.IGNORED_UNFIT]
    assert hearing.invitation(booking).rsvp is Rsvp.DECLINED


def test_a_workspace_whose_id_begins_alike_does_not_get_it(hearing: World, booking: Booking) -> None:
    twin = WorkspaceId(f"{WORKSPACE_ID[:8]}-0000-4000-8000-000000000000")
    with hearing.store.registry() as registry:
        registry.add(a_workspace(id=twin, subdomain="aardvark"))
    told = hearing.invitation(booking)

    assert bring(hearing, PROGRAMS["gmail"](reply_to(told)), answer_address(told)) is Verdict.ANSWERED
    assert counts(hearing) == {"answered": 1}
    assert counts(hearing, twin) == {}


# What is ignored


def test_a_persons_own_words_are_counted_and_left_to_people(hearing: World, booking: Booking) -> None:
    told = hearing.invitation(booking)

    assert bring(hearing, WORDS, answer_address(told)) is Verdict.IGNORED_WORDS
    assert bring(hearing, WORDS, return_path(hearing.deliveries()[0])) is Verdict.IGNORED_WORDS
    assert counts(hearing) == {"ignored_words": 2}


def test_a_note_of_absence_is_counted(hearing: World, booking: Booking) -> None:
    away = b"Auto-Submitted: auto-replied\r\n" + WORDS

    assert bring(hearing, away, answer_address(hearing.invitation(booking))) is Verdict.IGNORED_AUTOMATIC
    assert bring(hearing, away, return_path(hearing.deliveries()[0])) is Verdict.IGNORED_AUTOMATIC
    assert counts(hearing) == {"ignored_automatic": 2}


def test_what_is_too_large_is_counted(hearing: World, booking: Booking) -> None:
    told = hearing.invitation(booking)
    large = PROGRAMS["gmail"](reply_to(told)) + b"x" * LARGEST

    assert bring(hearing, large, answer_address(told)) is Verdict.IGNORED_TOO_LARGE


@pytest.mark.parametrize("purpose", Purpose)
def test_what_is_not_there_any_more_is_counted_for_nobody(hearing: World, booking: Booking, purpose: Purpose) -> None:
    elsewhere = "ffffffff-0000-4000-8000-000000000009"
    addresses = [
        signed(elsewhere, purpose=purpose),
        signed(elsewhere, purpose=purpose, workspace_id=elsewhere),
    ]

    for address in addresses:
        assert bring(hearing, PROGRAMS["gmail"](a_reply()), address) is Verdict.IGNORED_UNKNOWN
    assert counts(hearing) == {}
    assert counts(hearing, NOBODYS) == {"ignored_unknown": 2}


def test_mail_to_an_address_that_was_not_signed_is_counted_for_nobody(hearing: World, booking: Booking) -> None:
    for address in (BASE, "", "postmaster@tocsin.example", "a+b+c@x", "zoë@example.com"):
        assert bring(hearing, PROGRAMS["gmail"](a_reply()), address) is Verdict.IGNORED_UNSIGNED
    assert counts(hearing, NOBODYS) == {"ignored_unsigned": 5}


def test_what_became_of_a_mail_is_logged_without_addresses(
    hearing: World, booking: Booking, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told = hearing.invitation(booking)

    bring(hearing, PROGRAMS["gmail"](reply_to(told)), answer_address(told))

    assert "a mail came: answered" in caplog.text
    assert "@" not in caplog.text


# Bounces


@pytest.mark.parametrize(
    "report", [a_report(), an_exchange_report(), an_exim_report()], ids=["postfix", "exchange", "exim"]
)
def test_a_real_bounce_ends_the_delivery_and_suppresses_the_address(
    hearing: World, booking: Booking, postbox: Postbox, report: bytes
) -> None:
    (path,) = (envelope.sender for envelope in postbox.taken if envelope.recipient == ADA)
    hearing.clock.advance(HOUR)

    assert bring(hearing, report, path) is Verdict.BOUNCED

    found = hearing.delivery(recipient=ADA)
    assert (found.state, found.settled_at) == (State.FAILED, NOON + HOUR)
    assert found.reason.startswith("bounced: 5.1.1")
    entry = suppression(hearing)
    assert entry is not None
    assert (entry.reason, entry.rule_id, entry.since_at) == (SuppressionReason.BOUNCED, "", NOON + HOUR)
    assert entry.note == found.reason
    assert suppression(hearing, BOB) is None
    assert hearing.delivery(recipient=BOB).state is State.SENT
    assert counts(hearing) == {"bounced": 1}


def suppression(world: World, recipient: str = ADA) -> Suppression | None:
    with world.store.reading(WORKSPACE_ID) as tx:
        return covering(tx.suppressions.of_recipient(recipient), "any rule")


def test_the_text_of_a_bounce_does_not_tell_whom_it_is_about(hearing: World, booking: Booking) -> None:
    lies = a_report(a_block(recipient=BOB))

    assert bring(hearing, lies, return_path(hearing.delivery(recipient=ADA))) is Verdict.BOUNCED

    assert suppression(hearing, BOB) is None
    assert suppression(hearing) is not None


def test_a_bounce_once_more_changes_nothing(hearing: World, booking: Booking) -> None:
    path = return_path(hearing.delivery(recipient=ADA))

    verdicts = [bring(hearing, a_report(), path, bounce_limit=2) for _ in range(4)]

    assert verdicts == [Verdict.BOUNCED, *[Verdict.IGNORED_REPEATED] * 3]
    assert suppression(hearing) is None
    assert counts(hearing) == {"bounced": 1, "ignored_repeated": 3}


@pytest.mark.parametrize("status", ["5.2.2", "5.3.4", "5.7.1", "5.0.0", "4.4.7"])
def test_a_bounce_that_names_no_dead_address_ends_its_delivery_alone(
    hearing: World, booking: Booking, status: str
) -> None:
    report = a_report(a_block(status=status, diagnostic="smtp; no"))

    assert bring(hearing, report, return_path(hearing.delivery(recipient=ADA))) is Verdict.BOUNCED

    assert hearing.delivery(recipient=ADA).reason == f"bounced: {status} no"
    assert suppression(hearing) is None


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_a_report_that_is_not_final_is_counted_and_changes_nothing(
    hearing: World, booking: Booking, action: str
) -> None:
    report = a_report(a_block(action=action))

    assert bring(hearing, report, return_path(hearing.delivery(recipient=ADA))) is Verdict.IGNORED_NOT_FINAL

    assert hearing.delivery(recipient=ADA).state is State.SENT
    assert counts(hearing) == {"ignored_not_final": 1}


def test_the_third_bounce_suppresses_where_the_limit_is_three(hearing: World) -> None:
    hearing.rule(CONFIRMED, ADA)
    seen = []
    for number in range(3):
        hearing.book(ahead=(number + 1) * DAY)
        hearing.drain()
        (sent,) = (one for one in hearing.deliveries(recipient=ADA) if one.state is State.SENT)
        bring(hearing, a_report(), return_path(sent), bounce_limit=3)
        seen.append(suppression(hearing) is not None)

    assert seen == [False, False, True]


def test_what_waits_for_a_dead_address_is_ended_with_it(hearing: World, booking: Booking) -> None:
    hearing.rule(EventKind.BEFORE_MEETING_STARTS, ADA, before_or_after=HOUR)

    bring(hearing, a_report(), return_path(hearing.delivery(CONFIRMED, recipient=ADA)))

    assert hearing.delivery(EventKind.BEFORE_MEETING_STARTS).state is State.SUPPRESSED


def test_a_bounce_counts_for_thirty_days(hearing: World, booking: Booking) -> None:
    hearing.clock.advance(30 * DAY)
    assert bring(hearing, a_report(), return_path(hearing.delivery(recipient=ADA))) is Verdict.BOUNCED

    hearing.clock.advance(SECOND)
    assert bring(hearing, a_report(), return_path(hearing.delivery(recipient=BOB))) is Verdict.IGNORED_REPEATED
    assert hearing.delivery(recipient=BOB).state is State.SENT


def test_a_bounce_of_what_was_never_sent_changes_nothing(hearing: World) -> None:
    hearing.rule(CONFIRMED, ADA)
    hearing.book()

    assert bring(hearing, a_report(), return_path(hearing.delivery())) is Verdict.IGNORED_REPEATED
    assert hearing.delivery().state is State.SCHEDULED


def test_a_bounce_that_is_quicker_than_our_own_record_is_to_be_brought_again(hearing: World) -> None:
    hearing.rule(CONFIRMED, ADA)
    hearing.book()
    hearing.store.queue.claim(worker="w", now=hearing.clock(), lease_ends=hearing.clock() + MINUTE, limit=1)

    with pytest.raises(UnavailableError, match="still in hand"):
        bring(hearing, a_report(), return_path(hearing.delivery()))

    assert hearing.delivery().state is State.SENDING
    assert counts(hearing) == {}


def test_a_bounce_is_counted_for_the_pause_if_it_is_final_for_ever(hearing: World, booking: Booking) -> None:
    bring(hearing, a_report(a_block(status="5.7.1", diagnostic="")), return_path(hearing.delivery(recipient=ADA)))
    bring(hearing, a_report(a_block(status="4.4.7", diagnostic="")), return_path(hearing.delivery(recipient=BOB)))

    assert hearing.delivery(recipient=BOB).state is State.FAILED
    assert fates(hearing)["bounced"] == 1


def fates(world: World) -> dict[str, int]:
    """Return how many messages bounced and were called spam, as the pause counts them."""
    from tocsin.services import limits  # noqa: PLC0415  the table of meters is not for anybody else

    with world.store.reading(WORKSPACE_ID) as tx:
        found = tx.usage.read(limits._FATES.values())
    return {meter.kind: sum(number for _, number in buckets.counts) for meter, buckets in found.items()}


def test_a_thousand_forged_bounces_suppress_nobody_and_a_real_one_does(hearing: World, booking: Booking) -> None:
    ada = hearing.delivery(recipient=ADA)
    invitation = hearing.invitation(booking)
    forgeries = [
        BASE,
        ADA,
        return_path(ada, secret=b"another secret"),
        answer_address(invitation),
        signed(invitation.id or "", purpose=Purpose.BOUNCE),
        return_path(ada, purpose=Purpose.ANSWER),
        *(spoilt(return_path(ada), place) for place in range(46)),
        *(signed(f"f{number:07x}-0000-4000-8000-000000000000", purpose=Purpose.BOUNCE) for number in range(9)),
    ]

    verdicts = [bring(hearing, a_report(), forgeries[number % len(forgeries)]) for number in range(1_000)]

    assert Verdict.BOUNCED not in verdicts
    assert suppression(hearing) is None
    assert {one.state for one in hearing.deliveries()} == {State.SENT}
    assert sum(counts(hearing).values()) + sum(counts(hearing, NOBODYS).values()) == 1_000
    assert bring(hearing, a_report(), return_path(ada)) is Verdict.BOUNCED
    assert suppression(hearing) is not None


# Complaints


@pytest.mark.parametrize("to", [BASE, "fbl@tocsin.example", ""])
def test_a_complaint_to_any_address_suppresses_by_the_return_path_in_it(
    hearing: World, booking: Booking, to: str
) -> None:
    path = return_path(hearing.delivery(recipient=ADA))

    assert bring(hearing, a_complaint(mail_from=f"<{path}>"), to) is Verdict.COMPLAINED

    entry = suppression(hearing)
    assert entry is not None
    assert (entry.reason, entry.note) == (SuppressionReason.COMPLAINED, "reported by the recipient's mail provider")
    assert hearing.delivery(recipient=ADA).state is State.SENT
    assert suppression(hearing, BOB) is None


def test_a_complaint_finds_the_return_path_in_the_message_it_holds(hearing: World, booking: Booking) -> None:
    path = return_path(hearing.delivery(recipient=ADA))
    message = a_complaint(mail_from="<somebody@else.example>", original=f"Return-Path: <{path}>\n\nHello")

    assert bring(hearing, message, BASE) is Verdict.COMPLAINED


def test_a_complaint_to_a_return_path_is_about_its_delivery_unless_it_names_another(
    hearing: World, booking: Booking
) -> None:
    ada, bob = (return_path(hearing.delivery(recipient=who)) for who in (ADA, BOB))

    assert bring(hearing, a_complaint(mail_from=f"<{bob}>"), ada) is Verdict.COMPLAINED
    assert suppression(hearing) is None
    assert bring(hearing, a_complaint(), ada) is Verdict.COMPLAINED
    assert suppression(hearing) is not None


def test_a_complaint_that_names_an_invitation_names_no_delivery(hearing: World, booking: Booking) -> None:
    ada = return_path(hearing.delivery(recipient=ADA))
    message = a_complaint(mail_from=f"<{answer_address(hearing.invitation(booking))}>")

    assert bring(hearing, message, ada) is Verdict.COMPLAINED


def test_a_complaint_once_more_is_not_counted_for_the_pause(hearing: World, booking: Booking) -> None:
    path = return_path(hearing.delivery(recipient=ADA))

    verdicts = [bring(hearing, a_complaint(), path) for _ in range(3)]

    assert verdicts == [Verdict.COMPLAINED, Verdict.IGNORED_REPEATED, Verdict.IGNORED_REPEATED]
    assert fates(hearing)["complained"] == 1


def test_a_forged_complaint_does_nothing(hearing: World, booking: Booking) -> None:
    ada = hearing.delivery(recipient=ADA)
    told = hearing.invitation(booking)
    forgeries = [ADA, BASE, return_path(ada, secret=b"another"), answer_address(told), *("" for _ in range(3))]

    verdicts = {bring(hearing, a_complaint(mail_from=f"<{path}>"), BASE) for path in forgeries}
    verdicts.add(bring(hearing, a_complaint(), answer_address(told)))
    verdicts.add(bring(hearing, a_complaint(kind="not-spam"), return_path(ada)))

    assert verdicts == {Verdict.IGNORED_UNSIGNED, Verdict.IGNORED_WORDS}
    assert suppression(hearing) is None


# Harm, through the real listener


def test_hostile_mail_changes_nothing_and_never_ends_the_listener(
    hearing: World, booking: Booking, database: Database
) -> None:
    hearing.rule(EventKind.BOOKING_RESCHEDULED, ADA, BOB)
    moved = hearing.move(booking)
    hearing.drain()
    told = hearing.invitation(moved)
    assert told.sequence == 1
    bring(hearing, PROGRAMS["gmail"](reply_to(told, stamp=NOON)), answer_address(told))
    hearing.clock.advance(2 * HOUR)
    before = state_of(database)
    letters = {name: write(hearing, moved) for name, write in HOSTILE.items()}

    reception = a_reception(hearing)
    verdicts: dict[str, Verdict] = {}
    listener = Listener(
        Place(spoken=Spoken.SMTP, host="127.0.0.1", port=0),
        lambda mail: verdicts.__setitem__(name, inbound.receive(reception, mail)),
        name="tocsin.example",
    )
    listener.start()
    try:
        with SMTP("127.0.0.1", listener.port) as relay:
            for name, (address, message) in letters.items():  # noqa: B007  the listener calls what it takes by it
                relay.sendmail("", [address], message)
            with pytest.raises(SMTPSenderRefused, match="552"):
                relay.sendmail("", [answer_address(told)], PROGRAMS["gmail"](reply_to(told)) + b"x\r\n" * LARGEST)
            after = state_of(database)
            name = "a true answer"
            relay.sendmail(
                "", [answer_address(told)], PROGRAMS["gmail"](reply_to(told, partstat="DECLINED", stamp=NOON + HOUR))
            )
    finally:
        listener.stop()

    assert after == before
    assert verdicts.pop("a true answer") is Verdict.ANSWERED
    assert {name: one for name, one in verdicts.items() if not one.startswith("ignored_")} == {}
    assert verdicts.keys() == HOSTILE.keys()
    assert len(HOSTILE) >= 20
    assert hearing.invitation(moved).rsvp is Rsvp.DECLINED


def state_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return all that is kept for the workspace but the counts of what came."""
    kept = rows(database, WORKSPACE_ID)
    kept.pop("inbound_counts")
    return kept


def test_an_answer_to_a_cancelled_booking_changes_nothing(hearing: World, booking: Booking) -> None:
    told = hearing.invitation(booking)
    hearing.cancel(booking)

    assert bring(hearing, PROGRAMS["gmail"](reply_to(told)), answer_address(told)) is Verdict.IGNORED_UNFIT


def test_a_proposal_beyond_all_calendars_changes_nothing(hearing: World, booking: Booking) -> None:
    told = hearing.invitation(booking)
    text = crlf(
        f"BEGIN:VCALENDAR\nMETHOD:COUNTER\nBEGIN:VEVENT\nUID:{told.uid}\nATTENDEE:mailto:{ADA}\n"
        "DTSTART:99991231T235959Z\nDURATION:P99999999W\nEND:VEVENT\nEND:VCALENDAR"
    )

    assert bring(hearing, a_mail(text), answer_address(told)) is Verdict.IGNORED_WORDS


# The store is away


@pytest.fixture
def server_of_its_own() -> Iterator[Postgres]:
    """Give a PostgreSQL that this test may stop."""
    with closing(Postgres()) as server:
        yield server


def test_while_the_store_is_away_the_relay_keeps_the_mail_and_brings_it_again(
    server_of_its_own: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "WAIT", 0.3)
    with closing(PostgresDatabase(server_of_its_own.url(server_of_its_own.create()))) as database:
        migrate(database)
        world = World(SqlStore(database), Postbox(), hears=True)
        with listening(a_reception(world)) as port, LMTP("127.0.0.1", port) as relay:
            server_of_its_own.stop()
            with pytest.raises(SMTPDataError) as caught:
                relay.sendmail("", [BASE], WORDS)
            server_of_its_own.start()
            until(lambda: is_back(world))
            relay.sendmail("", [BASE], WORDS)

        assert caught.value.smtp_code == 451
        assert counts(world, NOBODYS) == {"ignored_unsigned": 1}


def is_back(world: World) -> bool:
    with suppress(UnavailableError):
        counts(world)
        return True
    return False


@contextmanager
def listening(reception: Reception) -> Iterator[int]:
    """Listen by LMTP until the end of the block; give the port."""
    place = Place(spoken=Spoken.LMTP, host="127.0.0.1", port=0)
    listener = Listener(place, lambda mail: inbound.receive(reception, mail), name="tocsin.example")
    listener.start()
    try:
        yield listener.port
    finally:
        listener.stop()
