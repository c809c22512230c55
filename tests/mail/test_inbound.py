"""The listener against real connections: what it takes, what it refuses, and that nothing ends it."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from smtplib import LMTP, SMTP, SMTPDataError

import pytest

from tests.ports import free_port
from tocsin.domain.errors import ConfigurationError, UnavailableError
from tocsin.formats.received import LARGEST
from tocsin.mail import inbound
from tocsin.mail.inbound import (
    LATER,
    MOST_CONNECTIONS,
    MOST_RECIPIENTS,
    TAKEN,
    TOO_LARGE,
    Listener,
    Place,
    Spoken,
    parse,
)
from tocsin.services.inbound import Inbound

MESSAGE = b"From: ada@example.org\r\nSubject: Accepted\r\n\r\nHello\r\n"


class Pile:
    """Keeps what is taken; `refuse` says of which recipient nothing can be written down."""

    def __init__(self) -> None:
        self.mails: list[Inbound] = []
        self.refuse: Callable[[str], Exception | None] = lambda _recipient: None

    def __call__(self, mail: Inbound) -> None:
        error = self.refuse(mail.recipient)
        if error is not None:
            raise error
        self.mails.append(mail)

    @property
    def recipients(self) -> list[str]:
        return [mail.recipient for mail in self.mails]


@pytest.fixture
def pile() -> Pile:
    return Pile()


@contextmanager
def listening(
    take: Callable[[Inbound], object], spoken: Spoken = Spoken.SMTP, *, shared: bool = False
) -> Iterator[int]:
    """Listen until the end of the block; give the port."""
    listener = Listener(Place(spoken=spoken, host="127.0.0.1", port=0), take, name="tocsin.example", shared=shared)
    listener.start()
    try:
        yield listener.port
    finally:
        listener.stop()


class Line:
    """One connection, spoken by hand."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self._socket.makefile("rb")

    def say(self, *lines: bytes) -> None:
        self._socket.sendall(b"".join(line + b"\r\n" for line in lines))

    def reply(self) -> str:
        """Return the next reply: the last line of it, without its end; empty at the end of the connection."""
        while True:
            line = self._file.readline().decode()
            if line[3:4] != "-":
                return line.rstrip("\r\n")

    def replies(self, count: int) -> list[str]:
        return [self.reply() for _ in range(count)]

    def ask(self, *lines: bytes) -> list[str]:
        """Say each of `lines` and return the replies."""
        found = []
        for line in lines:
            self.say(line)
            found.append(self.reply())
        return found

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@contextmanager
def connected(port: int, greeting: bytes = b"EHLO relay.example") -> Iterator[Line]:
    with closing(Line(port)) as line:
        assert line.reply().startswith("220 ")
        assert line.ask(greeting)[0].startswith("250 ")
        yield line


def envelope(*recipients: bytes) -> list[bytes]:
    return [b"MAIL FROM:<>", *(b"RCPT TO:<" + one + b">" for one in recipients), b"DATA"]


# What is taken


def test_a_message_by_smtp_is_taken_once_for_each_recipient(pile: Pile) -> None:
    with listening(pile) as port, SMTP("127.0.0.1", port) as relay:
        refused = relay.sendmail("ada@example.org", ["one@example.com", "two@example.com"], MESSAGE)

    assert refused == {}
    assert pile.mails == [
        Inbound(recipient=one, sender="ada@example.org", message=MESSAGE)
        for one in ("one@example.com", "two@example.com")
    ]


def test_a_message_by_lmtp_is_taken(pile: Pile) -> None:
    with listening(pile, Spoken.LMTP) as port, LMTP("127.0.0.1", port) as relay:
        relay.sendmail("", ["one@example.com"], MESSAGE)
        offered = set(relay.esmtp_features)

    assert pile.mails == [Inbound(recipient="one@example.com", sender="", message=MESSAGE)]
    assert {"pipelining", "8bitmime", "smtputf8", "size"} <= offered


