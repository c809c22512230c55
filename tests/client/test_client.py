"""The client: every route has its method, types are those of the API, and a program gets along with it."""

import ast
import re
import runpy
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client.on_the_line import OnTheLine, Scripted
from tests.faces.client import Client as Application
from tests.faces.client import an_action, booking_body
from tests.faces.held import hold
from tocsin import client as package
from tocsin.api import app as api
from tocsin.api.call import V2
from tocsin.client import Client, RefusedError
from tocsin.client.shapes.bookings import Booking
from tocsin.client.shapes.deliveries import FullDelivery
from tocsin.client.shapes.held import HeldAnswer
from tocsin.client.shapes.rules import FullRule, FullRuleIn

SCRIPT = Path(__file__).parents[2] / "scripts" / "client_shapes.py"
FOLDER = Path(package.__file__).parent
MULTIPLE = {"_all": "GET", "_delete": "DELETE", "_octets": "GET", "post": "POST"}  # what the names of our calls ask


def called() -> set[tuple[str, str]]:
    """Return method and path of each call that the client's own text has."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            methods = [one for one in texts if re.fullmatch(r"GET|POST|PUT|PATCH", one)] or [
                MULTIPLE.get(node.func.attr, "")
            ]
            found |= {(methods[0], one) for one in texts if one.startswith("/") and methods[0]}
    return found


def test_every_route_of_the_api_has_its_method_and_no_method_asks_for_another() -> None:
    table = [route for version, route in api.table() if version is V2]
    patched = {route.path for route in table if route.method == "PATCH"}
    wanted = {(route.method, route.path) for route in table if not (route.method == "PUT" and route.path in patched)}

    assert called() == wanted


def test_its_types_are_made_from_the_openapi_document() -> None:
    made = runpy.run_path(str(SCRIPT))

    for name, text in made["files"]().items():
        assert (made["FOLDER"] / name).read_text("utf-8") == text, "run `make reference`"


def a_client(client: Application) -> tuple[Client, OnTheLine]:
    transport = OnTheLine(client.line)
    return Client(f"http://{client.host}", client.key, transport=transport, sleep=lambda _: None), transport


def fields(shape: Any) -> set[str]:
    return set(shape.__annotations__)


def test_a_program_makes_a_rule_books_and_looks_at_what_was_sent(client: Application) -> None:
    tocsin, _ = a_client(client)
    with tocsin:
        link = tocsin.links.create({"slug": "intro", "name": "Intro", "hosts": ["o@example.com"], "duration": 30})
        wanted: FullRuleIn = {
            "event": "booking_confirmed",
            "meeting_ids": [link["id"]],
            "actions": [an_action()],  # type: ignore[list-item]
        }
        shown = tocsin.rules.preview({**wanted, "booking_id": ""})
        rule = tocsin.rules.create(wanted)
        booking = tocsin.bookings.create(booking_body())  # type: ignore[arg-type]
        client.drain()
        (delivery,) = tocsin.deliveries.list(booking_id=booking["id"])

        assert shown["fires"]
        assert set(rule) == fields(FullRule)
        assert set(booking) == fields(Booking)
        assert set(tocsin.deliveries.show(delivery["id"])) == fields(FullDelivery)
        assert tocsin.deliveries.message(delivery["id"]).startswith(b"From: ")
        assert tocsin.deliveries.invitations(booking["id"])[0]["recipient"] == "ada@example.org"
        assert tocsin.bookings.explain(booking["sid"], rule_id=rule["id"])["rules"][0]["fired"]
        assert tocsin.rules.change(rule["id"], {"name": "Other"})["revision"] == 2
        assert tocsin.rules.undo(rule["id"])["revision"] == 3
        assert [one["revision"] for one in tocsin.rules.revisions(rule["id"])] == [3, 2, 1]
        assert not tocsin.rules.disable(rule["id"])["enabled"]
        assert tocsin.bookings.cancel(booking["id"], "ill")["status"] == "cancelled"
        assert [one["id"] for one in tocsin.members.list()] == [
            tocsin.members.show(one["id"])["id"] for one in tocsin.members.list()
        ]
        assert tocsin.workspace.limits()["limits"][0]["used"] == 1
        tocsin.suppressions.add({"recipient": "eve/a@example.org"})
        assert [one["recipient"] for one in tocsin.suppressions.list()] == ["eve/a@example.org"]
        tocsin.suppressions.remove("eve/a@example.org")
        assert list(tocsin.suppressions.list()) == []
        assert tocsin.recipients.put("a/b@example.org", {"time_zone": "Asia/Tokyo"})["time_zone"] == "Asia/Tokyo"
        assert tocsin.workspace.new_webhook_secret({"url": "https://hooks.example.org/a"})["secret"]
        assert {one["name"] for one in tocsin.tools.list()} >= {"list_rules"}
        tocsin.rules.delete(rule["id"])
        tocsin.rules.delete(rule["id"])  # what is not there any more is as good as deleted
        assert list(tocsin.rules.list()) == []


def test_a_program_decides_what_has_left_before_a_restore(client: Application) -> None:
    client.a_rule(client.a_link(), actions=[an_action(emails=["ada@example.org", "bob@example.org"])])
    client.book()
    assert hold(client) == 2
    tocsin, _ = a_client(client)
    with tocsin:
        first, second = tocsin.held.list(event="booking_confirmed")

        done = tocsin.held.done({"delivery_ids": [first["id"]]})
        sent = tocsin.held.send({"all": True, "recipient": second["recipient"]})

        assert set(done) == fields(HeldAnswer)
        assert ([one["state"] for one in done["deliveries"]], done["still_held"]) == (["sent"], 1)
        assert ([one["id"] for one in sent["deliveries"]], sent["still_held"]) == ([second["id"]], 0)
        assert list(tocsin.held.list()) == []


def test_a_listing_asks_for_its_pages_as_it_goes(sqlite_client: Application) -> None:
    link = sqlite_client.a_link()
    for _ in range(101):
        sqlite_client.a_rule(link)
    tocsin, transport = a_client(sqlite_client)

    listing = tocsin.rules.list()
    next(listing)
    asked = len(transport.sent)

    assert (asked, len(list(listing)), len(transport.sent)) == (1, 100, 2)


def test_what_is_wrong_is_told_by_field(sqlite_client: Application) -> None:
    tocsin, _ = a_client(sqlite_client)

    with pytest.raises(RefusedError) as refused:
        tocsin.rules.create({"event": "nonsense", "meeting_ids": [], "actions": []})

    assert refused.value.status == 422
    assert set(refused.value.field_errors) == {"event", "meeting_ids", "actions"}


def test_a_write_whose_answer_is_lost_is_sent_again_with_its_key_and_happens_once(sqlite_client: Application) -> None:
    link = sqlite_client.a_link()
    transport = OnTheLine(sqlite_client.line)
    lost: list[httpx.Request] = []

    def loses_the_first(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and not lost:
            lost.append(request)
            headers = [(name, value) for name, value in request.headers.items() if name != "accept-encoding"]
            sqlite_client.line.call("POST", request.url.raw_path.decode(), request.read(), headers)
            raise httpx.ReadError("gone")
        return None

    transport.fails = loses_the_first
    tocsin = Client(f"http://{sqlite_client.host}", sqlite_client.key, transport=transport, sleep=lambda _: None)

    tocsin.rules.create({"event": "booking_confirmed", "meeting_ids": [link["id"]], "actions": [an_action()]})  # type: ignore[list-item]

    first, second = (one.headers["idempotency-key"] for one in transport.sent)
    assert first == second
    assert len(list(tocsin.rules.list())) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_later_is_waited_for_as_long_as_the_server_asks(status: int) -> None:
    waits: list[float] = []
    transport = Scripted(
        [httpx.Response(status, headers={"Retry-After": "7"}), httpx.Response(200, json={"limits": []})]
    )
    tocsin = Client("https://acme.example.com", "secret", transport=transport, sleep=waits.append)

    assert tocsin.workspace.limits()["limits"] == []
    assert waits == [7.0]


def test_a_secret_that_is_shown_once_is_not_asked_for_again() -> None:
    transport = Scripted([httpx.ReadError("gone")])
    tocsin = Client("https://acme.example.com", "secret", transport=transport, sleep=lambda _: None)

    with pytest.raises(package.UnreachableError):
        tocsin.workspace.new_webhook_secret({"url": "https://hooks.example.org/a"})

    assert len(transport.sent) == 1
    assert "idempotency-key" not in transport.sent[0].headers
