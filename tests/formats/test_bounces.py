"""Reports of mail servers are read as what they say; whatever else comes back is read as nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.replies import PROGRAMS, a_reply
from tests.formats.reports import (
    BOUNCE_ADDRESS,
    ORIGINAL,
    RECIPIENT,
    a_block,
    a_complaint,
    a_report,
    an_exchange_report,
    an_exim_report,
    plain,
)
from tests.formats.test_rsvp import HOSTILE
from tocsin.domain.bounce import Bounce, BounceKind, Complaint
from tocsin.formats import bounces, received

NO_SUCH_USER = Bounce(
    recipient=RECIPIENT, status="5.1.1", diagnostic="550 5.1.1 <ada@example.org>: no such user", kind=BounceKind.HARD
)


def bounce(message: bytes) -> Bounce:
    found = bounces.read(message)
    assert isinstance(found, Bounce)
    return found


# Bounces


def test_a_report_of_postfix_is_read() -> None:
    assert bounces.read(a_report()) == NO_SUCH_USER


def test_a_report_of_exchange_is_read() -> None:
    words = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"

    assert bounces.read(an_exchange_report()) == Bounce(
        recipient=RECIPIENT, status="5.1.10", diagnostic=words, kind=BounceKind.HARD
    )


def test_of_a_report_of_exim_the_remote_servers_code_counts() -> None:
    assert bounce(an_exim_report()).status == "5.1.1"


@pytest.mark.parametrize(
    ("status", "diagnostic", "found"),
    [
        ("5.2.2", "smtp; 550 5.1.1 no", "5.2.2"),
        ("5.0.0", "smtp; 452 4.2.2 full", "5.0.0"),
        ("5.0.0", "smtp; 550 no such user", "5.0.0"),
        ("5.0.0", "smtp; 550 5.1.1.1 no", "5.0.0"),
        ("5.0.0", "smtp; 550 #5.1.0 Address rejected.", "5.1.0"),
        ("", "smtp; 550 5.1.1 no", "5.1.1"),
        ("", "smtp; 550 no", ""),
        ("", "", ""),
        ("no", "x-local; gone", ""),
        ("5.1.1 (bad address)", "", "5.1.1"),
    ],
)
def test_the_status_is_the_most_telling_code(status: str, diagnostic: str, found: str) -> None:
    assert bounce(a_report(a_block(status=status, diagnostic=diagnostic))).status == found


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("failed", BounceKind.HARD),
        ("Failed (5.1.1)", BounceKind.HARD),
        ("delayed", BounceKind.SOFT),
        ("relayed", BounceKind.NONE),
        ("delivered", BounceKind.NONE),
        ("expanded", BounceKind.NONE),
    ],
)
def test_the_action_tells_how_bad_it_is(action: str, kind: BounceKind) -> None:
    assert bounce(a_report(a_block(action=action))).kind is kind


def test_a_report_on_several_recipients_is_as_bad_as_the_mildest() -> None:
    failed, other = a_block(), a_block(recipient="bob@example.org", status="5.2.2", diagnostic="")
    delayed, delivered = a_block(action="delayed"), a_block(action="delivered")

    assert bounce(a_report(failed, other)) == NO_SUCH_USER
    assert bounce(a_report(failed, delayed)).kind is BounceKind.SOFT
    assert bounce(a_report(failed, delivered, delayed)).kind is BounceKind.NONE


def test_a_report_in_utf_8_is_read() -> None:
    """RFC 6533, 6."""
    block = a_block(recipient="zoë@bücher.example").replace("rfc822;", "utf-8;")
    message = a_report(block, part="message/global-delivery-status\nContent-Transfer-Encoding: 8bit")

    assert bounce(message).recipient == "zoë@bücher.example"
    assert bounce(message).status == "5.1.1"


def test_the_original_recipient_is_named_where_it_is_known() -> None:
    block = a_block(recipient="forwarded@elsewhere.example") + f"Original-Recipient: rfc822;{RECIPIENT}\n"

    assert bounce(a_report(block)).recipient == RECIPIENT


@pytest.mark.parametrize(
    ("recipient", "found"),
    [
        ("", ""),
        ("x" * 1000, "x" * 319 + "…"),
        ("a\x00b\x1b[2J@example.org", "a b [2J@example.org"),
    ],
)
def test_whom_a_report_names_is_filtered_and_cut(recipient: str, found: str) -> None:
    assert bounce(a_report(a_block(recipient=recipient))).recipient == found


def test_a_diagnostic_is_one_line_filtered_and_cut() -> None:
    found = bounce(a_report(a_block(diagnostic="smtp; 550 \x00 a\n =?utf-8?q?b?=\n " + "x" * 900))).diagnostic

    assert found.startswith("550   a = ?utf-8?q?b?= xxx")
    assert len(found) == bounces.LONGEST_DIAGNOSTIC


def test_a_diagnostic_without_a_type_is_kept_whole() -> None:
    assert bounce(a_report(a_block(diagnostic="user unknown; bye"))).diagnostic == "user unknown; bye"


def test_a_report_that_says_nothing_of_a_recipient_is_none() -> None:
    assert bounces.read(a_report(a_block(action=""))) is None


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"Subject: Undelivered\n\nYour mail to ada@example.org failed with 5.1.1", id="words"),
        pytest.param(b"Content-Type: text/plain\n\nAction: failed\nStatus: 5.1.1\n", id="a report in the text"),
        pytest.param(a_report().replace(b"message/delivery-status", b"text/plain"), id="another part"),
        pytest.param(b"Content-Type: message/rfc822\r\n\r\n" + a_report(), id="a report that is attached"),
        pytest.param(a_report() + b"x" * received.LARGEST, id="too large"),
        pytest.param(PROGRAMS["gmail"](a_reply()), id="an answer"),
        *HOSTILE,
    ],
)
def test_what_is_no_report_is_none(message: bytes) -> None:
    assert bounces.read(message) is None


# Complaints


def test_a_complaint_is_read_with_where_the_message_came_from() -> None:
    assert bounces.read(a_complaint()) == Complaint(recipient=RECIPIENT, return_paths=(BOUNCE_ADDRESS,))


def test_a_complaint_gives_every_return_path_that_it_holds_once() -> None:
    message = a_complaint(mail_from="rfc822; one@example.com", original="Return-Path: <two@example.com>\n\nHello")

    assert bounces.read(message) == Complaint(recipient=RECIPIENT, return_paths=("one@example.com", "two@example.com"))


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822-headers", "message/rfc822"])
def test_a_complaint_with_the_headers_alone_gives_their_return_path(kind: str) -> None:
    message = a_complaint(mail_from="").replace(b"message/rfc822", kind.encode())
    expected = () if kind == "message/rfc822-headers" else (BOUNCE_ADDRESS,)

    assert bounces.read(message) == Complaint(recipient=RECIPIENT, return_paths=expected)


def test_a_complaint_without_a_return_path_is_still_one() -> None:
    message = a_complaint(mail_from="<>", original="Subject: x\n\nHello")

    assert bounces.read(message) == Complaint(recipient=RECIPIENT, return_paths=())


def test_a_complaint_gives_four_return_paths_at_most() -> None:
    originals = "".join(f"--part1\nContent-Type: text/rfc822-headers\n\nReturn-Path: <p{n}@x>\n\n" for n in range(9))
    message = a_complaint(mail_from="").replace(b"--part1--", plain(originals) + b"--part1--")

    found = bounces.read(message)

    assert isinstance(found, Complaint)
    assert found.return_paths == (BOUNCE_ADDRESS, "p0@x", "p1@x", "p2@x")


@pytest.mark.parametrize("kind", ["not-spam", "virus", "fraud", "other", "auth-failure", ""])
def test_other_feedback_is_no_complaint(kind: str) -> None:
    assert bounces.read(a_complaint(kind=kind)) is None


# Who wrote it


@pytest.mark.parametrize(
    ("header", "is_automatic"),
    [
        ("Auto-Submitted: auto-replied", True),
        ("Auto-Submitted: Auto-Generated; owner-email=x@y", True),
        ("Auto-Submitted: No", False),
        ("Precedence: bulk", True),
        ("Precedence: first-class", False),
        ("Subject: Auto-Submitted: auto-replied", False),
    ],
)
def test_what_a_program_wrote_says_so(header: str, is_automatic: bool) -> None:
    mail = received.taken_apart(header.encode() + b"\n\nI am away")

    assert mail is not None
    assert received.is_automatic(mail) is is_automatic


# Harm


def test_whatever_goes_wrong_is_read_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_message: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr(received, "taken_apart", fail)

    assert bounces.read(a_report()) is None


@given(st.binary(max_size=2_000))
def test_octets_by_chance_never_raise(octets: bytes) -> None:
    bounces.read(octets)
    for kind in (b"message/delivery-status", b"message/feedback-report", b"message/global-delivery-status"):
        bounces.read(b"Content-Type: " + kind + b"\n\n" + octets)


@given(st.sampled_from([a_report(), an_exchange_report(), an_exim_report(), a_complaint()]), st.data())
def test_reports_that_were_spoilt_on_the_way_never_raise(report: bytes, data: st.DataObject) -> None:
    message = bytearray(report)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(message) - 1))
        message[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=6))

    bounces.read(bytes(message))


def test_the_fixtures_hold_the_original() -> None:
    assert plain(ORIGINAL) in a_report()
    assert plain(ORIGINAL) in a_complaint()
