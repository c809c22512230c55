"""RFC 6376, 3.4: the relaxed forms of headers and bodies; the examples of 3.4.5."""

import pytest

from tocsin.formats import dkim


@pytest.mark.parametrize(
    ("name", "value", "relaxed"),
    [
        ("A", b" X", b"a:X\r\n"),
        ("B ", b" Y\t\tZ  ", b"b:Y Z\r\n"),
        ("Subject", b"\t \tlong   way \t", b"subject:long way\r\n"),
        ("X", b"", b"x:\r\n"),
        ("From", " zoë@example.com ".encode(), "from:zoë@example.com\r\n".encode()),
    ],
)
def test_a_header_has_its_name_in_lower_case_and_single_blanks(name: str, value: bytes, relaxed: bytes) -> None:
    assert dkim.relaxed_header(name, value) == relaxed


@pytest.mark.parametrize(
    ("body", "relaxed"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),
        (b"", b""),
        (b"\r\n", b""),
        (b"\r\n\r\n", b""),
        (b" \t\r\n \r\n", b""),
        (b"a", b"a\r\n"),
        (b"a ", b"a\r\n"),
        (b"a\r\n", b"a\r\n"),
        (b"a\r\n \t\r\n\t", b"a\r\n"),
        (b"\r\na\r\n\r\nb\r\n", b"\r\na\r\n\r\nb\r\n"),
        (b"a\n\r\n", b"a\n\r\n"),  # a bare LF is no end of a line
    ],
)
def test_a_body_has_single_blanks_none_at_the_end_of_a_line_and_no_empty_lines_at_its_end(
    body: bytes, relaxed: bytes
) -> None:
    assert dkim.relaxed_body(body) == relaxed
