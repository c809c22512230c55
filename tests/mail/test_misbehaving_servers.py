"""Servers that do what they should not, one or more for each row of the table in reliability.md 2.3 (M1 to M20)."""

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.mail.certificates import Authority
from tests.mail.conftest import Connect
from tests.mail.envelopes import an_envelope
from tests.smtp_server import DROP, OK, Scripted, Sink, Wire
from tocsin.domain.delivery import Result
from tocsin.mail.dialogue import Session
from tocsin.mail.transport import Relay, Tls

Script = Callable[[Wire], None]


def says(*chunks: bytes) -> Script:
    """Return a script that greets with `chunks` and then leaves."""

    def script(wire: Wire) -> None:
        wire.send(b"".join(chunks))

    return script


def stalls(*chunks: bytes) -> Script:
    """Return a script that greets with `chunks` and then says nothing more."""

    def script(wire: Wire) -> None:
        wire.send(b"".join(chunks))
        wire.hold()

    return script


def takes(end: bytes) -> Script:
    """Return a script that takes one message and answers its final dot with `end`."""

    def script(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.body()
        wire.send(end)
        wire.hold()

    return script


def polite(wire: Wire) -> None:
    """Take messages until QUIT."""
    wire.greet()
    while True:
        wire.take_envelope()
        wire.body()
        wire.send(b"250 ok\r\n")


# M1: no banner, or half of one


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(stalls(), id="no banner"),
        pytest.param(stalls(b"220 relay.exam"), id="half a banner"),
        pytest.param(lambda wire: wire.drip(b"220" + b"-" * 1000, every_s=0.02), id="a banner that drips"),
    ],
)
def test_m1_a_banner_that_does_not_come_in_time_is_the_relays_trouble(connect: Connect, script: Script) -> None:
    with Scripted(script) as server:
        outcome = connect(server, greeting_s=0.2).send(an_envelope())

    assert outcome.result is Result.TRANSPORT
    assert outcome.reply == f"the relay 127.0.0.1:{server.port} cannot be used: timed out"


def test_m1_the_time_for_the_greeting_begins_before_the_connection(connect: Connect) -> None:
    with Scripted(stalls()) as server:
        outcome = connect(server, greeting_s=1e-9).send(an_envelope())

        assert outcome.result is Result.TRANSPORT
        assert server.connections == 0


# M2: the banner says no


@pytest.mark.parametrize("code", [421, 450, 554])
def test_m2_a_banner_that_says_no_is_the_relays_trouble(connect: Connect, code: int) -> None:
    with Scripted(says(b"%d 4.3.2 not now\r\n" % code)) as server:
        outcome = connect(server).send(an_envelope())

    assert (outcome.result, outcome.code) == (Result.TRANSPORT, code)
    assert outcome.reply.endswith(f"refuses to work: {code} 4.3.2 not now")


# M3: EHLO refused


def knows_helo_only(wire: Wire) -> None:
    wire.send(b"220 relay.example\r\n")
    wire.expect(b"EHLO")
    wire.send(b"502 what?\r\n")
    wire.expect(b"HELO")
    wire.send(b"250 relay.example\r\n")
    wire.take_envelope()
    wire.body()
    wire.send(b"250 ok\r\n")


def test_m3_a_server_that_knows_helo_only_gets_the_message(connect: Connect) -> None:
    with Scripted(knows_helo_only) as server:
        assert connect(server).send(an_envelope()).result is Result.ACCEPTED


def test_m3_a_server_that_knows_helo_only_gets_no_utf_8(connect: Connect) -> None:
    with Scripted(knows_helo_only) as server:
        assert connect(server).send(an_envelope("jörg@example.com")).result is Result.PERMANENT


def test_m3_a_server_that_knows_helo_only_gets_nothing_if_tls_is_required(
    connect: Connect, authority: Authority
) -> None:
    with Scripted(knows_helo_only) as server:
        outcome = connect(a_relay(server.port, Tls.REQUIRED, ca=authority.path)).send(an_envelope())

    assert outcome.result is Result.TRANSPORT
    assert "no STARTTLS" in outcome.reply


