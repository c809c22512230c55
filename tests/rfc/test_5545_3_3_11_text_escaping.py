"""RFC 5545, 3.3.11: backslash, semicolon, comma and line end are escaped in TEXT, and nothing else is."""

import pytest

from tests.formats.letters import an_invite
from tocsin.formats import ics


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\\b", r"a\\b"),
        ("a;b", r"a\;b"),
        ("a,b", r"a\,b"),
        ("a\nb", r"a\nb"),
        ("a\r\nb", r"a\nb"),
        (r"a\nb", r"a\\nb"),
        ('a:b "c"', 'a:b "c"'),
    ],
)
def test_text_is_escaped(text: str, written: str) -> None:
    assert f"\r\nDESCRIPTION:{written}\r\n" in ics.write(an_invite(description=text))
