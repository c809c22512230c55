"""The mailbox is read from a real server on loopback: what is taken, what is left, and what happens when it is away."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from tests.mail.certificates import LOOPBACK, Authority
from tests.mail.imap_server import ImapServer
from tests.ports import free_port
from tocsin.domain.errors import ConfigurationError, UnavailableError
from tocsin.formats.received import LARGEST
from tocsin.mail import imap
from tocsin.mail.imap import Mailbox, Poller, mails, parse, wait
from tocsin.services.inbound import Inbound, Verdict

OURS = "invites+r1@example.com"
QUICKLY = timedelta(milliseconds=1)


def is_ours(address: str) -> bool:
    return address.startswith("invites+")


def a_mail(to: str = OURS, *, header: str = "Delivered-To", body: str = "Hello") -> bytes:
    return f"{header}: {to}\r\nSubject: x\r\n\r\n{body}\r\n".encode()


class Pile:
    """Keeps what is taken; `refuse` says what goes wrong with a mail."""

    def __init__(self) -> None:
        self.mails: list[Inbound] = []
        self.refuse: Callable[[Inbound], Exception | None] = lambda _mail: None
        self.changed = threading.Condition()

    def __call__(self, mail: Inbound) -> Verdict:
        with self.changed:
            error = self.refuse(mail)
            if error is not None:
                raise error
            self.mails.append(mail)
            self.changed.notify_all()
        return Verdict.ANSWERED if is_ours(mail.recipient) else Verdict.IGNORED_UNSIGNED


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as server:
        yield server


@pytest.fixture
def pile() -> Pile:
    return Pile()


def a_mailbox(server: ImapServer, **changes: Any) -> Mailbox:
    user, password = server.credentials
    mailbox = Mailbox(host="127.0.0.1", port=server.port, user=user, password=password, every=QUICKLY, is_secured=False)
    return replace(mailbox, **changes)


@contextmanager
def polling(server: ImapServer, pile: Pile, **changes: Any) -> Iterator[Poller]:
    poller = Poller(a_mailbox(server, **changes), pile, is_ours=is_ours)
    poller.start()
    try:
        yield poller
    finally:
        poller.stop()


def rounds(server: ImapServer, count: int) -> None:
    """Wait until so many more rounds have ended."""
    ended = server.heard("LOGOUT") + count
    server.wait_for(lambda: server.heard("LOGOUT") >= ended)


# What is taken


def test_what_was_taken_is_seen_and_not_taken_again(server: ImapServer, pile: Pile) -> None:
    kept = server.put(a_mail())

    with polling(server, pile):
        server.wait_for(lambda: kept.is_seen)
        rounds(server, 2)

    assert pile.mails == [Inbound(recipient=OURS, sender="", message=a_mail())]
    assert server.folders["INBOX"] == [kept]


@pytest.mark.parametrize("folder", ["Tocsin", "INBOX.Tocsin"])
def test_what_was_taken_is_moved_if_there_is_a_folder_for_it(server: ImapServer, pile: Pile, folder: str) -> None:
    server.delimiter = "."
    server.folders |= {folder: [], "Old Tocsin": []}
    kept = server.put(a_mail())

    with polling(server, pile):
        server.wait_for(lambda: server.folders[folder] == [kept])

    assert kept.is_seen
    assert server.folders["INBOX"] == server.folders["Old Tocsin"] == []


def test_a_server_that_cannot_move_keeps_it_where_it_is(pile: Pile) -> None:
    with ImapServer(later="") as server:
        server.folders["Tocsin"] = []
        kept = server.put(a_mail())
        with polling(server, pile):
            server.wait_for(lambda: kept.is_seen)
            rounds(server, 1)

    assert server.folders == {"INBOX": [kept], "Tocsin": []}
    assert server.heard("UID-COPY") == 0


def test_nothing_is_expunged_because_people_may_have_marked_theirs_as_deleted(server: ImapServer, pile: Pile) -> None:
    server.folders["Tocsin"] = []
    deleted = server.put(a_mail(), flags={r"\Deleted"})
    kept = server.put(a_mail())

    with polling(server, pile):
        server.wait_for(lambda: server.folders["Tocsin"] == [kept])
        rounds(server, 1)

    assert server.folders["INBOX"] == [deleted]
    assert len(pile.mails) == 1
    assert {command.split()[0] for command in server.commands} == {
        "CAPABILITY", "LOGIN", "SELECT", "LIST", "UID-SEARCH", "UID-FETCH", "UID-STORE", "UID-MOVE", "LOGOUT",
    }  # fmt: skip


def test_another_folder_can_be_read(server: ImapServer, pile: Pile) -> None:
    server.put(a_mail("invites+r2@example.com"))
    kept = server.put(a_mail(), folder="Answers")

    with polling(server, pile, folder="Answers"):
        server.wait_for(lambda: kept.is_seen)

    assert [mail.recipient for mail in pile.mails] == [OURS]


def test_a_user_and_a_password_may_hold_any_letters(pile: Pile) -> None:
    for user, password in (("ann", 'a "b" \\c'), ("zoë", "pässwörd")):
        with ImapServer(user=user, password=password) as server:
            kept = server.put(a_mail())
            with polling(server, pile):
                server.wait_for(lambda kept=kept: kept.is_seen)  # type: ignore[misc]  # it is a Kept

    assert len(pile.mails) == 2


def test_of_a_message_that_is_too_large_no_more_is_fetched_than_tells_that(server: ImapServer, pile: Pile) -> None:
    kept = server.put(a_mail(body="x" * (2 * LARGEST)))

    with polling(server, pile):
        server.wait_for(lambda: kept.is_seen)

    assert [len(mail.message) for mail in pile.mails] == [LARGEST + 1]


def test_a_message_that_has_gone_meanwhile_is_no_trouble(
    server: ImapServer, pile: Pile, caplog: pytest.LogCaptureFixture
) -> None:
    server.put(a_mail())
    server.on_command = lambda name, _arguments: "OK nothing" if name == "UID-FETCH" else None

    with polling(server, pile):
        rounds(server, 3)

    assert server.heard("UID-STORE") == 0
    assert pile.mails == []
    assert caplog.text == ""


# What is left as it is


def test_what_was_not_sent_to_an_address_of_ours_is_left_as_it_is(server: ImapServer, pile: Pile) -> None:
    server.folders["Tocsin"] = []
    theirs, ours = server.put(a_mail("zoe@example.com")), server.put(a_mail())

    with polling(server, pile):
        server.wait_for(lambda: ours.is_seen)
        rounds(server, 3)

    assert not theirs.is_seen
    assert server.folders["INBOX"] == [theirs]
    assert [mail.recipient for mail in pile.mails] == ["", OURS]
    assert server.heard("UID-FETCH") == 2


def test_a_message_that_nobody_can_read_does_not_keep_the_others_waiting(
    server: ImapServer, pile: Pile, caplog: pytest.LogCaptureFixture
) -> None:
    pile.refuse = lambda mail: ValueError("a bug") if b"poison" in mail.message else None
    poison, other = server.put(a_mail(body="poison")), server.put(a_mail())

    with polling(server, pile):
        server.wait_for(lambda: other.is_seen)
        rounds(server, 2)

    assert not poison.is_seen
    assert caplog.text.count("could not be taken; it stays unseen") == 1


def test_what_the_store_cannot_take_stays_unseen_and_is_taken_later(
    server: ImapServer, pile: Pile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pile.refuse = lambda _mail: UnavailableError("the database is away")
    first, second = server.put(a_mail()), server.put(a_mail())

    with polling(server, pile):
        rounds(server, 3)
        seen = first.is_seen or second.is_seen
        pile.refuse = lambda _mail: None
        server.wait_for(lambda: first.is_seen and second.is_seen)
        rounds(server, 2)  # what a round says of itself is said when the next one begins

    assert not seen
    assert len(pile.mails) == 2
    assert caplog.text.count("a mail could not be taken: the database is away; it is tried again") == 1
    assert caplog.text.count("the mailbox is read again") == 1


# Trouble


@pytest.mark.parametrize(
    "command", ["CAPABILITY", "LOGIN", "SELECT", "LIST", "UID-SEARCH", "UID-FETCH", "UID-STORE", "LOGOUT"]
)
@pytest.mark.parametrize("said", [ImapServer.CLOSE, "NO [UNAVAILABLE] not now", "BAD what"])
def test_a_server_that_fails_anywhere_is_asked_again(server: ImapServer, pile: Pile, command: str, said: str) -> None:
    kept = server.put(a_mail())
    failures = iter([said, said])
    server.on_command = lambda name, _arguments: next(failures, None) if name == command else None

    with polling(server, pile):
        server.wait_for(lambda: kept.is_seen)

    assert {mail.recipient for mail in pile.mails} == {OURS}


def test_trouble_is_logged_when_it_begins_changes_and_ends(
    server: ImapServer, pile: Pile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.on_command = lambda name, _arguments: "NO [UNAVAILABLE] later" if name == "SELECT" else None

    with polling(server, pile):
        rounds(server, 3)
        server.on_command = lambda name, _arguments: "NO [NONEXISTENT] gone" if name == "SELECT" else None
        rounds(server, 3)
        server.on_command = lambda _name, _arguments: None
        rounds(server, 2)

    assert [record.getMessage() for record in caplog.records] == [
        "the mailbox cannot be read: MailboxFolderSelectError (UNAVAILABLE); it is tried again",
        "the mailbox cannot be read: MailboxFolderSelectError (NONEXISTENT); it is tried again",
        "the mailbox is read again",
    ]


def test_a_password_is_in_no_log_whatever_the_server_says(
    server: ImapServer, pile: Pile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    with polling(server, pile, password="hunter2") as poller:
        rounds(server, 2)

    assert "AUTHENTICATIONFAILED" in caplog.text
    assert "hunter2" not in caplog.text
    assert "hunter2" not in repr(poller._mailbox)


def test_a_server_that_is_not_there_is_tried_again(pile: Pile, caplog: pytest.LogCaptureFixture) -> None:
    nobody = Mailbox(host="127.0.0.1", port=free_port(), user="u", password="p", is_secured=False, every=QUICKLY)
    poller = Poller(nobody, pile, is_ours=is_ours)

    assert not poller._is_well()
    assert not poller._is_well()

    assert [record.getMessage() for record in caplog.records] == [
        "the mailbox cannot be read: Connection refused; it is tried again"
    ]


def secured(server: ImapServer) -> Mailbox:
    return a_mailbox(server, is_secured=True)


def test_a_server_with_a_certificate_of_its_name_is_read(
    authority: Authority, pile: Pile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    with ImapServer(tls=authority.server()) as server:
        kept = server.put(a_mail())

        Poller(secured(server), pile, is_ours=is_ours)._round()

    assert kept.is_seen


@pytest.mark.parametrize("is_known", [False, True], ids=["of nobody we know", "of another name"])
def test_a_server_whose_certificate_is_wrong_gets_no_password(
    authority: Authority, pile: Pile, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    name: x509.GeneralName = LOOPBACK
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        name = x509.DNSName("mail.example")
    with ImapServer(tls=authority.server(name)) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            Poller(secured(server), pile, is_ours=is_ours)._round()

        assert server.heard("LOGIN") == 0


def test_what_nobody_foresaw_is_logged_and_tried_again(
    server: ImapServer, pile: Pile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object) -> str:
        raise ValueError("a bug")

    poller = Poller(a_mailbox(server), pile, is_ours=is_ours)
    with monkeypatch.context() as patched:
        patched.setattr(imap, "_target", fail)
        assert not poller._is_well()
    assert poller._is_well()

    assert "ValueError: a bug" in caplog.text


def test_waits_grow_up_to_a_quarter_of_an_hour() -> None:
    minute = timedelta(minutes=1)

    assert [wait(minute, failures) / minute for failures in (0, 1, 2, 3, 4, 99)] == [1, 2, 4, 8, 15, 15]
    assert wait(timedelta(hours=1), 5) == timedelta(hours=1)


# The end


def test_stopping_does_not_wait_for_what_the_server_is_about_to_say(server: ImapServer, pile: Pile) -> None:
    asked, closing = threading.Event(), threading.Event()

    def hold(name: str, _arguments: str) -> str | None:
        if name == "UID-SEARCH":
            asked.set()
            closing.wait(60)
        return None

    server.on_command = hold
    poller = Poller(a_mailbox(server), pile, is_ours=is_ours)
    poller.start()
    assert asked.wait(30)

    poller.stop()

    assert not poller._thread.is_alive()
    closing.set()


def test_stopping_does_not_wait_for_the_next_round(server: ImapServer, pile: Pile) -> None:
    with polling(server, pile, every=timedelta(days=1)) as poller:
        server.wait_for(lambda: server.heard("LOGOUT") == 1)  # the only round of the day may have ended already

    assert not poller._thread.is_alive()


def test_a_poller_that_never_began_can_be_stopped(server: ImapServer, pile: Pile) -> None:
    Poller(a_mailbox(server), pile, is_ours=is_ours).stop()

    assert server.connections == 0


def test_stopping_in_the_middle_leaves_the_rest_for_the_next_time(server: ImapServer, pile: Pile) -> None:
    first, second = server.put(a_mail()), server.put(a_mail())
    poller = Poller(a_mailbox(server), pile, is_ours=is_ours)
    server.on_command = lambda name, _arguments: poller._stopping.set() if name == "UID-STORE" else None

    poller._round()

    assert (first.is_seen, second.is_seen) == (True, False)


# Whom a message is for


@pytest.mark.parametrize("header", ["Delivered-To", "X-Original-To", "Envelope-To", "To", "to"])
def test_the_recipient_is_found_in(header: str) -> None:
    message = a_mail(f'"Invites, (Acme)" <{OURS}>, zoe@example.com', header=header)

    assert mails(message, is_ours=is_ours) == [Inbound(recipient=OURS, sender="", message=message)]


def test_a_message_to_several_addresses_of_ours_is_taken_for_each_once() -> None:
    message = f"Delivered-To: {OURS}\r\nTo: a@b.example,\r\n <invites+b2@example.com>, {OURS}\r\n\r\nx".encode()

    assert [mail.recipient for mail in mails(message, is_ours=is_ours)] == [OURS, "invites+b2@example.com"]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe\x00", id="no mail"),
        pytest.param(a_mail("zoe@example.com"), id="somebody else"),
        pytest.param(f"Subject: x\r\n\r\nTo: {OURS}\r\n".encode(), id="in the text"),
        pytest.param(f"Cc: {OURS}\r\nReply-To: {OURS}\r\n\r\n".encode(), id="in other headers"),
        pytest.param(b"X: " + b"y" * 70_000 + f"\r\nTo: {OURS}\r\n\r\n".encode(), id="after endless headers"),
        pytest.param(b"To: x@y\r\n" * 30 + a_mail(header="To"), id="after the twentieth of a sort"),
    ],
)
def test_a_message_to_nobody_we_know_is_for_nobody(message: bytes) -> None:
    assert mails(message, is_ours=is_ours) == [Inbound(recipient="", sender="", message=message)]


# The URL


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "imaps://user:password@mail.example:993/INBOX?every=60",
            Mailbox(host="mail.example", port=993, user="user", password="password"),
        ),
        (
            "imaps://user:password@mail.example",
            Mailbox(host="mail.example", port=993, user="user", password="password"),
        ),
        (
            "imaps://invites%40example.com:p%40ss%2Fw%C3%B6rd@mail.example/Answers/New%20ones?every=5",
            Mailbox(
                host="mail.example",
                port=993,
                user="invites@example.com",
                password="p@ss/wörd",
                folder="Answers/New ones",
                every=timedelta(seconds=5),
            ),
        ),
        (
            "imap://u:p@127.0.0.1:1143/",
            Mailbox(host="127.0.0.1", port=1143, user="u", password="p", is_secured=False),
        ),
        ("imap://u:p@localhost", Mailbox(host="localhost", port=143, user="u", password="p", is_secured=False)),
    ],
)
def test_a_mailbox_is_read(url: str, expected: Mailbox) -> None:
    assert parse(url) == expected


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("", "write imaps://user:password@host"),
        ("pop3://u:hunter2@mail.example", "write imaps://user:password@host"),
        ("imaps://mail.example/INBOX", "needs user and password"),
        ("imaps://u@mail.example", "needs user and password"),
        ("imaps://:hunter2@mail.example", "needs user and password"),
        ("imaps://u:hunter2@", "write imaps://user:password@host"),
        ("imaps://u:hunter2/x@mail.example", "write imaps://user:password@host"),
        ("imaps://u:hunter2@mail.example:x", "write imaps://user:password@host"),
        ("imaps://u:hunter2@mail.example#x", "write imaps://user:password@host"),
        ("imaps://u:hunter2\n@mail.example", "write imaps://user:password@host"),
        ("imaps://u:hunter2%0a@mail.example", "percent-encoded"),
        ("imaps://u:hunter2%ff@mail.example", "percent-encoded"),
        ("imap://u:hunter2@mail.example", "needs imaps://"),
        ("imaps://u:hunter2@mail.example?every=4", "from 5 to 86400"),
        ("imaps://u:hunter2@mail.example?every=86401", "from 5 to 86400"),
        ("imaps://u:hunter2@mail.example?every=soon", "from 5 to 86400"),
        ("imaps://u:hunter2@mail.example?every=", "from 5 to 86400"),
        ("imaps://u:hunter2@mail.example?every", "write imaps://user:password@host"),
        ("imaps://u:hunter2@mail.example?tls=no", "only ?every= may follow"),
    ],
)
def test_a_wrong_mailbox_is_told_what_would_be_right(url: str, right: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(url)

    assert right in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
