"""Replies: cut out of whatever pieces a server sends them in."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.mail.replies import LINE_LIMIT, REPLY_LIMIT, BrokenDialogueError, Incoming, Reply

THREE = b"250-first\r\n250 second\r\n354\r\n550 5.1.1 no\n"
READ = [Reply(250, (b"first", b"second")), Reply(354, (b"",)), Reply(550, (b"5.1.1 no",))]


@given(st.lists(st.integers(1, len(THREE) - 1)))
def test_replies_are_the_same_in_whatever_pieces_they_come(cuts: list[int]) -> None:
    incoming, found = Incoming(), []
    places = [0, *sorted(cuts), len(THREE)]

    for start, end in pairwise(places):
        incoming.add(THREE[start:end])
        while (reply := incoming.reply()) is not None:
            found.append(reply)

    assert found == READ
    assert not incoming


@pytest.mark.parametrize("piece", [b"2", b"250", b"250-first\r\n", b"250-first\r\n250 sec"])
def test_what_is_not_there_in_full_is_no_reply_yet(piece: bytes) -> None:
    incoming = Incoming()
    incoming.add(piece)

    assert incoming.reply() is None
    assert incoming


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(b"hello\r\n", id="no code"),
        pytest.param(b"650 what\r\n", id="a code that SMTP does not have"),
        pytest.param(b"250_ok\r\n", id="another character behind the code"),
        pytest.param(b"250 " + b"x" * LINE_LIMIT, id="a line without an end"),
        pytest.param(b"250-more\r\n" * (REPLY_LIMIT // 10 + 1), id="a reply without an end"),
    ],
)
def test_what_is_no_reply_is_refused(flood: bytes) -> None:
    incoming = Incoming()
    incoming.add(flood)

    with pytest.raises(BrokenDialogueError):
        incoming.reply()
