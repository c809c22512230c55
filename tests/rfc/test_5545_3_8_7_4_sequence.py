"""RFC 5545, 3.8.7.4: SEQUENCE is a whole number, from 0, that counts revisions. We write it always."""

import pytest

from tests.formats.letters import an_invite
from tocsin.formats import ics


@pytest.mark.parametrize("number", [0, 1, 9, 10, 2_147_483_647])
def test_it_is_written_always_as_a_plain_number(number: int) -> None:
    calendar = ics.write(an_invite(sequence=number))

    assert f"\r\nSEQUENCE:{number}\r\n" in calendar
    assert calendar.count("SEQUENCE") == 1
