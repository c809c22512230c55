"""A24: no call of a source is taken that was changed on its way, made up, or proved by anything but its own secret."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from tests.builders import HOUR
from tests.faces.client import Client
from tests.sources import senders
from tests.sources.senders import KINDS, Headers, Other, bookings, connected_to, fixture, octets
from tests.torture.rig import Rig
from tests.torture.tenants import some

Forged = tuple[bytes, Headers]
SIGNS_BODIES = [kind for kind in KINDS if kind != "easy_appointments"]  # which sends a token


def samples(kind: str) -> list[str]:
    """Return the names of all calls of a kind that there are: what its API answers is none."""
    found = sorted(path.stem for path in (Path(senders.__file__).parent / kind).glob("*.json"))
    return [name for name in found if not name.startswith("api_")]


def with_values(headers: Headers, form: str) -> Headers:
    """Return the headers of a proof, their values put into `form`; the type of the body is none of them."""
    return {name: value if name == "Content-Type" else form.format(value) for name, value in headers.items()}


def by(other: Other, secret: str, body: bytes) -> Headers:
    """Return what somebody with another secret would send."""
    return replace(other, secret=secret).signed(body)


def forged_proofs(other: Other, body: bytes) -> dict[str, Forged]:
    """Return calls whose body is right, and whose proof is not."""
    right = other.signed(body)
    nobody, somebody = {"generic": ("whsec_AA==", "whsec_" + "A" * 44)}.get(other.kind, ("", "another secret"))
    forged = {
        "no proof": dict.fromkeys(right, ""),
        "another secret": by(other, somebody, body),
        "the shortest secret": by(other, nobody, body),
        "what is sent if there is no secret": with_values(right, "no-secret-provided"),
        "cut short": {name: value[:-1] for name, value in right.items()},
        "cut at its front": {name: value[1:] for name, value in right.items()},
        "longer": with_values(right, "{}0"),
        "twice in one header": with_values(right, "{0}, {0}"),
        "letters beyond ASCII": with_values(right, "é{}"),
        "in quotes": with_values(right, '"{}"'),
        "only its name": with_values(right, "sha256="),
        "a null": with_values(right, "null"),
        "true": with_values(right, "true"),
        "in another header": {f"X-Other-{name}": value for name, value in right.items()},
        "as a bearer": {"Authorization": f"Bearer {other.secret}"},
        "an asterisk": with_values(right, "*"),
        "very long": with_values(right, "0" * 4_000),
    }
    return {name: (body, headers) for name, headers in forged.items()}


def forged_bodies(other: Other, name: str, flips: int) -> dict[str, Forged]:
    """Return calls whose proof is that of another body."""
    body = octets(other.kind, fixture(other.kind, name))
    right, chance = other.signed(body), Random(name)
    weak = hmac.new(other.secret.encode(), body, hashlib.sha1).digest()
    changed = {
        "a space more": body + b" ",
        "a line more": body + b"\n",
        "an octet less": body[:-1],
        "nothing": b"",
        "twice": body + body,
        "another call": octets(other.kind, fixture(other.kind, samples(other.kind)[0])) + b" ",
    }
    for place in chance.sample(range(len(body)), min(flips, len(body))):
        changed[f"bit at {place}"] = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
    plain = {"SHA-1 in hex": weak.hex(), "SHA-1 in base64": base64.b64encode(weak).decode(), "a digest": digest(body)}
    return {
        **{what: (sent, right) for what, sent in changed.items()},
        **{what: (body, {one: value for one in right if one != "Content-Type"}) for what, value in plain.items()},
    }


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def of_another_moment(other: Other, body: bytes) -> dict[str, Forged]:
    """Return calls whose proof was good an hour ago, or will be, or whose moment was changed since."""
    forged = {}
    for what, span in (("an hour old", -HOUR), ("of the next hour", HOUR)):
        other.client.clock.advance(span)
        forged[what] = (body, other.signed(body))
        other.client.clock.advance(-span)
    at = str(int(other.client.clock().timestamp()))
    later = str(int(at) + 1)
    forged["its moment changed"] = (
        body,
        {name: value.replace(at, later) for name, value in other.signed(body).items()},
    )
    return forged


@pytest.mark.parametrize("kind", KINDS)
def test_no_forged_call_is_taken_whatever_it_tells(client: Client, rig: Rig, kind: str) -> None:
    other = connected_to(client, kind)
    before, taken, number = client.counts(), [], 0
    client.clock.advance(timedelta(seconds=1))

    for name in samples(kind):
        body = octets(kind, fixture(kind, name))
        forged = forged_proofs(other, body)
        if kind in SIGNS_BODIES:
            forged |= forged_bodies(other, name, rig.size(quick=2, nightly=60))
        if kind in ("generic", "calendly"):
            forged |= of_another_moment(other, body)
        assert len(forged) >= 14
        for what, (sent, headers) in forged.items():
            number += 1
            status = other.call(sent, headers).status_code
            taken += [] if status == 401 else [f"{name}, {what}: {status}"]

    assert client.counts() == before
    assert bookings(client) == []
    rig.found("A24", f"{len(taken)} of {number:,} forged calls of {kind} taken{some(taken)}", is_met=not taken)


@pytest.mark.parametrize("kind", KINDS)
def test_each_sample_is_taken_if_it_is_not_touched(sqlite_client: Client, kind: str) -> None:
    other = connected_to(sqlite_client, kind)

    assert {other.call(fixture(kind, name)).status_code for name in samples(kind)} == {200}