@pytest.mark.parametrize("error", [UnavailableError("busy"), ValueError("a bug")])
def test_lmtp_answers_for_each_recipient(pile: Pile, error: Exception) -> None:
    """RFC 2033, 4.2."""
    pile.refuse = lambda recipient: error if recipient.startswith("two") else None

    with listening(pile, Spoken.LMTP) as port, connected(port, b"LHLO relay.example") as line:
        line.ask(*envelope(b"one@example.com", b"two@example.com", b"one@example.com"))
        line.say(MESSAGE.strip(), b".")
        replies = line.replies(3)
        after = line.ask(b"NOOP")

    assert replies == [TAKEN, LATER, TAKEN]
    assert after[0].startswith("250 ")
    assert pile.recipients == ["one@example.com", "one@example.com"]


def test_smtp_has_a_message_brought_again_if_one_recipient_could_not_be_served(pile: Pile) -> None:
    pile.refuse = lambda recipient: UnavailableError("busy") if recipient.startswith("two") else None

    with listening(pile) as port, connected(port) as line:
        line.ask(*envelope(b"one@example.com", b"two@example.com"))
        replies = line.ask(MESSAGE.strip() + b"\r\n.")

    assert replies == [LATER]


@pytest.mark.parametrize("error", [UnavailableError("away"), ValueError("a bug"), RecursionError()])
def test_a_message_that_cannot_be_written_down_is_to_be_brought_again(pile: Pile, error: Exception) -> None:
    pile.refuse = lambda _recipient: error

    with listening(pile) as port, SMTP("127.0.0.1", port) as relay:
        with pytest.raises(SMTPDataError) as caught:
            relay.sendmail("ada@example.org", ["one@example.com"], MESSAGE)
        pile.refuse = lambda _recipient: None
        relay.sendmail("ada@example.org", ["one@example.com"], MESSAGE)

    assert caught.value.smtp_code == 451
    assert b"bug" not in caught.value.smtp_error
    assert b"Error" not in caught.value.smtp_error
    assert pile.recipients == ["one@example.com"]