@pytest.mark.parametrize("code", [421, 451, 554])
def test_m3_a_server_that_refuses_every_greeting_is_in_trouble(connect: Connect, code: int) -> None:
    def script(wire: Wire) -> None:
        wire.send(b"220 relay.example\r\n")
        while wire.line():
            wire.send(b"%d 4.3.0 no\r\n" % code)

    with Scripted(script) as server:
        outcome = connect(server).send(an_envelope())

    assert (outcome.result, outcome.code) == (Result.TRANSPORT, code)


# M4 and M5: TLS that breaks, is not to be trusted, or is not offered


def a_relay(port: int, tls: Tls, *, ca: Path | None = None) -> Relay:
    return Relay(host="127.0.0.1", port=port, tls=tls, ca=ca)


def test_m4_a_connection_that_breaks_at_starttls_is_never_continued_in_clear(
    connect: Connect, authority: Authority
) -> None:
    def script(wire: Wire) -> None:
        wire.greet(b"STARTTLS")
        wire.expect(b"STARTTLS")
        wire.send(b"220 go on\r\n")

    with Scripted(script) as server:
        outcome = connect(a_relay(server.port, Tls.OPTIONAL, ca=authority.path)).send(an_envelope())

        assert outcome.result is Result.TRANSPORT
        assert server.connections == 1


def test_m4_starttls_refused_is_the_relays_trouble(connect: Connect, authority: Authority) -> None:
    def script(wire: Wire) -> None:
        wire.greet(b"STARTTLS")
        wire.expect(b"STARTTLS")
        wire.send(b"454 4.7.0 TLS not available\r\n")
        wire.hold()

    with Scripted(script) as server:
        outcome = connect(a_relay(server.port, Tls.REQUIRED, ca=authority.path)).send(an_envelope())

    assert (outcome.result, outcome.code) == (Result.TRANSPORT, 454)


@pytest.mark.parametrize("implicit", [True, False], ids=["from the first byte", "STARTTLS"])
@pytest.mark.parametrize("flaw", ["expired", "self-signed", "wrong name"])
def test_m4_a_certificate_that_proves_nothing_is_the_relays_trouble(
    connect: Connect, authority: Authority, tmp_path: Path, *, implicit: bool, flaw: str
) -> None:
    tls = {
        "expired": lambda: authority.server(lasts=timedelta(days=1)),
        "self-signed": lambda: Authority(tmp_path).server(),
        "wrong name": lambda: authority.server(x509.DNSName("other.example")),
    }[flaw]()
    mode = Tls.IMPLICIT if implicit else Tls.REQUIRED
    with Sink(tls=tls, implicit_tls=implicit) as sink:
        outcome = connect(a_relay(sink.port, mode, ca=authority.path)).send(an_envelope())

        assert outcome.result is Result.TRANSPORT
        assert "certificate verify failed" in outcome.reply
        assert sink.messages == []


def test_m4_a_certificate_of_our_authority_is_not_believed_unless_it_is_named(
    connect: Connect, authority: Authority
) -> None:
    with Sink(tls=authority.server()) as sink:
        assert connect(a_relay(sink.port, Tls.REQUIRED)).send(an_envelope()).result is Result.TRANSPORT


def test_m4_old_tls_is_not_spoken(connect: Connect, authority: Authority) -> None:
    tls = authority.server()
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        tls.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLS"):
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with Sink(tls=tls) as sink:
        outcome = connect(a_relay(sink.port, Tls.REQUIRED, ca=authority.path)).send(an_envelope())

        assert outcome.result is Result.TRANSPORT
        assert sink.messages == []


def test_m5_nothing_is_sent_if_starttls_was_taken_out(connect: Connect, authority: Authority) -> None:
    with Sink() as sink:
        outcome = connect(a_relay(sink.port, Tls.REQUIRED, ca=authority.path)).send(an_envelope())

        assert outcome.result is Result.TRANSPORT
        assert "no STARTTLS" in outcome.reply
        assert sink.messages == []


