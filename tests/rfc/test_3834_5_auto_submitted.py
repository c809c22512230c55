"""RFC 3834, 5: mail that a program sends by itself says so, and no robot answers it."""

from tests.formats.letters import a_letter
from tocsin.formats import mime


def test_every_letter_says_that_a_program_sent_it() -> None:
    assert mime.write(a_letter()).count(b"\r\nAuto-Submitted: auto-generated\r\n") == 1
