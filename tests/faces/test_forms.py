"""Forms of pages: no more of a body is read than a form may have, and whatever comes is a form or a plain refusal."""

from collections.abc import Iterator

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from tocsin.domain.errors import InvalidInputError, TooLargeError, UnsupportedMediaError
from tocsin.web.forms import LARGEST_FORM, body_of, fields, pairs


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


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=b",
        'Multipart/Form-Data; charset=utf-8; Boundary="b"',
        "multipart/form-data;boundary=b",
    ],
)
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_a_form_in_parts_is_read(content_type: str, line_end: str) -> None:
    lines = ["--b", 'content-disposition: form-data; name="wish"', "Content-Type: text/plain", "", "rule", "--b"]
    lines += ['Content-Disposition: form-data; name="x"', "", "two", "lines", "--b", "X: y", "", "z", "--b--", ""]

    assert fields(content_type, line_end.join(lines).encode()) == {"wish": "rule", "x": "two\nlines"}


PIECES = [
    "--b",
    "\r\n",
    "\n",
    "Content-Disposition: form-data;",
    ' name="wish"',
    'name*="',
    "rule",
    "--",
    "\x00",
    "ü",
    '"',
    ";",
    "=",
    "&",
    "%",
    "boundary=",
]
anything = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))


@given(
    parameters=anything,
    body=anything,
    kind=st.sampled_from(["multipart/form-data; boundary=b;", "multipart/form-data;", ""]),
)
def test_whatever_comes_is_a_form_or_a_plain_refusal(parameters: str, body: str, kind: str) -> None:
    try:
        found = fields(kind + parameters, body.encode(errors="replace"))
    except (InvalidInputError, TooLargeError, UnsupportedMediaError):
        return

    assert all(isinstance(name, str) and isinstance(value, str) for name, value in found.items())


PARTS = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n%d\r\n'
TWICE = b"".join(PARTS % number for number in (1, 2)) + b"--x--"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/x-www-form-urlencoded", b"a=1&a=2"), ("multipart/form-data; boundary=x", TWICE)],
)
def test_a_name_that_comes_twice_has_both_values_and_too_many_are_refused(content_type: str, body: bytes) -> None:
    assert pairs(content_type, body) == [("a", "1"), ("a", "2")]
    assert fields(content_type, body) == {"a": "2"}
    with pytest.raises(InvalidInputError, match="has more than 1 fields"):
        pairs(content_type, body, most=1)
