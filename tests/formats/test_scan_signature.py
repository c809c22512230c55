"""The one form of DKIM-Signature that the scan lets out; everything else is a complaint."""

import pytest

from tests.formats.keys import SELECTOR, SIGNED_AT, a_signing_key, signed
from tests.formats.letters import a_letter
from tocsin.domain.dkim import Algorithm
from tocsin.formats import dkim, mime, scan

CLEAN = mime.write(a_letter(references="b1.0.first@example.net"))
SIGNED = signed(CLEAN)
FORM = "DKIM-Signature is not of the form in which Tocsin writes it"
HEADERS = "DKIM-Signature does not sign exactly the headers that are there"


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_signature_as_tocsin_writes_it_passes_and_so_does_none(algorithm: Algorithm) -> None:
    assert scan.complaints(signed(CLEAN, algorithm)) == []
    assert scan.complaints(CLEAN) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"v=1;", b"v=2;", FORM),
        (b"v=1; ", b"v=1;", FORM),
        (b"v=1; a=rsa-sha256;", b"a=rsa-sha256; v=1;", FORM),
        (b"a=rsa-sha256", b"a=rsa-sha1", FORM),
        (b"a=rsa-sha256", b"a=ed25519-sha256", FORM),
        (b"relaxed/relaxed", b"relaxed/simple", FORM),
        (b"relaxed/relaxed;", b"relaxed/relaxed; l=100;", FORM),
        (b"relaxed/relaxed;", b"relaxed/relaxed; i=x@example.net;", FORM),
        (b"d=example.net;", b"d=Example.net;", FORM),
        (b"d=example.net;", b"", FORM),
        (b"d=example.net;", b"d=example.org;", "DKIM-Signature is not of the domain of From"),
        (b"s=acme-1", b"s=acme_1", FORM),
        (b"t=1704164645", b"t=now", FORM),
        (b"t=1704164645;", b"t=1704164645; x=1804164645;", FORM),
        (b"h=From:From:", b"h=:From:", FORM),
        (b"h=From:From:", b"h=From::From:", FORM),
        (b"h=From:From:", b"h=From:", HEADERS),
        (b"h=From:From:", b"h=From:From:From:", HEADERS),
        (b"h=From:From:", b"h=From:From:X-Other:", HEADERS),
        (b":Date", b"", HEADERS),
        (b"bh=", b"bh=AAAA", FORM),
        (b" b=", b" b=*", FORM),
        (b" b=", b" b=AAAA", FORM),
        (b"\r\nFrom: ", b" trailing\r\nFrom: ", FORM),
        (b"\r\nFrom: ", b";\r\nFrom: ", FORM),
        (b"\r\nFrom: ", b"\r\nDKIM-Signature: v=1\r\nFrom: ", "the header DKIM-Signature is there twice"),
        (b"DKIM-Signature", b"Dkim-Signature", "the header Dkim-Signature is not expected"),
        (b"Subject: Invitation", b"X-Added: x\r\nSubject: Invitation", "the header X-Added is not expected"),
        (b"Reply-To: zoe@example.net\r\n", b"", HEADERS),
    ],
)  # fmt: skip
def test_anything_else_does_not_pass(old: bytes, new: bytes, complaint: str) -> None:
    damaged = SIGNED.replace(old, new, 1)

    assert damaged != SIGNED
    assert complaint in scan.complaints(damaged)


def test_it_stands_first_or_nowhere() -> None:
    header = SIGNED.removesuffix(CLEAN)
    moved = CLEAN.replace(b"\r\nTo: ", b"\r\n" + header + b"To: ", 1)

    assert scan.complaints(moved) == ["DKIM-Signature is not the first header"]


def test_a_value_made_to_take_long_is_refused_at_once() -> None:
    endless = SIGNED.replace(b"; b=", b"; b=" + b"A " * 400, 1)

    assert FORM in scan.complaints(endless)


def test_the_domain_of_a_sender_in_capitals_is_the_same() -> None:
    message = CLEAN.replace(b"bookings@example.net", b"bookings@EXAMPLE.net", 1)
    key = a_signing_key()

    found = scan.complaints(dkim.sign(message, key, domain="example.net", selector=SELECTOR, at=SIGNED_AT))

    assert not any(each.startswith("DKIM-Signature") for each in found)
