"""RFC 6376, 3.5: the DKIM-Signature header; an independent verifier accepts it, and nothing that was changed after it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.keys import DOMAIN, NAME, SELECTOR, SIGNED_AT, a_signing_key, records, signed
from tests.formats.letters import a_letter, an_invite, hostile_text
from tests.verifier import is_verified
from tocsin.domain.dkim import Algorithm
from tocsin.formats import dkim, mime, scan

MESSAGE = mime.write(a_letter(references="b1.0.first@example.net"))


def tags(message: bytes) -> dict[str, str]:
    line = message.split(b"\r\nFrom:")[0].replace(b"\r\n ", b" ").decode()
    name, _, value = line.partition(": ")
    assert name == "DKIM-Signature"
    return dict(tag.split("=", 1) for tag in value.split("; "))


@pytest.mark.parametrize("algorithm", Algorithm)
def test_an_independent_verifier_accepts_what_is_signed_here(algorithm: Algorithm) -> None:
    message = signed(MESSAGE, algorithm)

    assert is_verified(message, records(algorithm))
    assert scan.complaints(message) == []


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_signature_does_not_hold_under_another_key_or_name_or_without_a_record(algorithm: Algorithm) -> None:
    message, record = signed(MESSAGE, algorithm), records(algorithm)[NAME]

    assert not is_verified(message, {NAME: dkim.public_record(a_signing_key(algorithm, number=1))})
    assert not is_verified(message, {f"acme-2._domainkey.{DOMAIN}": record})
    assert not is_verified(message, {})


def test_the_header_stands_first_with_these_tags_and_no_others() -> None:
    message = signed(MESSAGE)

    found = tags(message)

    assert message.endswith(MESSAGE)
    assert [*found] == ["v", "a", "c", "d", "s", "t", "h", "bh", "b"]
    expected = {"v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": DOMAIN, "s": SELECTOR, "t": "1704164645"}
    assert {name: found[name] for name in expected} == expected


def test_no_length_is_given_so_nothing_can_be_appended_to_the_body() -> None:
    message = signed(MESSAGE)

    assert "l" not in tags(message)
    assert not is_verified(message + b"More.\r\n", records())


@pytest.mark.parametrize("algorithm", Algorithm)
def test_no_line_of_it_is_longer_than_76_characters(algorithm: Algorithm) -> None:
    lines = signed(MESSAGE, algorithm).split(b"\r\nFrom:")[0].split(b"\r\n")

    assert max(map(len, lines)) <= 76
    assert all(line.startswith(b" ") for line in lines[1:])


@settings(max_examples=60)
@given(st.integers(4, 63), st.integers(1, 63), st.sampled_from(Algorithm))
def test_whatever_the_lengths_of_the_names_it_is_folded_and_holds(
    label: int, selector: int, algorithm: Algorithm
) -> None:
    domain, key = f"{'d' * label}.{'e' * label}.example", a_signing_key(algorithm)
    name = f"{'s' * selector}._domainkey.{domain}"

    message = dkim.sign(MESSAGE, key, domain=domain, selector="s" * selector, at=SIGNED_AT)

    assert is_verified(message, {name: dkim.public_record(key)})
    assert all(len(line) <= max(76, len(f" d={domain};")) for line in message.split(b"\r\nFrom:")[0].split(b"\r\n"))


@pytest.mark.parametrize("algorithm", Algorithm)
def test_equal_input_gives_equal_bytes(algorithm: Algorithm) -> None:
    assert signed(MESSAGE, algorithm) == signed(MESSAGE, algorithm)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_every_byte_of_a_signed_header_and_of_the_body_is_protected(algorithm: Algorithm) -> None:
    message, found = signed(MESSAGE, algorithm), records(algorithm)
    start = len(message) - len(MESSAGE)
    end_of_head = message.index(b"\r\n\r\n")
    # Blanks in a header may change in number and kind, and the four octets between head and body belong to neither.
    in_head = [place for place in range(start, end_of_head) if message[place] not in b" \r\n"]
    in_body = range(end_of_head + 4, len(message))

    passed = [
        (place, message[place : place + 20])
        for place in [*in_head, *in_body]
        if is_verified(message[:place] + bytes([message[place] ^ 1]) + message[place + 1 :], found)
    ]

    assert is_verified(message, found)
    assert len(in_head) > 300
    assert len(in_body) > 2000
    assert passed == []


def test_every_tag_of_the_signature_is_protected() -> None:
    message = signed(MESSAGE)
    changed = {
        "a=rsa-sha256": "a=rsa-sha1",
        "relaxed/relaxed": "relaxed/simple",
        "d=example.net": "d=example.org",
        "s=acme-1": "s=acme-2",
        "t=1704164645": "t=1704164646",
        ":Date": "",
        "From:": "",
    }
    everywhere = {NAME: records()[NAME], f"acme-2._domainkey.{DOMAIN}": records()[NAME]}
    everywhere[f"{SELECTOR}._domainkey.example.org"] = records()[NAME]

    for old, new in changed.items():
        assert old.encode() in message
        assert not is_verified(message.replace(old.encode(), new.encode(), 1), everywhere), old


@settings(max_examples=100)
@given(hostile_text, hostile_text, hostile_text, hostile_text, st.sampled_from(Algorithm))
def test_whatever_a_letter_says_its_signature_holds_and_survives_another_folding(
    subject: str, name: str, text: str, summary: str, algorithm: Algorithm
) -> None:
    letter = a_letter(
        an_invite(summary=summary, attendee_name=name), subject=subject, text=text, html=f"<p>{subject}</p>"
    )

    message = signed(mime.write(letter), algorithm)

    assert is_verified(message, records(algorithm))
    assert scan.complaints(message) == []
    head, _, body = message.partition(b"\r\n\r\n")
    refolded = re.sub(rb"\r\n ", b"\r\n\t  ", head) + b"\r\n\r\n" + body + b"\r\n\r\n"
    assert is_verified(refolded, records(algorithm))