# M6: words put in before the handshake


def test_m6_words_put_in_before_the_handshake_are_not_taken_for_the_servers(
    connect: Connect, authority: Authority
) -> None:
    def script(wire: Wire) -> None:
        wire.greet(b"STARTTLS")
        wire.expect(b"STARTTLS")
        wire.send(b"220 go on\r\n250-evil.example\r\n250 AUTH PLAIN\r\n")
        wire.hold()

    with Scripted(script) as server:
        outcome = connect(a_relay(server.port, Tls.REQUIRED, ca=authority.path)).send(an_envelope())

    assert outcome.result is Result.TRANSPORT
    assert "before it was asked" in outcome.reply


# M7: login refused


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN"])
def test_m7_a_login_that_is_refused_is_tried_once(connect: Connect, mechanisms: str) -> None:
    with Sink(credentials=("user", "s3cret"), mechanisms=mechanisms) as sink:
        relay = Relay(host="127.0.0.1", port=sink.port, user="user", password="wrong", tls=Tls.NONE)

        outcome = connect(relay).send(an_envelope())

        assert (outcome.result, outcome.code, outcome.enhanced_code) == (Result.TRANSPORT, 535, "5.7.8")
        assert sink.logins == [("user", "wrong")]


@pytest.mark.parametrize("offer", [b"AUTH CRAM-MD5", b"HELP"])
def test_m7_a_server_that_offers_no_login_we_know_is_in_trouble(connect: Connect, offer: bytes) -> None:
    with Scripted(lambda wire: wire.greet(offer)) as server:
        relay = Relay(host="127.0.0.1", port=server.port, user="user", password="s3cret", tls=Tls.NONE)

        outcome = connect(relay).send(an_envelope())

    assert outcome.result is Result.TRANSPORT
    assert "neither AUTH PLAIN nor AUTH LOGIN" in outcome.reply


def test_m7_a_login_that_is_refused_at_the_first_word_does_not_give_the_password(connect: Connect) -> None:
    said: list[bytes] = []

    def script(wire: Wire) -> None:
        wire.greet(b"AUTH LOGIN")
        said.append(wire.expect(b"AUTH LOGIN"))
        wire.send(b"454 4.7.0 no login now\r\n")
        said.append(wire.line())

    with Scripted(script) as server:
        relay = Relay(host="127.0.0.1", port=server.port, user="user", password="s3cret", tls=Tls.NONE)
        outcome = connect(relay).send(an_envelope())

    assert (outcome.result, outcome.code) == (Result.TRANSPORT, 454)
    assert said == [b"AUTH LOGIN\r\n"]


# M8, M9, M10: replies that refuse are in test_smtp.py; here is what happens around them


@pytest.mark.parametrize("farewell", [b"", b"421 4.7.0 too many errors\r\n"], ids=["silently", "with 421"])
@pytest.mark.parametrize("offer", [b"PIPELINING", b"HELP"])
def test_m9_a_refusal_stands_though_the_server_hangs_up_after_it(
    connect: Connect, offer: bytes, farewell: bytes
) -> None:
    def script(wire: Wire) -> None:
        wire.greet(offer)
        wire.expect(b"MAIL")
        wire.send(b"250 ok\r\n")
        wire.expect(b"RCPT")
        wire.send(b"550 5.1.1 nobody\r\n" + farewell)

    with Scripted(script, polite) as server:
        mailer = connect(server)
        refused, following = mailer.send(an_envelope()), mailer.send(an_envelope())

    assert (refused.result, refused.code) == (Result.PERMANENT, 550)
    assert following.result is Result.ACCEPTED


