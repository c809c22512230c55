"""SmtpMailer against a server that behaves: what is sent, what is refused before, and how each reply is understood."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mail.certificates import Authority
from tests.mail.conftest import Connect
from tests.mail.envelopes import an_envelope
from tests.smtp_server import EXTENSIONS, OK, Sink
from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.errors import ConfigurationError
from tocsin.mail.parcel import Parcel, RefusedError, path
from tocsin.mail.smtp import SmtpMailer
from tocsin.mail.transport import Relay, Tls, parse

WITHOUT_PIPELINING = EXTENSIONS[1:]

both_ways = pytest.mark.parametrize(
    "extensions", [pytest.param(EXTENSIONS, id="pipelined"), pytest.param(WITHOUT_PIPELINING, id="one by one")]
)


def without(extension: str) -> tuple[str, ...]:
    return tuple(each for each in EXTENSIONS if not each.startswith(extension))


@both_ways
def test_a_message_arrives_as_it_was_given(connect: Connect, extensions: tuple[str, ...]) -> None:
    message = b"Message-ID: <1@tocsin>\r\n\r\n.\r\n..\r\n.dot\r\n\r\n.\r\n"
    with Sink(extensions=extensions) as sink:
        outcome = connect(sink).send(an_envelope("ada@example.com", message=message))

        assert outcome == Outcome(result=Result.ACCEPTED, code=250, enhanced_code="2.0.0", reply="250 2.0.0 ok")
        (received,) = sink.messages
        assert (received.sender, received.recipient) == ("invites@localhost", "ada@example.com")
        assert (received.message, received.message_id) == (message, "1@tocsin")
        assert sink.violations == []


@given(st.lists(st.sampled_from([".", "a", "\r\n", "\r\n.", "\r\n..", ".\r\n"])).map("".join))
def test_no_message_ends_early_or_loses_a_dot(text: str) -> None:
    message = text.encode() + b"\r\n"

    body = Parcel.of(an_envelope(message=message)).body

    assert (b"\r\n" + body).index(b"\r\n.\r\n") == len(body) - 3
    assert b"".join(line.removeprefix(b".") for line in body[:-3].splitlines(keepends=True)) == message


@both_ways
def test_the_connection_is_kept_between_messages(connect: Connect, extensions: tuple[str, ...]) -> None:
    with Sink(extensions=extensions) as sink:
        mailer = connect(sink)
        for number in range(5):
            mailer.send(an_envelope(f"client{number}@example.com"))

        assert [each.recipient for each in sink.messages] == [f"client{number}@example.com" for number in range(5)]
        assert sink.connections == 1
        assert sink.violations == []


def test_the_connection_is_renewed_after_some_messages(connect: Connect) -> None:
    with Sink() as sink:
        mailer = connect(sink, per_connection=2)
        for _ in range(5):
            mailer.send(an_envelope())

        assert [each.session for each in sink.messages] == [1, 1, 2, 2, 3]


def test_closing_twice_or_before_the_first_message_does_no_harm(connect: Connect) -> None:
    with Sink() as sink:
        mailer = connect(sink)
        mailer.close()
        mailer.send(an_envelope())
        mailer.close()
        mailer.close()

        assert mailer.send(an_envelope()).result is Result.ACCEPTED
        assert sink.connections == 2


def test_a_message_without_a_last_line_end_gets_one(connect: Connect) -> None:
    with Sink() as sink:
        connect(sink).send(an_envelope(message=b"Subject: hi\r\n\r\nhi"))

        assert sink.messages[0].message == b"Subject: hi\r\n\r\nhi\r\n"


@both_ways
@pytest.mark.parametrize(
    ("hook", "reply", "result"),
    [
        ("on_mail", "451 4.3.0 later", Result.TEMPORARY),
        ("on_mail", "452 4.3.1 disk full", Result.TEMPORARY),
        ("on_mail", "550 5.7.1 not you", Result.PERMANENT),
        ("on_mail", "530 5.7.0 log in first", Result.TRANSPORT),
        ("on_mail", "535 5.7.8 who?", Result.TRANSPORT),
        ("on_mail", "538 5.7.11 in clear?", Result.TRANSPORT),
        ("on_mail", "421 4.3.2 closing", Result.TRANSPORT),
        ("on_rcpt", "450 4.2.1 busy", Result.TEMPORARY),
        ("on_rcpt", "550 5.1.1 nobody", Result.PERMANENT),
        ("on_rcpt", "530 5.7.0 log in first", Result.TRANSPORT),
        ("on_rcpt", "421 4.3.2 closing", Result.TRANSPORT),
        ("on_data", "451 4.7.1 later", Result.TEMPORARY),
        ("on_data", "554 5.6.0 not this", Result.PERMANENT),
        ("on_data", "421 4.3.2 closing", Result.TEMPORARY),
        ("on_data", "250 2.6.0 queued", Result.ACCEPTED),
    ],
)
def test_a_reply_becomes_an_outcome_and_the_next_message_goes_out(
    connect: Connect, extensions: tuple[str, ...], hook: str, reply: str, result: Result
) -> None:
    with Sink(extensions=extensions) as sink:
        mailer = connect(sink)
        setattr(sink, hook, lambda _: reply)

        outcome = mailer.send(an_envelope())
        setattr(sink, hook, lambda _: OK)
        following = mailer.send(an_envelope())

        assert (outcome.result, outcome.code, outcome.enhanced_code) == (result, int(reply[:3]), reply.split()[1])
        assert outcome.reply.endswith(reply)
        assert following.result is Result.ACCEPTED
        assert sink.connections == (2 if reply.startswith(("421", "53")) else 1)
        assert sink.violations == []


def test_each_recipient_gets_its_own_answer(connect: Connect) -> None:
    answers = {"a@example.com": OK, "b@example.com": "550 5.1.1 no such user", "c@example.com": "451 4.7.1 later"}
    with Sink() as sink:
        sink.on_rcpt = answers.__getitem__
        mailer = connect(sink)

        results = [mailer.send(an_envelope(each)).result for each in answers]

    assert results == [Result.ACCEPTED, Result.PERMANENT, Result.TEMPORARY]


ADDRESSES_REFUSED = {
    "nothing": "",
    "no at": "ada",
    "two ats": "ada@x@example.com",
    "nothing before the at": "@example.com",
    "nothing after it": "ada@",
    "a bracket": "ada@example.com>",
    "a bracket before": "<ada@example.com",
    "a second recipient": "ada@example.com,eve@example.org",
    "a command": "ada@example.com>\r\nRCPT TO:<eve@example.org",
    "a parameter": "ada@example.com NOTIFY=NEVER",
    "a space": "a da@example.com",
    "a line separator": "a\u2028da@example.com",
    "a bidi mark": "a\u202eda@example.com",
    "half a character": "a\ud800da@example.com",
    "a NUL": "ada\0@example.com",
    "a quoted name": '"ada"@example.com',
    "two dots": "a..da@example.com",
    "a dot first": ".ada@example.com",
    "a dot last": "ada.@example.com",
    "a literal": "ada@[127.0.0.1]",
    "a long name": "a" * 65 + "@example.com",
    "a long name in octets": "ä" * 33 + "@example.com",
    "a long address": "a@" + ".".join(["b" * 60] * 5),
    "a label too long": "a@" + "b" * 64 + ".example",
    "an empty label": "a@b..example",
    "a domain that is none": "a@\u2603\ufe0f\u200d.example",
}


@pytest.mark.parametrize("address", ADDRESSES_REFUSED.values(), ids=ADDRESSES_REFUSED)
@pytest.mark.parametrize("field", ["sender", "recipient"])
def test_nothing_is_written_for_an_address_that_could_be_read_in_two_ways(
    connect: Connect, address: str, field: str
) -> None:
    with Sink() as sink:
        envelope = an_envelope(sender=address) if field == "sender" else an_envelope(address)

        outcome = connect(sink).send(envelope)

        assert outcome.result is Result.PERMANENT
        assert outcome.reply.startswith("an address ")
        assert sink.connections == 0


@given(st.text(max_size=80))
def test_an_address_that_passes_holds_nothing_that_smtp_could_take_for_more(text: str) -> None:
    try:
        found = path(f"{text}@example.com")
    except RefusedError:
        return

    assert found == f"{text}@example.com"
    assert not set(found) & set('<>(),:;[]\\" \t\r\n\0')


@pytest.mark.parametrize(
    "address", ["a.b+c@example.com", "O'Neil_{x}|~!#$%&*/=?^`-@xn--fa-hia.de", "invites@localhost"]
)
def test_an_address_in_ascii_stays_as_it_is(address: str) -> None:
    assert path(address) == address


@pytest.mark.parametrize(
    "message",
    [
        b"a\n.\nb\r\n",
        b"a\n.\r\nb\r\n",
        b"a\r.\rb\r\n",
        b"a\r\n.\rb\r\n",
        b"a\r\r\n.\r\n",
        b"a\r\n.\n",
        b"\n",
        b"a\r",
        b"a\0b\r\n",
        b"a\rb\nc\r\n",
        b"a\n\r",
    ],
)
def test_bytes_that_another_server_could_read_as_two_messages_are_not_sent(connect: Connect, message: bytes) -> None:
    with Sink() as sink:
        outcome = connect(sink).send(an_envelope(message=message))

        assert outcome.result is Result.PERMANENT
        assert "bare CR" in outcome.reply
        assert sink.connections == 0


@pytest.mark.parametrize(
    ("extensions", "result"),
    [
        pytest.param(EXTENSIONS, Result.ACCEPTED, id="8BITMIME"),
        pytest.param(without("8BITMIME"), Result.PERMANENT, id="no 8BITMIME"),
    ],
)
def test_8_bit_bytes_go_only_to_who_takes_them(connect: Connect, extensions: tuple[str, ...], result: Result) -> None:
    with Sink(extensions=extensions) as sink:
        outcome = connect(sink).send(an_envelope(message="Subject: hi\r\n\r\ngrüß Gott\r\n".encode()))

        assert outcome.result is result
        assert sink.violations == []


def test_a_utf_8_local_part_goes_by_smtputf8_and_its_domain_as_a_labels(connect: Connect) -> None:
    with Sink() as sink:
        outcome = connect(sink).send(an_envelope("jörg@faß.de"))

        assert outcome.result is Result.ACCEPTED
        assert sink.messages[0].recipient == "jörg@xn--fa-hia.de"
        assert sink.violations == []


def test_a_message_too_large_for_the_relay_is_refused_before_it_is_sent(connect: Connect) -> None:
    with Sink(extensions=("SIZE 10",)) as sink:
        outcome = connect(sink).send(an_envelope())

        assert (outcome.result, outcome.code) == (Result.PERMANENT, 552)
        assert sink.messages == []


@pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN", "CRAM-MD5 LOGIN PLAIN"])
def test_the_login_is_made_in_utf_8(connect: Connect, mechanisms: str) -> None:
    with Sink(credentials=("jörg", "s3crét"), mechanisms=mechanisms) as sink:
        relay = Relay(host="127.0.0.1", port=sink.port, user="jörg", password="s3crét", tls=Tls.NONE)

        assert connect(relay).send(an_envelope()).result is Result.ACCEPTED
        assert sink.logins == [("jörg", "s3crét")]
        assert sink.violations == []


@pytest.mark.parametrize(
    ("implicit", "scheme", "query"),
    [
        pytest.param(False, "smtp", "tls=required&", id="STARTTLS"),
        pytest.param(False, "smtp", "tls=optional&", id="STARTTLS if offered"),
        pytest.param(True, "smtps", "", id="from the first byte"),
    ],
)
def test_messages_go_encrypted(connect: Connect, authority: Authority, implicit: bool, scheme: str, query: str) -> None:
    with Sink(tls=authority.server(), credentials=("user", "s3cret"), implicit_tls=implicit) as sink:
        mailer = connect(parse(f"{scheme}://user:s3cret@127.0.0.1:{sink.port}?{query}ca={authority.path}"))

        results = [mailer.send(an_envelope()).result for _ in range(3)]

        assert results == [Result.ACCEPTED] * 3
        assert sink.logins == [("user", "s3cret")]
        assert sink.connections == 1
        assert sink.violations == []


def test_optional_tls_goes_on_in_clear_if_none_is_offered(connect: Connect) -> None:
    with Sink() as sink:
        relay = Relay(host="127.0.0.1", port=sink.port, tls=Tls.OPTIONAL)

        assert connect(relay).send(an_envelope()).result is Result.ACCEPTED


def test_the_password_is_never_kept_though_the_server_echoes_it(connect: Connect) -> None:
    secrets = ["s3cret", base64.b64encode(b"s3cret").decode(), base64.b64encode(b"\0user\0s3cret").decode()]
    with Sink(credentials=("user", "s3cret")) as sink:
        sink.on_mail = lambda _: f"550 5.7.1 {' '.join(secrets)} is what you said"
        relay = Relay(host="127.0.0.1", port=sink.port, user="user", password="s3cret", tls=Tls.NONE)

        assert connect(relay).send(an_envelope()).reply == "550 5.7.1 … … … is what you said"


@pytest.mark.parametrize("name", ["", "tocsin example", "x\r\nMAIL FROM:<a@b>", "-x", "[127.0.0.1"])
def test_a_name_that_ehlo_cannot_carry_is_a_wrong_setting(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mail\.example\.com"):
        SmtpMailer(parse("smtp://127.0.0.1:2525"), client_name=name)


def test_a_ca_file_that_is_no_pem_is_a_wrong_setting(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_text("no certificate")

    with pytest.raises(ConfigurationError, match="PEM"):
        SmtpMailer(parse(f"smtps://127.0.0.1:2525?ca={file}"), client_name="[127.0.0.1]")


def test_an_unforeseen_error_is_passed_on_and_the_connection_not_used_again(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_parcel: Parcel, _offered: frozenset[str]) -> tuple[bytes, bytes, bytes]:
        raise RuntimeError("unforeseen")

    with Sink() as sink:
        mailer = connect(sink)
        mailer.send(an_envelope())
        with monkeypatch.context() as broken:
            broken.setattr(Parcel, "commands", fail)
            with pytest.raises(RuntimeError, match="unforeseen"):
                mailer.send(an_envelope())

        assert mailer.send(an_envelope()).result is Result.ACCEPTED
        assert sink.connections == 2


def test_a_sink_waits_for_messages_and_says_when_they_do_not_come(connect: Connect) -> None:
    with Sink() as sink:
        connect(sink).send(an_envelope())

        assert len(sink.wait_for(1)) == 1
        with pytest.raises(TimeoutError, match="1 of 2"):
            sink.wait_for(2, timeout_s=0.01)