def test_a_message_keeps_its_octets(pile: Pile) -> None:
    message = b"Subject: \xff\xc3\xa9\r\n\r\n.dot\r\n..two\r\nlong " + b"x" * 100_000 + b"\r\nbare\nlf\r\n\x00\r\n"

    with listening(pile) as port, SMTP("127.0.0.1", port) as relay:
        relay.ehlo()
        relay.mail("ada@example.org", ["BODY=8BITMIME"])
        relay.rcpt("one@example.com")
        relay.docmd("DATA")
        relay.send(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        code, _ = relay.getreply()

    assert code == 250
    assert [mail.message for mail in pile.mails] == [message]


def test_addresses_may_be_in_utf_8(pile: Pile) -> None:
    """RFC 6531."""
    with listening(pile) as port, connected(port) as line:
        replies = line.ask(
            "MAIL FROM:<zoë@example.org> SMTPUTF8".encode(), "RCPT TO:<ré@example.com>".encode(), b"DATA", b"x\r\n."
        )

    assert [reply[:3] for reply in replies] == ["250", "250", "354", "250"]
    assert [(mail.sender, mail.recipient) for mail in pile.mails] == [("zoë@example.org", "ré@example.com")]


def test_commands_may_come_in_one_write(pile: Pile) -> None:
    """RFC 2033, 5; RFC 2920."""
    with listening(pile, Spoken.LMTP) as port, connected(port, b"LHLO relay.example") as line:
        line.say(*envelope(b"one@example.com", b"two@example.com"))
        before = line.replies(4)
        line.say(b"x", b".", b"QUIT")
        after = line.replies(3)

    assert [reply[:3] for reply in before] == ["250", "250", "250", "354"]
    assert [reply[:3] for reply in after] == ["250", "250", "221"]


def test_a_connection_serves_many_messages(pile: Pile) -> None:
    with listening(pile) as port, SMTP("127.0.0.1", port) as relay:
        for number in range(200):
            relay.sendmail("ada@example.org", [f"a{number}@example.com"], MESSAGE)

    assert pile.recipients == [f"a{number}@example.com" for number in range(200)]


# What is refused


def test_a_message_of_a_mebibyte_is_taken_and_a_larger_one_refused(pile: Pile) -> None:
    body = b"x" * (LARGEST - 2) + b"\r\n"

    with listening(pile) as port, SMTP("127.0.0.1", port) as relay:
        relay.ehlo()
        codes = []
        for message in (body, b"x" + body):
            relay.mail("ada@example.org")
            relay.rcpt("one@example.com")
            relay.docmd("DATA")
            relay.send(message + b".\r\n")
            codes.append(relay.getreply()[0])
        announced, _ = relay.mail("ada@example.org", [f"SIZE={LARGEST + 1}"])

    assert codes == [250, 552]
    assert announced == 552
    assert [len(mail.message) for mail in pile.mails] == [LARGEST]


def test_lmtp_refuses_what_is_too_large_for_each_recipient(pile: Pile) -> None:
    with listening(pile, Spoken.LMTP) as port, connected(port, b"LHLO relay.example") as line:
        line.ask(*envelope(b"one@example.com", b"two@example.com"))
        line.say(*[b"x" * 998] * (LARGEST // 1000 + 1), b".")
        replies = line.replies(2)
        after = line.ask(b"NOOP")

    assert [reply[:3] for reply in replies] == ["552", "552"]
    assert after[0].startswith("250 ")
    assert pile.mails == []


def test_a_line_that_is_longer_than_a_message_is_refused_and_the_session_goes_on(pile: Pile) -> None:
    with listening(pile) as port, connected(port) as line:
        line.ask(*envelope(b"one@example.com"))
        line.say(b"x" * (3 * LARGEST), b".")
        refused = line.reply()
        after = line.ask(*envelope(b"one@example.com"), b"x\r\n.")

    assert refused == TOO_LARGE
    assert after[-1] == TAKEN
    assert len(pile.mails) == 1


def test_fifty_recipients_are_taken_and_the_rest_is_to_be_brought_in_another_message(pile: Pile) -> None:
    with listening(pile) as port, connected(port) as line:
        replies = line.ask(b"MAIL FROM:<>", *(b"RCPT TO:<a%d@example.com>" % n for n in range(MOST_RECIPIENTS + 1)))
        line.ask(b"DATA", b"x\r\n.")

    assert {reply[:3] for reply in replies[:-1]} == {"250"}
    assert replies[-1].startswith("452 4.5.3")
    assert len(pile.mails) == MOST_RECIPIENTS


def test_no_more_than_twenty_connections_are_served_at_once(pile: Pile) -> None:
    with listening(pile) as port:
        lines = [Line(port) for _ in range(MOST_CONNECTIONS)]
        greetings = [line.reply() for line in lines]
        with closing(Line(port)) as another:
            busy = another.replies(2)
        assert lines[0].ask(b"QUIT")[0].startswith("221")
        assert lines[0].reply() == ""
        with closing(Line(port)) as another:
            greeting = another.reply()
        for line in lines:
            line.close()

    assert {one[:3] for one in greetings} == {"220"}
    assert busy == ["421 4.3.2 too many connections; come again", ""]
    assert greeting.startswith("220")


def test_a_command_that_is_too_long_is_refused_in_every_session(pile: Pile) -> None:
    with listening(pile) as port:
        for _ in range(3):
            with connected(port) as line:
                long = line.ask(b"EHLO again", b"NOOP " + b"x" * inbound.LONGEST_COMMAND, b"NOOP " + b"x" * 1_000)
            assert [reply[:3] for reply in long] == ["250", "500", "250"]


def test_the_same_command_is_not_heard_for_ever(pile: Pile) -> None:
    with listening(pile) as port, connected(port) as line:
        replies = line.ask(*[b"HELP"] * 101)

    assert replies[-1].startswith("421 ")


# Harm


NONSENSE = [
    b"",
    b"\x00",
    b"\xff\xfe\xfd",
    b"MAIL",
    b"MAIL FROM:",
    b"MAIL FROM:<",
    b"MAIL FROM:<a@b",
    b"MAIL FROM:<@>",
    b"MAIL FROM:<\xff@\xff>",
    b"MAIL FROM:<a@b> SIZE=99999999999999999999999999",
    b"MAIL FROM:<a@b> SIZE=-1",
    b"MAIL FROM:<a@b> BODY=BINARYMIME",
    b"RCPT TO:<",
    b"RCPT TO:<>",
    b'RCPT TO:<"@',
    b"RCPT TO:<(((((((((((((((((((((((((((((((@x>",
    b"RCPT TO:<@a,@b:c@d>",
    b"RCPT TO:" + b"(" * 1_500,
    b"VRFY <",
    b"EXPN x",
    b"AUTH PLAIN AAAA",
    b"STARTTLS",
    b"BDAT 3 LAST",
    b"RSET x",
    b"DATA",
]


@pytest.mark.parametrize("spoken", Spoken)
def test_nonsense_does_not_end_the_listener_and_tells_nothing_of_the_inside(pile: Pile, spoken: Spoken) -> None:
    hello = b"LHLO" if spoken is Spoken.LMTP else b"EHLO"
    said = []
    with listening(pile, spoken) as port:
        for nonsense in NONSENSE:
            with connected(port, hello + b" relay.example") as line:
                said += line.ask(nonsense, b"MAIL FROM:<>", nonsense, b"NOOP")
        with connected(port, hello + b" relay.example") as line:
            replies = line.ask(*envelope(b"one@example.com"), b"x\r\n.")

    assert replies[-1] == TAKEN
    assert all("Traceback" not in reply and "Error: (" not in reply and ".py" not in reply for reply in said)
    assert len(pile.mails) == 1


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param([], id="at once"),
        pytest.param([b"EHLO"], id="in a command"),
        pytest.param([b"EHLO x\r\n", b"MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nhalf"], id="in a message"),
    ],
)
def test_a_peer_that_goes_away_takes_nothing_with_it(pile: Pile, beginning: list[bytes]) -> None:
    with listening(pile) as port:
        for _ in range(MOST_CONNECTIONS + 5):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as gone:
                for octets in beginning:
                    gone.sendall(octets)
                gone.shutdown(socket.SHUT_WR)
                while gone.recv(65_536):
                    pass
        with SMTP("127.0.0.1", port) as relay:
            relay.sendmail("ada@example.org", ["one@example.com"], MESSAGE)

    assert pile.recipients == ["one@example.com"]


def test_no_address_is_logged(pile: Pile, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    pile.refuse = lambda _recipient: UnavailableError("the database is away")

    with listening(pile) as port, SMTP("127.0.0.1", port) as relay, pytest.raises(SMTPDataError):
        relay.sendmail("ada@example.org", ["one@example.com"], MESSAGE)

    assert "the database is away" in caplog.text
    assert "example.org" not in caplog.text
    assert "example.com" not in caplog.text


# Beginning and end


def test_stopping_finishes_the_message_in_hand() -> None:
    begun, go_on, taken = threading.Event(), threading.Event(), []

    def slow(mail: Inbound) -> None:
        begun.set()
        go_on.wait(30)
        taken.append(mail)

    listener = Listener(Place(spoken=Spoken.SMTP, host="127.0.0.1", port=0), slow, name="tocsin.example")
    listener.start()
    with connected(listener.port) as line:
        line.ask(*envelope(b"one@example.com"))
        line.say(b"x", b".")
        begun.wait(30)
        stopper = threading.Thread(target=listener.stop)
        stopper.start()
        go_on.set()
        reply, end = line.reply(), line.reply()
        stopper.join(30)

    assert reply == TAKEN
    assert end == ""
    assert len(taken) == 1
    with pytest.raises(OSError):  # noqa: PT011  whatever the system calls it
        Line(listener.port)


def test_a_listener_that_never_began_can_be_stopped(pile: Pile) -> None:
    listener = Listener(Place(spoken=Spoken.SMTP, host="127.0.0.1", port=0), pile, name="tocsin.example")

    listener.stop()

    with pytest.raises(OSError):  # noqa: PT011  whatever the system calls it
        Line(listener.port)


def test_a_place_that_is_taken_is_named(pile: Pile) -> None:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as taken,
        pytest.raises(ConfigurationError, match=r"^cannot listen on 127\.0\.0\.1:\d+ \(Address already in use"),
    ):
        Listener(Place(spoken=Spoken.SMTP, host="127.0.0.1", port=taken.getsockname()[1]), pile, name="tocsin.example")


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="this system has one listener for each place")
def test_several_workers_on_one_host_listen_at_one_place(pile: Pile) -> None:
    with listening(pile, shared=True) as port:
        place = Place(spoken=Spoken.SMTP, host="127.0.0.1", port=port)
        with pytest.raises(ConfigurationError, match="cannot listen"):
            Listener(place, pile, name="tocsin.example")  # the only process of another store
        colleague = Listener(place, pile, name="tocsin.example", shared=True)
        colleague.start()
        for number in range(20):
            with SMTP("127.0.0.1", port) as relay:
                relay.sendmail("ada@example.org", [f"a{number}@example.com"], MESSAGE)
        colleague.stop()
        with SMTP("127.0.0.1", port) as relay:
            relay.sendmail("ada@example.org", ["last@example.com"], MESSAGE)

    assert pile.recipients == [*(f"a{number}@example.com" for number in range(20)), "last@example.com"]


