from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import LINK_ID, a_booking, a_client, a_member, a_rule, an_action
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkId
from tocsin.domain.recipients import CLIENT_EMAIL, GUEST_EMAILS, HOST_EMAIL, recipient_key
from tocsin.domain.rules import matches

ADDRESSES = st.builds(
    "{}@{}".format, st.sampled_from(["ada", "Ada", "bob", "a@b"]), st.sampled_from(["x.org", "X.ORG", "y.org"])
)


def test_a_rule_fires_for_its_event_on_its_links() -> None:
    rule = a_rule(link_ids=(LinkId("demo"), LINK_ID))

    assert matches(rule, EventKind.BOOKING_CONFIRMED, a_booking())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"enabled": False}, id="it is off"),
        pytest.param({"event": EventKind.BOOKING_CANCELLED}, id="it watches another event"),
        pytest.param({"link_ids": (LinkId("demo"),)}, id="it names another link"),
        pytest.param({"link_ids": ()}, id="it names no link"),
    ],
)
def test_a_rule_stays_silent_when(change: dict[str, Any]) -> None:
    assert not matches(a_rule(**change), EventKind.BOOKING_CONFIRMED, a_booking())


@pytest.mark.parametrize(
    ("emails", "expected"),
    [
        pytest.param((), [], id="nobody"),
        pytest.param(("ada@x.org", "bob@x.org"), ["ada@x.org", "bob@x.org"], id="in order"),
        pytest.param(("ada@x.org", "ada@X.ORG"), ["ada@x.org"], id="the domain's case does not count"),
        pytest.param(("ada@x.org", "Ada@x.org"), ["ada@x.org", "Ada@x.org"], id="the local part's case does"),
        pytest.param((CLIENT_EMAIL,), ["eve@x.org"], id="the client"),
        pytest.param((HOST_EMAIL,), ["h1@x.org", "h2@x.org"], id="all hosts"),
        pytest.param((GUEST_EMAILS,), ["g1@x.org", "g2@x.org"], id="all guests"),
        pytest.param(("g2@x.org", GUEST_EMAILS), ["g2@x.org", "g1@x.org"], id="a guest named twice"),
        pytest.param(("h2@x.org", HOST_EMAIL, "h1@x.org"), ["h2@x.org", "h1@x.org"], id="a host named twice"),
        pytest.param(("eve@X.org", CLIENT_EMAIL), ["eve@X.org"], id="the client by name and by variable"),
    ],
)
def test_an_action_goes_to(emails: tuple[str, ...], expected: list[str]) -> None:
    hosts = (a_member(email="h1@x.org"), a_member(email="h2@x.org"))
    guests = ("g1@x.org", "g2@x.org")
    booking = a_booking(client=a_client(email="eve@x.org"), hosts=hosts, guests=guests)

    assert list(an_action(emails=emails).recipients(booking)) == expected


@given(st.lists(ADDRESSES))
def test_an_action_goes_to_each_recipient_exactly_once(emails: list[str]) -> None:
    recipients = list(an_action(emails=tuple(emails)).recipients(a_booking()))

    keys = [recipient_key(address) for address in recipients]
    assert len(set(keys)) == len(keys)
    assert set(keys) == {recipient_key(address) for address in emails}


@pytest.mark.parametrize(
    ("address", "key"),
    [("Ada@Example.ORG", "Ada@example.org"), ("a@b@C.D", "a@b@c.d"), ("ada@x.org", "ada@x.org")],
)
def test_only_the_domain_is_folded(address: str, key: str) -> None:
    assert recipient_key(address) == key


@given(ADDRESSES)
def test_folding_twice_is_folding_once(address: str) -> None:
    assert recipient_key(recipient_key(address)) == recipient_key(address)
