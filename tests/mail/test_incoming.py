"""The way in, put together as the program does it: from the setting to what is counted."""

import logging
import socket
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from smtplib import LMTP

import pytest

from tests.builders import NOON, WORKSPACE_ID
from tests.mail.imap_server import ImapServer
from tests.ports import free_port
from tests.storage.shelf import until
from tocsin import bootstrap
from tocsin.bootstrap import App
from tocsin.domain import signed_address
from tocsin.domain.errors import ConfigurationError
from tocsin.domain.signed_address import Purpose
from tocsin.mail import incoming
from tocsin.mail.imap import Mailbox
from tocsin.mail.inbound import Place, Spoken
from tocsin.services.inbound import NOBODYS
from tocsin.settings import Settings


def an_app(path: Path, **environment: str) -> App:
    settings = Settings.from_environment({"TOCSIN_DATABASE_URL": f"sqlite:///{path}"} | environment)
    return bootstrap.open_app(settings, clock=lambda: NOON)


@pytest.fixture
def port() -> int:
    """Give a port where nobody listens."""
    return free_port()


def counts(app: App) -> dict[str, int]:
    with app.store.reading(NOBODYS) as tx:
        return tx.inbound_counts.since(NOON)


def an_address(app: App) -> str:
    """Return an address that this installation signed, of something that is not there."""
    thing = signed_address.reference(Purpose.ANSWER, workspace_id=WORKSPACE_ID, thing_id=WORKSPACE_ID)
    address = signed_address.write("invites@example.com", thing, app.pepper)
    assert address is not None
    return address


def test_nothing_listens_unless_it_is_asked_for(sqlite_path: Path) -> None:
    with closing(an_app(sqlite_path)) as app, bootstrap.listening(app):
        assert not app.sender.hears


def test_what_a_relay_forwards_is_taken(sqlite_path: Path, port: int) -> None:
    with closing(an_app(sqlite_path, TOCSIN_INBOUND=f"lmtp://127.0.0.1:{port}")) as app:
        with bootstrap.listening(app), LMTP("127.0.0.1", port) as relay:
            relay.sendmail("", [an_address(app)], b"Subject: x\r\n\r\nHello\r\n")
            relay.sendmail("", ["invites@example.com"], b"Subject: x\r\n\r\nHello\r\n")
        assert app.sender.hears
        assert counts(app) == {"ignored_unknown": 1, "ignored_unsigned": 1}
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_what_lies_in_a_mailbox_is_taken(sqlite_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with ImapServer(password="hunter2") as server:
        url = f"imap://invites:hunter2@127.0.0.1:{server.port}/INBOX?every=5"
        with closing(an_app(sqlite_path, TOCSIN_INBOUND=url)) as app:
            kept = server.put(f"Delivered-To: {an_address(app)}\r\n\r\nHello\r\n".encode())
            theirs = server.put(b"Delivered-To: zoe@example.com\r\n\r\nHello\r\n")
            with bootstrap.listening(app):
                until(lambda: kept.is_seen and len(counts(app)) == 2)
            assert counts(app) == {"ignored_unknown": 1, "ignored_unsigned": 1}
            assert "hunter2" not in repr(app.settings)

    assert not theirs.is_seen
    assert f"mail that comes back is taken at 127.0.0.1, port {server.port}" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("", None),
        ("lmtp://127.0.0.1:8024", Place(spoken=Spoken.LMTP, host="127.0.0.1", port=8024)),
        ("smtp://127.0.0.1:2526", Place(spoken=Spoken.SMTP, host="127.0.0.1", port=2526)),
        ("imaps://u:p@mail.example", Mailbox(host="mail.example", port=993, user="u", password="p")),
        (
            "IMAP://u:p@localhost?every=5",
            Mailbox(host="localhost", port=143, user="u", password="p", is_secured=False, every=timedelta(seconds=5)),
        ),
    ],
)
def test_the_setting_is_read(url: str, place: Place | Mailbox | None) -> None:
    assert incoming.parse(url) == place


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("yes", "lmtp://127.0.0.1:8024, smtp://127.0.0.1:2526 or imaps://user:password@host:993/INBOX"),
        ("pop3://u:hunter2@mail.example", "lmtp://127.0.0.1:8024, smtp://127.0.0.1:2526 or imaps://"),
        ("lmtp://0.0.0.0:8024", "?public=yes"),
        ("imaps://hunter2@mail.example", "needs user and password"),
    ],
)
def test_a_wrong_setting_is_named_before_the_store_is_opened(sqlite_path: Path, url: str, right: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^TOCSIN_INBOUND: ") as caught:
        an_app(sqlite_path, TOCSIN_INBOUND=url)

    assert right in str(caught.value)
    assert "hunter2" not in str(caught.value)
    an_app(sqlite_path).close()


def test_a_place_that_another_program_has_taken_is_named(sqlite_path: Path, port: int) -> None:
    with (
        closing(an_app(sqlite_path, TOCSIN_INBOUND=f"smtp://127.0.0.1:{port}")) as app,
        closing(socket.create_server(("127.0.0.1", port))),
        pytest.raises(ConfigurationError, match=rf"^TOCSIN_INBOUND: cannot listen on 127\.0\.0\.1:{port} "),
        bootstrap.listening(app),
    ):
        pass
