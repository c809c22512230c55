import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.formats.keys import DOMAIN, NAME, SELECTOR, SIGNED_AT, a_signing_key, signed
from tests.formats.letters import a_letter
from tests.verifier import is_verified
from tocsin.domain.dkim import Algorithm
from tocsin.formats import dkim, mime, scan

MESSAGE = mime.write(a_letter())


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_comes_back_from_its_pem(algorithm: Algorithm) -> None:
    key = a_signing_key(algorithm)

    again = dkim.from_pem(dkim.to_pem(key))

    assert dkim.to_pem(key).startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert dkim.public_record(again) == dkim.public_record(key)
    assert dkim.sign(MESSAGE, again, domain=DOMAIN, selector=SELECTOR, at=SIGNED_AT) == signed(MESSAGE, algorithm)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_every_new_key_is_another(algorithm: Algorithm) -> None:
    assert dkim.to_pem(a_signing_key(algorithm)) != dkim.to_pem(a_signing_key(algorithm, number=1))


def test_a_record_names_the_algorithm_and_holds_the_public_half_only() -> None:
    rsa_record, ed_record = (dkim.public_record(a_signing_key(algorithm)) for algorithm in Algorithm)

    assert rsa_record.startswith("v=DKIM1; k=rsa; p=MIIBojANBgkqhkiG9w0BAQEFAAOCAY8A")
    assert len(rsa_record) == len("v=DKIM1; k=rsa; p=") + 564
    assert ed_record.startswith("v=DKIM1; k=ed25519; p=")
    assert len(ed_record) == len("v=DKIM1; k=ed25519; p=") + 44


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(pem(ec.generate_private_key(ec.SECP256R1())), id="another curve"),
        pytest.param(pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), id="too few bits"),
        pytest.param(b"no key at all", id="no key"),
    ],
)
def test_another_sort_of_key_is_refused(other: bytes) -> None:
    with pytest.raises(ValueError, match=r"RSA with 3072 or 2048 bits|PEM"):
        dkim.from_pem(other)


def test_a_key_of_2048_bits_that_was_made_before_goes_on() -> None:
    former = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    found = dkim.from_pem(pem(former))

    message = dkim.sign(MESSAGE, found, domain=DOMAIN, selector=SELECTOR, at=SIGNED_AT)
    assert is_verified(message, {NAME: dkim.public_record(found)})
    assert scan.complaints(message) == []


@pytest.mark.parametrize(
    ("message", "domain", "selector", "words"),
    [
        pytest.param(MESSAGE, "example", SELECTOR, "cannot be the name of a key", id="a domain of one label"),
        pytest.param(MESSAGE, "example.net; s=x", SELECTOR, "cannot be the name of a key", id="a tag in the domain"),
        pytest.param(MESSAGE, DOMAIN, "a\r\nBcc: x@y.example", "cannot be the name of a key", id="a line end"),
        pytest.param(MESSAGE.replace(b"From: ", b"Form: "), DOMAIN, SELECTOR, "only with a From", id="no From"),
        pytest.param(b"From: x@example.net\r\n", DOMAIN, SELECTOR, "an empty line", id="no end of the headers"),
    ],
)
def test_what_cannot_be_signed_is_refused(message: bytes, domain: str, selector: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dkim.sign(message, a_signing_key(Algorithm.ED25519), domain=domain, selector=selector, at=SIGNED_AT)


def test_an_address_beyond_ascii_is_signed_as_it_stands() -> None:
    message = signed(MESSAGE.replace(b"alice@", "zoë@".encode()))

    assert is_verified(message, {NAME: dkim.public_record(a_signing_key())})
    assert not is_verified(message.replace("zoë@".encode(), b"zoe@"), {NAME: dkim.public_record(a_signing_key())})


def test_a_message_without_a_body_is_signed_too() -> None:
    message = signed(b"From: x@example.net\r\nSubject: none\r\n\r\n")

    assert is_verified(message, {NAME: dkim.public_record(a_signing_key())})