def test_m9_a_server_that_takes_data_for_nobody_gets_an_empty_message(connect: Connect) -> None:
    bodies: list[bytes] = []

    def script(wire: Wire) -> None:
        wire.greet(b"PIPELINING")
        wire.expect(b"MAIL", b"RCPT", b"DATA")
        wire.send(b"250 ok\r\n550 5.1.1 nobody\r\n354 go on\r\n")
        bodies.append(wire.body())
        wire.send(b"554 no valid recipients\r\n")
        wire.expect(b"RSET")
        wire.send(b"250 ok\r\n")
        wire.take_all()
        bodies.append(wire.body())
        wire.send(b"250 ok\r\n")

    with Scripted(script) as server:
        mailer = connect(server)
        refused, following = mailer.send(an_envelope()), mailer.send(an_envelope(message=b"second\r\n"))

    assert (refused.result, refused.code) == (Result.PERMANENT, 550)
    assert following.result is Result.ACCEPTED
    assert bodies == [b"", b"second\r\n"]


def test_m9_a_server_that_cannot_reset_is_left(connect: Connect) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        wire.expect(b"MAIL")
        wire.send(b"550 5.7.1 no\r\n")
        wire.expect(b"RSET")
        wire.send(b"500 what?\r\n")
        wire.hold()

    with Scripted(script, polite) as server:
        mailer = connect(server)
        refused, following = mailer.send(an_envelope()), mailer.send(an_envelope())

        assert (refused.result, following.result) == (Result.PERMANENT, Result.ACCEPTED)
        assert server.connections == 2


@pytest.mark.parametrize(
    "reply", [b"354 go on\r\n", b"250 ok\r\n250 ok\r\n250 ok\r\n"], ids=["354 to MAIL", "250 to DATA"]
)
def test_m10_a_reply_out_of_turn_is_the_relays_trouble(connect: Connect, reply: bytes) -> None:
    def script(wire: Wire) -> None:
        wire.greet(b"PIPELINING")
        wire.expect(b"MAIL", b"RCPT", b"DATA")
        wire.send(reply)
        wire.hold()

    with Scripted(script) as server:
        outcome = connect(server).send(an_envelope())

    assert outcome.result is Result.TRANSPORT
    assert "out of turn" in outcome.reply


def test_m10_a_message_too_big_is_refused_for_good(connect: Connect) -> None:
    with Scripted(takes(b"552 5.3.4 message too big\r\n")) as server:
        outcome = connect(server, command_s=0.2).send(an_envelope())

    assert (outcome.result, outcome.code, outcome.enhanced_code) == (Result.PERMANENT, 552, "5.3.4")


# Loss of the connection before the final dot


@pytest.mark.parametrize("verb", [b"MAIL", b"RCPT", b"DATA"])
def test_a_connection_lost_before_the_final_dot_is_the_relays_trouble(connect: Connect, verb: bytes) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        while not wire.line().startswith(verb):
            wire.send(b"250 ok\r\n")

    with Scripted(script) as server:
        outcome = connect(server).send(an_envelope())

        assert outcome.result is Result.TRANSPORT
        assert server.connections == 1


def test_a_connection_lost_within_the_body_costs_this_delivery_a_try_and_shuts_the_way_for_nobody(
    connect: Connect,
) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()

    with Scripted(script) as server:
        outcome = connect(server).send(an_envelope(message=b"x" * 20_000_000))

    assert outcome.result is Result.TEMPORARY


def test_a_server_that_does_not_read_the_body_costs_this_delivery_a_try(connect: Connect) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.hold()

    with Scripted(script) as server:
        outcome = connect(server, final_s=0.2).send(an_envelope(message=b"x" * 20_000_000))

    assert outcome.result is Result.TEMPORARY


# M11 and M12: after the final dot


