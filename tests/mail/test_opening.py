"""A connection that is being opened: it comes, it fails, or nobody wants it any more."""

import select
import threading

import pytest

from tests.smtp_server import Scripted, Wire
from tocsin.mail.dialogue import Session
from tocsin.mail.opening import Opening
from tocsin.mail.transport import parse


def connected(server: Scripted) -> Session:
    return Session(parse(server.url), None, client_name="tocsin.example", greeting_s=30, command_s=30)


def test_an_opening_can_be_heard_when_it_is_done() -> None:
    with Scripted(lambda wire: wire.greet()) as server:
        opening = Opening(lambda: connected(server))

        assert select.select([opening], [], [], 30)[0] == [opening]
        assert opening.is_done
        opening.result().close()


def test_what_went_wrong_is_raised_where_the_session_is_wanted() -> None:
    def fails() -> Session:
        raise ConnectionRefusedError("nobody there")

    opening = Opening(fails)
    select.select([opening], [], [], 30)

    with pytest.raises(ConnectionRefusedError, match="nobody there"):
        opening.result()


@pytest.mark.parametrize("comes_later", [False, True])
def test_a_session_that_nobody_wants_any_more_is_closed(comes_later: bool) -> None:
    given_up, ended = threading.Event(), threading.Event()

    def script(wire: Wire) -> None:
        if comes_later:
            given_up.wait(30)
        wire.greet()
        with pytest.raises(EOFError):
            wire.line()
        ended.set()

    with Scripted(script) as server:
        opening = Opening(lambda: connected(server))
        if not comes_later:
            select.select([opening], [], [], 30)
        opening.give_up()
        given_up.set()

        assert ended.wait(30)
