"""RFC 5545, 3.1: content lines end in CRLF and are folded at 75 octets."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.letters import an_invite
from tocsin.formats import ics


def description_lines(text: str) -> list[bytes]:
    calendar = ics.write(an_invite(description=text)).encode()
    return calendar[calendar.index(b"DESCRIPTION:") : calendar.index(b"LOCATION:")].split(b"\r\n")[:-1]


def test_a_line_of_75_octets_is_left_whole_and_one_more_is_folded() -> None:
    assert description_lines("x" * 63) == [b"DESCRIPTION:" + b"x" * 63]
    assert description_lines("x" * 64) == [b"DESCRIPTION:" + b"x" * 63, b" x"]


@settings(deadline=None)
@given(st.text(st.sampled_from("aü漢👩"), min_size=1, max_size=300))
def test_no_line_is_longer_and_none_is_cut_inside_of_a_character(text: str) -> None:
    lines = description_lines(text)

    assert all(len(line) <= 75 for line in lines)
    assert "".join([lines[0].decode(), *(line.decode()[1:] for line in lines[1:])]) == f"DESCRIPTION:{text}"


def test_every_line_ends_in_crlf() -> None:
    calendar = ics.write(an_invite(description="a\nb\r\nc\rd"))

    assert calendar.endswith("\r\n")
    assert not set("\r\n") & set(calendar.replace("\r\n", ""))