def test_m11_a_connection_lost_after_the_final_dot_leaves_us_not_knowing(connect: Connect) -> None:
    with Sink() as sink:
        mailer = connect(sink)
        sink.on_data = lambda _: DROP
        lost = mailer.send(an_envelope())
        sink.on_data = lambda _: OK
        again = mailer.send(an_envelope())

        assert (lost.result, lost.code) == (Result.UNKNOWN, None)
        assert "no reply came" in lost.reply
        assert again.result is Result.ACCEPTED
        assert sink.messages[0].message == sink.messages[1].message


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(b"", id="silence"),
        pytest.param(b"25", id="half a code"),
        pytest.param(b"250-ok\r\n", id="half a reply"),
        pytest.param(b"354 go on\r\n", id="354 once more"),
        pytest.param(b"150 wait\r\n", id="a code that does not exist"),
        pytest.param(b"ok\r\n", id="no code"),
    ],
)
def test_m11_anything_but_a_reply_after_the_final_dot_leaves_us_not_knowing(connect: Connect, end: bytes) -> None:
    with Scripted(takes(end), polite) as server:
        mailer = connect(server, final_s=0.2)
        outcome, following = mailer.send(an_envelope()), mailer.send(an_envelope())

    assert (outcome.result, following.result) == (Result.UNKNOWN, Result.ACCEPTED)


@pytest.mark.parametrize("early", [b"250 ok", b"550 no", b"354 go on", b"2"])
@pytest.mark.parametrize("offer", [b"PIPELINING", b"HELP"])
def test_m11_what_is_said_before_the_body_is_no_answer_to_it(connect: Connect, offer: bytes, early: bytes) -> None:
    handed: list[bytes] = []

    def script(wire: Wire) -> None:
        wire.greet(offer)
        wire.expect(b"MAIL")
        wire.send(b"250 ok\r\n")
        wire.expect(b"RCPT")
        wire.send(b"250 ok\r\n")
        wire.expect(b"DATA")
        wire.send(b"354 go on\r\n" + early + b"\r\n")
        handed.append(wire.body())

    with Scripted(script) as server:
        outcome = connect(server).send(an_envelope())

    assert outcome.result is Result.TRANSPORT
    assert outcome.reply.endswith("the server answered before it was asked")
    assert handed == []


def test_m11_a_server_that_says_it_closes_is_left_though_it_stays(connect: Connect) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        while True:
            wire.take_envelope()
            wire.body()
            wire.send(b"421 4.3.2 closing\r\n")
            wire.expect(b"RSET")
            wire.send(b"250 ok\r\n")

    with Scripted(script, polite) as server:
        mailer = connect(server)
        refused, following = mailer.send(an_envelope()), mailer.send(an_envelope())

    assert (refused.result, refused.code) == (Result.TEMPORARY, 421)
    assert following.result is Result.ACCEPTED


def test_m12_the_last_reply_may_take_longer_than_any_other(connect: Connect) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.body()
        wire.closing.wait(0.5)
        wire.send(b"250 ok\r\n")

    with Scripted(script) as server:
        assert connect(server, command_s=0.1, final_s=5).send(an_envelope()).result is Result.ACCEPTED


# M13: replies that do not end


def test_m13_a_reply_in_single_bytes_is_read(connect: Connect) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.body()
        wire.drip(b"250-2.0.0 taken\r\n250 2.0.0 as 4711\r\n", every_s=0.001)
        wire.hold()

    with Scripted(script) as server:
        outcome = connect(server, command_s=0.2).send(an_envelope())

    assert (outcome.result, outcome.reply) == (Result.ACCEPTED, "250 2.0.0 taken as 4711")


def test_m13_a_reply_that_drips_has_to_be_done_in_time_as_a_whole(connect: Connect) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        wire.expect(b"MAIL")
        wire.drip(b"250 " + b"x" * 1000, every_s=0.02)

    with Scripted(script) as server:
        outcome = connect(server, command_s=0.2).send(an_envelope())

    assert outcome.result is Result.TRANSPORT
    assert "timed out" in outcome.reply


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(b"250-more\r\n" * 100_000, id="lines without end"),
        pytest.param(b"2" * 10_000_000, id="a line of 10 MB"),
    ],
)
def test_m13_a_reply_too_long_is_not_read_to_its_end(connect: Connect, flood: bytes) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        wire.expect(b"MAIL")
        wire.send(flood)
        wire.hold()

    with Scripted(script) as server:
        outcome = connect(server).send(an_envelope())

    assert outcome.result is Result.TRANSPORT
    assert "timed out" not in outcome.reply