def has_ipv6() -> bool:
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_it_listens_on_ipv6_too(pile: Pile) -> None:
    listener = Listener(parse(f"smtp://[::1]:{free_port()}"), pile, name="tocsin.example")
    listener.start()
    try:
        with SMTP("::1", listener.port) as relay:
            relay.sendmail("ada@example.org", ["one@example.com"], MESSAGE)
    finally:
        listener.stop()

    assert pile.recipients == ["one@example.com"]


# The URL


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("lmtp://127.0.0.1:8024", Place(spoken=Spoken.LMTP, host="127.0.0.1", port=8024)),
        ("smtp://127.0.0.1:2526/", Place(spoken=Spoken.SMTP, host="127.0.0.1", port=2526)),
        ("lmtp://localhost:8024", Place(spoken=Spoken.LMTP, host="localhost", port=8024)),
        ("smtp://[::1]:2526", Place(spoken=Spoken.SMTP, host="::1", port=2526)),
        ("lmtp://127.0.0.1:8024?public=yes", Place(spoken=Spoken.LMTP, host="127.0.0.1", port=8024)),
        ("lmtp://0.0.0.0:8024?public=yes", Place(spoken=Spoken.LMTP, host="0.0.0.0", port=8024)),
        ("lmtp://mail.example:8024?public=yes", Place(spoken=Spoken.LMTP, host="mail.example", port=8024)),
    ],
)
def test_a_place_is_read(url: str, place: Place) -> None:
    assert parse(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lmtp",
        "http://127.0.0.1:8024",
        "lmtp://127.0.0.1",
        "lmtp://:8024",
        "lmtp://127.0.0.1:x",
        "lmtp://127.0.0.1:99999",
        "lmtp://user@127.0.0.1:8024",
        "lmtp://user:password@127.0.0.1:8024",
        "lmtp://127.0.0.1:8024/path",
        "lmtp://127.0.0.1:8024#x",
        "lmtp://127.0.0.1:8024?public",
        "lmtp://127.0.0.1:8024?public=no",
        "lmtp://0.0.0.0:8024?public=",
        "lmtp://0.0.0.0:8024?public=yes&public=yes",
        "lmtp://127.0.0.1:8024?tls=yes",
        "lmtp://[::1:8024",
    ],
)
def test_a_wrong_place_is_told_what_would_be_right(url: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"write lmtp://127\.0\.0\.1:8024 or smtp://127\.0\.0\.1:2526$"
    ) as caught:
        parse(url)

    assert "password" not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", "mail.example", "127.0.0.1.example"])
def test_a_place_that_other_machines_reach_has_to_be_meant(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"can be reached from other machines.*add \?public=yes$"):
        parse(f"smtp://{host}:2526")
