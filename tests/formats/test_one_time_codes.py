"""Codes of a second factor."""

import base64
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from tocsin.formats import one_time_codes

KEY = base64.b32encode(b"12345678901234567890").decode()  # that of RFC 6238, appendix B


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    step = seconds // 30

    assert one_time_codes.code_at(KEY, step) == code
    assert one_time_codes.is_code(KEY, step, code)
    assert not one_time_codes.is_code(KEY, step + 1, code)
    assert not one_time_codes.is_code(KEY, step, "é")


def test_an_app_is_told_the_key_whose_it_is_and_where() -> None:
    address = urlsplit(one_time_codes.address_of(KEY, email="ann@example.com", place="Acme & Co (Tocsin)"))

    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query) == {"secret": [KEY], "issuer": ["Acme & Co (Tocsin)"]}


def test_the_picture_needs_no_style_and_runs_nothing() -> None:
    hostile = one_time_codes.address_of(KEY, email='"><script>@example.com', place="</svg><script>")
    root = ET.fromstring(one_time_codes.picture_of(hostile))

    tags = {one.tag.rpartition("}")[2] for one in root.iter()}
    names = {name for one in root.iter() for name in one.attrib}
    assert tags == {"svg", "path"}
    assert "style" not in names
    # Whole at any size: without a box to fit into, a page that makes it smaller would show a part of it.
    assert "viewBox" in names
    assert not {"width", "height"} & root.attrib.keys()
    assert not [name for name in names if name.startswith("on")]