# M14: odd texts


@pytest.mark.parametrize(
    ("end", "reply"),
    [
        pytest.param(b"250\r\n", "250", id="no text"),
        pytest.param(b"250 \r\n", "250", id="only a space"),
        pytest.param(b"250 ok\n", "250 ok", id="bare LF"),
        pytest.param("250 prêt\r\n".encode(), "250 prêt", id="UTF-8"),
        pytest.param(b"250 pr\xeat\r\n", "250 pr\\xeat", id="Latin-1"),
        pytest.param(b"250 a\x1b[31m\0\x07b\r\n", "250 a [31m  b", id="controls"),
        pytest.param("250 a\u202eb\r\n".encode(), "250 a b", id="a bidi mark"),
        pytest.param(b"250 a" + "ä".encode() * 1000 + b"\r\n", "250 a" + "ä" * 253, id="too long"),
        pytest.param(b"250-2.0.0 a\r\n250-2.0.0 b\r\n250 2.0.0 c\r\n", "250 2.0.0 a b c", id="several lines"),
    ],
)
def test_m14_an_odd_text_does_not_change_what_the_code_says(connect: Connect, end: bytes, reply: str) -> None:
    with Scripted(takes(end)) as server:
        outcome = connect(server, command_s=0.2).send(an_envelope())

    assert (outcome.result, outcome.code) == (Result.ACCEPTED, 250)
    assert outcome.reply == reply
    assert len(outcome.reply.encode()) <= 512


@pytest.mark.parametrize(
    "end", [b"250 4.2.1 mixed\r\n", b"250 2.0.0.1 no\r\n", b"250 2.1234.0 no\r\n", b"250 ok 2.0.0\r\n"]
)
def test_m14_what_only_looks_like_an_enhanced_code_is_none(connect: Connect, end: bytes) -> None:
    with Scripted(takes(end)) as server:
        assert connect(server, command_s=0.2).send(an_envelope()).enhanced_code == ""


# M16 and M18: connections that end between messages


@pytest.mark.parametrize(
    "farewell",
    [
        pytest.param(b"", id="silently"),
        pytest.param(b"421 4.4.2 idle for too long\r\n", id="with 421"),
        pytest.param(b"250 ok\r\n", id="after one reply too many"),
    ],
)
def test_m16_an_idle_connection_that_was_dropped_costs_nothing(connect: Connect, farewell: bytes) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.body()
        wire.send(b"250 ok\r\n" + farewell)

    with Scripted(script, polite) as server:
        mailer = connect(server)
        results = [mailer.send(an_envelope()).result for _ in range(3)]

        assert results == [Result.ACCEPTED] * 3
        assert server.connections == 2


