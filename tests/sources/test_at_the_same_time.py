"""Calls that come at the same time: of one source, and of several that speak of the same people."""

from collections.abc import Callable
from functools import partial

from tests.faces.client import Client, made
from tests.sources.senders import Other, bookings, connected_to, fixture, octets
from tests.storage.shelf import in_threads
from tocsin.api.sources import inlet_of
from tocsin.formats.sources.shape import Incoming
from tocsin.services import source_calls


def arrival(other: Other, body: object) -> Callable[[], object]:
    """Return what takes a call as a thread of the server does."""
    raw = octets(other.kind, body)
    incoming = Incoming(headers={name.lower(): value for name, value in other.signed(raw).items()}, body=raw)
    app = other.client.app
    with app.store.directory() as directory:
        workspace = directory.by_subdomain(other.client.subdomain)
    assert workspace is not None
    token = other.path.rpartition("/")[2]
    return partial(source_calls.receive, inlet_of(app), workspace.id, token, incoming)


def test_calls_of_one_booking_at_the_same_time_are_one_booking(client: Client) -> None:
    other = connected_to(client, "cal_com")
    names = ["created", "rescheduled", "rescheduled_again", "no_show", "created", "created"]

    raised = in_threads([arrival(other, fixture("cal_com", name)) for name in names])

    assert raised == [None] * len(names)
    (booking,) = bookings(client)
    assert (booking["starts_at"], booking["no_show"]) == ("2026-11-28T09:00:00Z", False)
    assert {call["state"] for call in other.calls()} <= {"applied", "nothing_to_do"}


def test_sources_that_make_the_same_link_and_host_at_the_same_time_all_make_their_booking(client: Client) -> None:
    others = [connected_to(client, "generic") for _ in range(4)]

    raised = in_threads([arrival(other, fixture("generic", "made")) for other in others])

    assert raised == [None] * 4
    assert len(bookings(client)) == 4
    assert len(made(client.v2.get("/team-members"))["team_members"]) == 1
    assert [call["state"] for other in others for call in other.calls()] == ["applied"] * 4
