"""Answers of programs are read as what they say; mail that means harm is read as nothing, and quickly."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.replies import PROGRAMS, a_mail, a_reply, crlf, mail
from tocsin.domain.rsvp import Answer, Proposal, Rsvp
from tocsin.formats import received, rsvp, zones

UID = a_reply().uid
ADA = "ada@example.org"
START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
STAMP = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)


def a_calendar(*lines: str, method: str | None = "REPLY", uid: str | None = UID) -> str:
    """Return a VCALENDAR with one VEVENT that holds `lines`."""
    head = ["BEGIN:VCALENDAR", *([] if method is None else [f"METHOD:{method}"]), "BEGIN:VEVENT"]
    own = [] if uid is None else [f"UID:{uid}"]
    return "\n".join([*head, *own, *lines, "END:VEVENT", "END:VCALENDAR"])


def read(*lines: str, method: str | None = "REPLY", uid: str | None = UID) -> list[Answer | Proposal]:
    return rsvp.read(a_mail(a_calendar(*lines, method=method, uid=uid)))


def an_answer(**changes: object) -> Answer:
    return Answer(**{"uid": UID, "attendee": ADA, "rsvp": Rsvp.ACCEPTED, **changes})  # type: ignore[arg-type]


ACCEPTED = f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ADA}"


# What programs write


@pytest.mark.parametrize("partstat", ["ACCEPTED", "TENTATIVE", "DECLINED", "DELEGATED", "NEEDS-ACTION"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_answer_of_a_program_is_read(program: str, partstat: str) -> None:
    (answer,) = rsvp.read(PROGRAMS[program](a_reply(partstat=partstat, sequence=3, comment="See you")))

    assert isinstance(answer, Answer)
    assert answer.rsvp is Rsvp.of_partstat(partstat)
    assert (answer.uid, answer.attendee.lower(), answer.sequence, answer.stamp) == (UID, ADA, 3, STAMP)
    assert answer.comment == "See you"


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_proposal_of_a_program_is_read_in_utc(program: str) -> None:
    wish = a_reply(method="COUNTER", partstat="TENTATIVE", sequence=1, comment="Later?", starts_at=START + timedelta(hours=2),
                   ends_at=START + timedelta(hours=3))  # fmt: skip

    (proposal,) = rsvp.read(PROGRAMS[program](wish))

    assert isinstance(proposal, Proposal)
    assert (proposal.starts_at, proposal.ends_at) == (START + timedelta(hours=2), START + timedelta(hours=3))
    assert (proposal.uid, proposal.attendee.lower(), proposal.sequence) == (UID, ADA, 1)
    assert (proposal.stamp, proposal.comment) == (STAMP, "Later?")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_any_line_end_will_do(program: str, end: bytes) -> None:
    message = PROGRAMS[program](a_reply(sequence=1)).replace(b"\r\n", b"\n").replace(b"\n", end)

    assert rsvp.read(message) == rsvp.read(PROGRAMS[program](a_reply(sequence=1))) != []


# What is lenient


@pytest.mark.parametrize(
    ("line", "attendee"),
    [
        ("ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:ada@example.org", ADA),
        ("attendee;partstat=accepted:MailTo:Ada@Example.ORG", "Ada@Example.ORG"),
        ('ATTENDEE;CN="Byron: Ada; Countess, of";PARTSTAT=ACCEPTED:mailto:ada@example.org', ADA),
        ('ATTENDEE;SENT-BY="mailto:aide@example.org";PARTSTAT=ACCEPTED:mailto:ada@example.org', ADA),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:%61da%40example.org", ADA),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:o%27neil@example.org", "o'neil@example.org"),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org?subject=x", ADA),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto: <ada@example.org> ", ADA),
        ("ATTENDEE;PARTSTAT=ACCEPTED:ada@example.org", ADA),
        ("ATTENDEE;EMAIL=ada@example.org;PARTSTAT=ACCEPTED:/aMTE/principal/", ADA),
        ("ATTENDEE;EMAIL=ada@example.org;PARTSTAT=ACCEPTED:urn:uuid:1", ADA),
        ("ATTENDEE;X-A=1,2;PARTSTAT=ACCEPTED:mailto:zoë@bücher.example", "zoë@bücher.example"),
    ],
)
def test_an_attendee_is_known_however_he_is_written(line: str, attendee: str) -> None:
    assert read(line) == [an_answer(attendee=attendee)]


@pytest.mark.parametrize(
    "line",
    [
        "ATTENDEE;PARTSTAT=ACCEPTED:",
        "ATTENDEE;PARTSTAT=ACCEPTED:invalid:nomail",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:@example.org",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada%0A@example.org",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:" + "a" * 250 + "@example.org",
        "ATTENDEE;=;PARTSTAT",
        "ORGANIZER:mailto:ada@example.org",
    ],
)
def test_what_is_no_address_is_nobodys_answer(line: str) -> None:
    assert read(line) == []


def test_the_answers_of_several_attendees_are_all_returned() -> None:
    bob = "ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.org"

    assert read(ACCEPTED, bob) == [an_answer(), an_answer(attendee="bob@example.org", rsvp=Rsvp.DECLINED)]


def test_several_events_and_calendars_are_all_read_each_with_its_method() -> None:
    first, second = a_calendar(ACCEPTED, uid="one"), a_calendar(ACCEPTED, uid="two", method="REQUEST")
    third = a_calendar(ACCEPTED, "END:VEVENT", "BEGIN:VEVENT", "UID:four", ACCEPTED, uid="three")

    assert rsvp.read(a_mail(f"{first}\n{second}\n{third}")) == [an_answer(uid=uid) for uid in ("one", "three", "four")]


@pytest.mark.parametrize("name", ["text/calendar", "application/ics", "TEXT/Calendar"])
def test_the_method_of_the_part_counts_if_the_object_has_none(name: str) -> None:
    head = f"Content-Type: {name}; method=reply; charset=utf-8"

    assert rsvp.read(a_mail(a_calendar(ACCEPTED, method=None), head=head)) == [an_answer()]
    assert rsvp.read(a_mail(a_calendar(ACCEPTED, method="REQUEST"), head=head)) == []
    assert rsvp.read(a_mail(a_calendar(ACCEPTED, method="reply"), head=f"Content-Type: {name}; method=REQUEST")) != []


def test_a_method_in_pieces_is_read_and_one_in_a_heap_of_pieces_is_not() -> None:
    """RFC 2231, 3."""
    calendar = a_calendar(ACCEPTED, method=None)

    assert rsvp.read(a_mail(calendar, head="Content-Type: text/calendar; method*=utf-8''REPLY")) == [an_answer()]
    assert rsvp.read(a_mail(calendar, head="Content-Type: text/calendar; method*=x; method*0=RE; method*1=PLY")) == []


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL", "PUBLISH", "REFRESH", "ADD", "DECLINECOUNTER", "", "REPLYY"])
def test_no_other_method_answers_anything(method: str) -> None:
    assert read(ACCEPTED, f"DTSTART:{START:%Y%m%dT%H%M%SZ}", "DURATION:PT30M", method=method) == []


def test_a_partstat_that_is_missing_says_nothing() -> None:
    assert read(f"ATTENDEE:mailto:{ADA}") == [an_answer(rsvp=Rsvp.NEEDS_ACTION)]


@pytest.mark.parametrize(
    ("line", "sequence"),
    [
        ("SEQUENCE:0", 0),
        ("SEQUENCE: 7 ", 7),
        ("SEQUENCE:9999999999", 2**31 - 1),
        ("SEQUENCE:99999999999", None),
        ("SEQUENCE:-1", None),
        ("SEQUENCE:one", None),
        ("SEQUENCE:٣", None),
        ("SEQUENCE:", None),
    ],
)
def test_a_sequence_is_a_number_or_unknown(line: str, sequence: int | None) -> None:
    assert read(line, ACCEPTED) == [an_answer(sequence=sequence)]


@pytest.mark.parametrize(
    ("line", "stamp"),
    [
        ("DTSTAMP:20261124T130000Z", STAMP),
        ("DTSTAMP;TZID=Europe/Berlin:20261124T140000", STAMP),
        ("DTSTAMP:20261124T130000", None),
        ("DTSTAMP:20261324T130000Z", None),
        ("DTSTAMP:00001124T130000Z", None),
        ("DTSTAMP:99991231T235959Z", None),
        ("DTSTAMP:20261124", None),
        ("DTSTAMP:yesterday", None),
    ],
)
def test_a_stamp_is_a_moment_or_unknown(line: str, stamp: datetime | None) -> None:
    assert read(line, ACCEPTED) == [an_answer(stamp=stamp)]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(("DTSTART:20261125T120000Z", "DTEND:20261125T123000Z"), id="in UTC"),
        pytest.param(("DTSTART:20261125T120000Z", "DURATION:PT30M"), id="with a duration"),
        pytest.param(("DTSTART;TZID=Europe/Berlin:20261125T130000", "DURATION:PT30M"), id="in a zone"),
        pytest.param(
            ("DTSTART;TZID=W. Europe Standard Time:20261125T130000", "DURATION:PT30M"), id="as Windows calls it"
        ),
        pytest.param(
            ('DTSTART;TZID="tzone://Microsoft/Utc":20261125T120000', "DURATION:PT30M"), id="as Microsoft calls UTC"
        ),
        pytest.param(
            ("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20261125T130000", "DURATION:PT30M"),
            id="after a maker's name",
        ),
        pytest.param(("DTSTART;TZID=/Europe/Berlin:20261125T130000", "DURATION:PT30M"), id="after a slash"),
    ],
)
def test_a_proposed_time_is_read_in_utc(lines: tuple[str, str]) -> None:
    end = START + timedelta(minutes=30)

    assert read(ACCEPTED, *lines, method="COUNTER") == [Proposal(uid=UID, attendee=ADA, starts_at=START, ends_at=end)]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((), id="no time"),
        pytest.param(("DTSTART:20261125T120000Z",), id="no end"),
        pytest.param(("DTEND:20261125T120000Z",), id="no start"),
        pytest.param(("DTSTART:20261125T120000Z", "DTEND:20261125T120000Z"), id="of no length"),
        pytest.param(("DTSTART:20261125T120000Z", "DTEND:20261125T110000Z"), id="backwards"),
        pytest.param(("DTSTART:20261125T120000Z", "DURATION:-PT30M"), id="of less than no length"),
        pytest.param(("DTSTART:20261125T120000Z", "DURATION:P99999999W"), id="longer than all time"),
        pytest.param(("DTSTART:20261125T120000Z", "DURATION:half an hour"), id="of some length"),
        pytest.param(("DTSTART:20261125T120000", "DTEND:20261125T123000"), id="in nobody's zone"),
        pytest.param(("DTSTART;TZID=Mars/Olympus:20261125T120000", "DURATION:PT30M"), id="in an unknown zone"),
        pytest.param(("DTSTART;TZID=" + "/" * 3000 + "x:20261125T120000", "DURATION:PT30M"), id="in no zone at all"),
        pytest.param(("DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261126"), id="a day"),
        pytest.param(("DTSTART:20261125T120060Z", "DURATION:PT30M"), id="in a leap second"),
    ],
)
def test_a_proposal_without_a_clear_time_is_none(lines: tuple[str, ...]) -> None:
    assert read(ACCEPTED, *lines, method="COUNTER") == []


def test_a_proposal_of_nobody_is_none() -> None:
    assert read("ATTENDEE:invalid:nomail", "DTSTART:20261125T120000Z", "DURATION:PT30M", method="COUNTER") == []


def test_a_comment_is_unescaped_filtered_and_cut() -> None:
    (answer,) = read(ACCEPTED, "COMMENT;LANGUAGE=en:late\\, sorry\\nAda\x07" + "x" * 9000)

    assert answer.comment.startswith("late, sorry\nAda x")
    assert len(answer.comment) == 500


def test_what_stands_in_an_alarm_is_no_property_of_the_event() -> None:
    alarm = ("BEGIN:VALARM", "ATTENDEE;PARTSTAT=DECLINED:mailto:alarm@example.org", "COMMENT:ring", "END:VALARM")

    assert read(*alarm, ACCEPTED) == [an_answer()]


def test_what_stands_in_other_components_is_no_answer() -> None:
    todo = f"BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VTODO\nUID:{UID}\n{ACCEPTED}\nEND:VTODO\nEND:VCALENDAR"

    assert rsvp.read(a_mail(todo)) == []
    assert rsvp.read(a_mail(f"BEGIN:VEVENT\nUID:{UID}\n{ACCEPTED}\nEND:VEVENT")) == []
    assert rsvp.read(a_mail(f"METHOD:REPLY\nUID:{UID}\n{ACCEPTED}")) == []


def test_what_is_said_of_one_occurrence_is_no_answer_to_the_whole() -> None:
    assert read(ACCEPTED, "RECURRENCE-ID:20261125T120000Z") == []


@pytest.mark.parametrize("uid", [None, "", "   ", "x" * 256])
def test_an_answer_without_a_uid_is_none(uid: str | None) -> None:
    assert read(ACCEPTED, uid=uid) == []


def test_ends_of_components_that_never_began_are_passed_over() -> None:
    assert read("END:VALARM", ACCEPTED, "END:VCALENDAR", ACCEPTED.replace("ada", "bob")) == [an_answer()]


def test_a_raw_line_end_in_a_text_does_no_harm() -> None:
    assert read("DESCRIPTION:one", "two: three", "", "ATTENDEE", ACCEPTED) == [an_answer()]


def test_the_same_answer_in_two_parts_is_one() -> None:
    part = a_calendar(ACCEPTED)
    pieces = [f"--b\nContent-Type: {name}\n\n{part}\n" for name in ("text/calendar", "application/ics")]

    assert rsvp.read(mail(a_reply(), "Content-Type: multipart/mixed; boundary=b", "", *pieces, "--b--")) == [
        an_answer()
    ]


def test_an_answer_in_an_attached_message_is_somebody_elses() -> None:
    inner = f"Content-Type: text/calendar; method=REPLY\n\n{a_calendar(ACCEPTED)}"

    assert rsvp.read(a_mail(inner, head="Content-Type: message/rfc822")) == []


# Charsets


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("us-ascii", "utf-8"),
        ("iso-8859-1", "utf-8"),
        ("iso-8859-1", "iso-8859-1"),
        ("utf-8", "iso-8859-1"),
        ("utf-16", "utf-16"),
        ("windows-1252", "windows-1252"),
        ("no-such-charset", "utf-8"),
        ("iso-8859-99", "iso-8859-1"),
        ("idna", "iso-8859-1"),
        ("base64", "iso-8859-1"),
    ],
)
def test_a_calendar_is_read_whatever_its_charset_is_said_to_be(declared: str, written: str) -> None:
    text = crlf(a_calendar("COMMENT:Zoë", ACCEPTED))
    head = f"Content-Type: text/calendar; charset={declared}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"

    assert rsvp.read(head.encode() + text.encode(written)) == [an_answer(comment="Zoë")]


# Limits


def test_a_mail_of_a_mebibyte_is_read_and_a_larger_one_is_not() -> None:
    message = a_mail(
        a_calendar(ACCEPTED), head="Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/calendar"
    )
    padded = message + b"\r\n--b\r\n\r\n" + b"x" * (received.LARGEST - len(message) - 9)

    assert len(padded) == received.LARGEST
    assert rsvp.read(padded) == [an_answer()]
    assert rsvp.read(padded + b"x") == []


def test_a_calendar_of_256_kib_is_read_and_a_larger_one_is_not() -> None:
    text = crlf(a_calendar(ACCEPTED)).encode()
    padded = text + b"X:" + b"x" * (rsvp.LARGEST_CALENDAR - len(text) - 2)
    head = b"Content-Type: text/calendar\r\n\r\n"

    assert rsvp.read(head + padded) == [an_answer()]
    assert rsvp.read(head + padded + b"x") == []


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_a_mail_of_too_many_lines_is_not_read(end: bytes) -> None:
    message = a_mail(a_calendar(ACCEPTED)).replace(b"\r\n", b"\n").replace(b"\n", end)
    room = received.MOST_LINES - message.count(end)

    assert rsvp.read(message + end * room) == [an_answer()]
    assert rsvp.read(message + end * (room + 1)) == []


def parts(before: int) -> bytes:
    """Return a mail with `before` parts and then an answer."""
    other = "--b\nContent-Type: text/plain\n\nx\n" * before
    answer = f"--b\nContent-Type: text/calendar\n\n{a_calendar(ACCEPTED)}\n--b--"
    return mail(a_reply(), "Content-Type: multipart/mixed; boundary=b", "", other, answer)


def test_twenty_parts_are_looked_at() -> None:
    assert rsvp.read(parts(19)) == [an_answer()]
    assert rsvp.read(parts(20)) == []


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(parts(10_000), id="parts"),
        pytest.param(
            b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5_000)),
            id="parts in parts",
        ),
        pytest.param(b"Content-Type: message/rfc822\n\n" * 9_000, id="messages in messages"),
        pytest.param(b"Content-Type: message/delivery-status\n\n" + b"a: b\n\n" * 9_000, id="blocks of a report"),
    ],
)
def test_a_mail_with_more_parts_than_anybody_needs_is_not_taken_apart(bomb: bytes) -> None:
    assert received.taken_apart(bomb) is None
    assert rsvp.read(bomb) == []


def test_headers_are_cut_because_reading_their_parameters_is_quadratic() -> None:
    message = received.taken_apart(b"Content-Type: text/calendar" + b';a="' * 200_000 + b"\n\nx")

    assert message is not None
    assert len(message["Content-Type"]) == received.LONGEST_HEADER


def test_no_more_than_fifty_answers_are_taken_from_a_mail() -> None:
    crowd = [f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a{n}@example.org" for n in range(60)]

    assert read(*crowd) == [an_answer(attendee=f"a{n}@example.org") for n in range(50)]


def test_lines_beyond_the_two_thousandth_that_matters_are_not_read() -> None:
    beginning = 3  # BEGIN, METHOD, BEGIN
    filler = ["COMMENT:x"] * (rsvp.MOST_LINES - beginning - 2)

    assert read(*filler, ACCEPTED) == [an_answer(comment="x")]
    assert read(*filler, "COMMENT:x", ACCEPTED) == []


def test_a_line_is_cut_at_four_thousand_characters() -> None:
    assert read(f"ATTENDEE;X={'x' * 3_900}:mailto:{ADA}") == [an_answer(rsvp=Rsvp.NEEDS_ACTION)]
    assert read(f"ATTENDEE;X={'x' * 4_000}:mailto:{ADA}") == []


HOSTILE = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"\x00" * 1000, id="zeroes"),
    pytest.param(b"\xff\xfe" * 1000, id="no text"),
    pytest.param(b"Content-Type: text/calendar\n\n" + b"BEGIN:VCALENDAR\n" * 9000, id="beginnings"),
    pytest.param(b"Content-Type: text/calendar\n\n" + b"END:VCALENDAR\n" * 9000, id="ends"),
    pytest.param(b"Content-Type: text/calendar\n\n" + b"\n " * 9000, id="folds"),
    pytest.param(b"Content-Type: text/calendar; charset*0=x; charset*=y\n\nBEGIN:VCALENDAR", id="a charset in pieces"),
    pytest.param(b"Content-Type: text/calendar\nContent-Transfer-Encoding: base64\n\n=", id="no base64"),
    pytest.param(
        b"Content-Type: text/calendar\nContent-Transfer-Encoding: x-uuencode\n\nbegin\nM", id="half an uuencoding"
    ),
    pytest.param(b"Content-Type: multipart/mixed\n\nx", id="a multipart without a boundary"),
    pytest.param(b"Content-Type: multipart/mixed; boundary=\n\n--\n", id="an empty boundary"),
    pytest.param(b"Content-Type: multipart/mixed; boundary*=x; boundary*0=y\n\n--y\n", id="a boundary in pieces"),
    pytest.param(b"Content-Type: \xff/calendar; \xff=\xff\n\n\xff", id="8bit in headers"),
    pytest.param(
        b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:\xff\nATTENDEE;", id="cut off"
    ),
]


@pytest.mark.parametrize("charset", ["unicode_escape", "raw_unicode_escape", "punycode", "idna", "rot13"])
def test_a_text_is_not_read_with_what_is_no_charset_of_mail(charset: str) -> None:
    mail = received.taken_apart(f"Content-Type: text/calendar; charset={charset}\n\n".encode() + b"Zo\xeb \\x41")

    assert mail is not None
    assert received.text_of(mail, largest=100) == "Zoë \\x41"


def test_parameters_that_do_not_fit_together_spoil_only_themselves() -> None:
    head = "Content-Type: text/calendar; method*=x; method*0=RE; method*1=PLY"

    assert rsvp.read(a_mail(a_calendar(ACCEPTED), head=head)) == [an_answer()]


@pytest.mark.parametrize("spoilt", ["DURATION:P99999999W", "DURATION:half an hour"])
def test_a_proposal_that_nobody_can_read_does_not_spoil_the_next(spoilt: str) -> None:
    first = a_calendar(ACCEPTED, "DTSTART:20261125T120000Z", spoilt, method="COUNTER", uid="one")
    second = a_calendar(ACCEPTED, "DTSTART:20261125T120000Z", "DURATION:PT30M", method="COUNTER", uid="two")

    assert [one.uid for one in rsvp.read(a_mail(f"{first}\n{second}"))] == ["two"]


def test_for_an_unknown_zone_no_similar_one_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: str) -> None:
        raise AssertionError("it takes 10 ms, and there can be thousands in a mail")

    monkeypatch.setattr(zones, "_nearest", fail)
    first = a_calendar(ACCEPTED, "DTSTART;TZID=Mars:20261125T120000", "DURATION:PT30M", method="COUNTER", uid="one")
    second = a_calendar(ACCEPTED, "DTSTART:20261125T120000Z", "DURATION:PT30M", method="COUNTER", uid="two")

    assert [one.uid for one in rsvp.read(a_mail(f"{first}\n{second}"))] == ["two"]


@pytest.mark.parametrize("message", HOSTILE)
def test_mail_that_means_harm_answers_nothing(message: bytes) -> None:
    assert rsvp.read(message) == []


def test_whatever_goes_wrong_is_read_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_message: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr(received, "taken_apart", fail)

    assert rsvp.read(PROGRAMS["gmail"](a_reply())) == []


@given(st.binary(max_size=2_000))
def test_octets_by_chance_never_raise(message: bytes) -> None:
    rsvp.read(message)
    rsvp.read(b"Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\n" + message)


@given(st.sampled_from(sorted(PROGRAMS)), st.data())
def test_answers_that_were_spoilt_on_the_way_never_raise(program: str, data: st.DataObject) -> None:
    message = bytearray(PROGRAMS[program](a_reply()))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(message) - 1))
        message[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=6))

    for one in rsvp.read(bytes(message)):
        assert "@" in one.attendee
        assert one.uid.strip()


@given(st.lists(st.text(max_size=60), max_size=12))
def test_lines_by_chance_never_raise(lines: list[str]) -> None:
    read(*lines, ACCEPTED)
    read(
        *[f"{name}{line}" for name in ("ATTENDEE;", "DTSTART;TZID=", "DURATION:", "COMMENT;X=") for line in lines],
        method="COUNTER",
    )
