"""A21: whatever stands for an address, each door takes it in the same normal form or refuses it by name, on both stores."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

import httpx

from tests.faces.client import Client, Json, booking_body, rule_body, wrong_fields
from tests.faces.test_guests import shown
from tests.sources.senders import Other, connected_to, fixture
from tests.torture.addresses import ADDRESSES
from tests.torture.rig import Rig
from tests.torture.tenants import some


class Doors:
    """A workspace, and the ways by which an address comes in: each returns what is kept, or None if it is refused."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._link = client.a_link()
        self._source: Other = connected_to(client, "generic")
        self._calls = 0
        self.all: Mapping[str, Callable[[str], str | None]] = {
            "a booking": self.booked,
            "a rule": self.ruled,
            "a member": self.joined,
            "a suppression": self.suppressed,
            "another scheduler": self.called,
        }

    def booked(self, address: str) -> str | None:
        answer = self._client.v2.post("/bookings", booking_body(email=address, override_availability=True))
        return _kept(answer, "email", lambda body: body["booking"]["email"])

    def ruled(self, address: str) -> str | None:
        body = rule_body(self._link["id"])
        body["actions"][0]["emails"] = ["ann@example.com", address]
        answer = self._client.v2.post("/automation-rules", body)
        return _kept(answer, "actions[0].emails[1]", lambda body: self._read(body["workflow"]["id"]))

    def _read(self, rule_id: str) -> str:
        rule: Json = self._client.v2.get(f"/automation-rules/{rule_id}").json()["workflow"]
        emails: list[str] = rule["actions"][0]["emails"]
        return emails[-1]

    def joined(self, address: str) -> str | None:
        answer = self._client.v2.post("/team-members", {"emails": [address]})
        return _kept(answer, "emails[0]", lambda body: body["team_members"][0]["email"])

    def suppressed(self, address: str) -> str | None:
        answer = self._client.v2.post("/suppressions", {"recipient": address})
        kept = _kept(answer, "recipient", lambda body: body["suppression"]["recipient"])
        if kept is not None:  # one that differs in case only would be answered with this one
            assert self._client.v2.delete(f"/suppressions/{quote(kept, safe='')}").status_code == 204
        return kept

    def called(self, address: str) -> str | None:
        """The booking is taken all the same: a guest whose address is none must not cost it."""
        self._calls += 1
        body = fixture("generic", "made", data__id=f"B-{self._calls}", data__guests=["gus@example.net", address])
        told = self._source.tells(body)
        assert told["state"] == "applied"
        booking = self._client.v2.get(f"/bookings/{told['sentence'].split(' ')[2]}").json()["booking"]
        guests = str(shown(booking)).split(", ")
        assert guests[0] == "gus@example.net"
        return guests[1] if len(guests) > 1 else None


def _kept(answer: httpx.Response, field: str, read: Callable[[Json], str]) -> str | None:
    if answer.status_code in (200, 201):
        return read(answer.json())
    assert field in wrong_fields(answer), answer.text
    return None


def test_each_door_takes_an_address_in_one_normal_form_or_refuses_it(client: Client, rig: Rig) -> None:
    doors, wrong, asked = Doors(client), list[str](), 0

    for address, normal in list(ADDRESSES.items())[:: rig.size(quick=4, nightly=1)]:
        for door, come_in in doors.all.items():
            asked += 1
            kept = come_in(address)
            if kept != normal:
                wrong.append(f"{door} made {kept!a} of {address!a}"[:200])

    rig.found("A21", f"{len(wrong)} of {asked:,} addresses kept otherwise{some(wrong)}", is_met=not wrong)