def test_m16_an_idle_connection_that_was_reset_costs_nothing(connect: Connect) -> None:
    was_reset = threading.Event()

    def script(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.body()
        wire.send(b"250 ok\r\n")
        wire.reset()
        was_reset.set()

    with Scripted(script, polite) as server:
        mailer = connect(server)
        first, was_seen = mailer.send(an_envelope()), was_reset.wait(5)
        second = mailer.send(an_envelope())

    assert was_seen
    assert (first.result, second.result) == (Result.ACCEPTED, Result.ACCEPTED)


@pytest.mark.parametrize(
    "farewell", [b"", b"421 4.7.0 enough\r\n", b"gibberish\r\n"], ids=["silently", "with 421", "with gibberish"]
)
def test_m16_a_kept_connection_that_ends_at_the_next_mail_costs_nothing(connect: Connect, farewell: bytes) -> None:
    def script(wire: Wire) -> None:
        wire.greet()
        wire.take_envelope()
        wire.body()
        wire.send(b"250 ok\r\n")
        wire.expect(b"MAIL")
        wire.send(farewell)

    with Scripted(script, polite) as server:
        mailer = connect(server)
        results = [mailer.send(an_envelope()).result for _ in range(3)]

        assert results == [Result.ACCEPTED] * 3
        assert server.connections == 2


def test_m16_the_relay_is_in_trouble_if_the_new_connection_fails_too(connect: Connect) -> None:
    with Sink() as sink:
        mailer = connect(sink)
        mailer.send(an_envelope())
        sink.close()

        outcome = mailer.send(an_envelope())

    assert outcome.result is Result.TRANSPORT
    assert "refused" in outcome.reply


def test_m16_encrypted_connections_are_seen_to_end_too(connect: Connect, authority: Authority) -> None:
    with Sink(tls=authority.server()) as sink:
        mailer = connect(a_relay(sink.port, Tls.REQUIRED, ca=authority.path))
        mailer.send(an_envelope())
        sink.cut()

        assert mailer.send(an_envelope()).result is Result.ACCEPTED
        assert sink.connections == 2


def test_m18_a_relay_that_takes_few_messages_a_connection_gets_new_connections(connect: Connect) -> None:
    with Sink(per_session=3) as sink:
        mailer = connect(sink)
        results = [mailer.send(an_envelope()).result for _ in range(7)]

        assert results == [Result.ACCEPTED] * 7
        assert [each.session for each in sink.messages] == [1, 1, 1, 2, 2, 2, 3]


# M17: greylisting; M19 is in test_smtp.py (SMTPUTF8 offered) and here (not offered)


def test_m17_a_greylisted_message_is_taken_later(connect: Connect) -> None:
    answers = iter(["451 4.7.1 come back later", OK])
    with Sink() as sink:
        sink.on_rcpt = lambda _: next(answers)
        mailer = connect(sink)

        results = [mailer.send(an_envelope()).result for _ in range(2)]

    assert results == [Result.TEMPORARY, Result.ACCEPTED]


def test_m19_a_utf_8_local_part_ends_where_smtputf8_is_not_offered_but_a_domain_does_not(connect: Connect) -> None:
    with Sink(extensions=("PIPELINING", "8BITMIME")) as sink:
        mailer = connect(sink)
        local, domain = mailer.send(an_envelope("jörg@example.com")), mailer.send(an_envelope("joerg@bücher.example"))

        assert (local.result, domain.result) == (Result.PERMANENT, Result.ACCEPTED)
        assert local.reply == "an address is not ASCII before its @, and the relay does not offer SMTPUTF8"
        assert sink.messages[0].recipient == "joerg@xn--bcher-kva.example"
        assert sink.violations == []


# M20: down


def test_m20_a_relay_that_is_down_is_in_trouble_and_found_again_when_it_is_up(connect: Connect) -> None:
    with Sink() as sink:
        port = sink.port
    mailer = connect(a_relay(port, Tls.NONE))

    down = mailer.send(an_envelope())
    with Sink(port=port):
        up = mailer.send(an_envelope())

    assert (down.result, up.result) == (Result.TRANSPORT, Result.ACCEPTED)
    assert down.reply.startswith(f"the relay 127.0.0.1:{port} cannot be used: ")


def test_m20_a_name_that_nobody_has_is_the_relays_trouble(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    mailer = connect(Relay(host="nobody.invalid", port=25, tls=Tls.NONE))
    monkeypatch.setattr(socket, "getaddrinfo", fail)

    assert mailer.send(an_envelope()).result is Result.TRANSPORT


def test_a_closed_session_says_so_and_is_not_quiet() -> None:
    with Scripted(lambda wire: wire.greet()) as server:
        session = Session(a_relay(server.port, Tls.NONE), None, client_name="tocsin.example", greeting_s=5, command_s=5)
        session.close()

        assert not session.is_quiet()
        with pytest.raises(OSError, match="closed"):
            session.ask(b"NOOP\r\n", within_s=5)
