"""Forms of pages: no more of a body is read than a form may have."""

from collections.abc import Iterator

import anyio
from starlette.requests import Request
from starlette.types import Message

from tocsin.web.forms import LARGEST_FORM, body_of


def sent(pieces: Iterator[bytes]) -> Request:
    """Return a request whose body comes in `pieces`."""

    async def receive() -> Message:
        piece = next(pieces, b"")
        return {"type": "http.request", "body": piece, "more_body": piece != b""}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def test_a_body_that_never_ends_is_read_just_until_it_is_too_large() -> None:
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1024)
            yield b"x" * 1024

    found = anyio.run(body_of, sent(endless()))

    assert len(found) == LARGEST_FORM + 1024
    assert len(taken) == 5


def test_a_form_may_come_in_pieces() -> None:
    assert anyio.run(body_of, sent(iter([b"wish", b"=", b"rule"]))) == b"wish=rule"
