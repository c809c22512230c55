"""RFC 6068, 2: what a URI cannot hold, or gives a meaning, is percent-encoded in a `mailto:`."""

import pytest

from tocsin.formats import links


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("chris@example.com", "mailto:chris@example.com"),
        ("gorby%kremvax@example.com", "mailto:gorby%25kremvax@example.com"),
        ("unlikely?address@example.com", "mailto:unlikely%3Faddress@example.com"),
        ("Mike&family@example.org", "mailto:Mike%26family@example.org"),
        ("a/b=c#d@example.org", "mailto:a%2Fb%3Dc%23d@example.org"),
        ("{a}|`^~@example.org", "mailto:%7Ba%7D%7C%60%5E~@example.org"),
        ("user@xn--bcher-kva.example", "mailto:user@xn--bcher-kva.example"),
        ("café@example.org", "mailto:caf%C3%A9@example.org"),
        ("o'neil+x!$*@example.org", "mailto:o'neil+x!$*@example.org"),
    ],
)
def test_an_address_becomes_a_uri(address: str, uri: str) -> None:
    assert links.mailto(address) == uri
