"""Records of the DNS as providers' forms ask for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.dkim import zone_line
from tocsin.domain.zone_record import ZoneRecord, read


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=900))
def test_a_text_is_the_same_in_however_many_strings_its_line_has_it(text: str) -> None:
    assert read(zone_line("a.example.com", text)) == ZoneRecord(name="a.example.com", kind="TXT", value=text)


def test_other_records_keep_their_value() -> None:
    line = "example.com. IN MX 10 mail.example.com."

    assert read(line) == ZoneRecord(name="example.com", kind="MX", value="10 mail.example.com.")


@pytest.mark.parametrize("line", ["", "example.com", "example.com. TXT x"])
def test_what_is_no_line_is_no_record(line: str) -> None:
    assert read(line) is None
