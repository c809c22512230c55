"""What a booker can do to somebody else (T15), and what happens when the store that limits it is away (T33)."""

import re
from collections.abc import Callable

import pytest

from tests.faces.client import Client, an_action, booking_body, made
from tests.faces.test_hostile_text import text_parts
from tests.faces.visitor import Visitor, an_account
from tests.torture.rig import Rig
from tocsin.services.attempts import UnsettledError

VICTIM = "victim@example.net"
LURE = "Your parcel waits: https://evil.example/pay www.evil.example"


def test_a_booker_cannot_flood_a_stranger_and_his_lure_is_no_link(sqlite_client: Client, rig: Rig) -> None:
    client, size = sqlite_client, rig.size(quick=150, nightly=1_000)
    body = "<p>{{client.name}} {{booking.cancel_reason}}</p>"
    action = an_action(emails=["{{client.email}}"], email_body=body, calendar_invite_body=body)
    client.a_rule(client.a_link(), actions=[action])

    for _ in range(size):
        answers = {"What is it about?": LURE}
        made(
            client.v2.post(
                "/bookings", booking_body(email=VICTIM, name=LURE, form_responses=answers, override_availability=True)
            )
        )
    client.drain()

    letters = client.letterbox.letters(VICTIM)
    assert 0 < len(letters) <= 100  # what an installation allows by itself to one address in a day
    linked = [one for one in letters if re.search(r"<a\b[^>]*evil\.example", text_parts(one)["text/html"])]
    assert linked == []
    assert "evil.example" in text_parts(letters[0])["text/plain"]  # so that the lure was there
    rig.found(
        "A23", f"{len(letters)} mails to a victim of {size:,} bookings, 0 with a link of the booker's", is_met=True
    )


@pytest.fixture
def away(client: Client) -> Callable[[str, bool], None]:
    """Give what takes a table away, and brings it back."""

    def take(table: str, is_away: bool) -> None:
        names = (table, f"gone_{table}") if is_away else (f"gone_{table}", table)
        with client.app.store._database.transaction() as connection:
            connection.run("ALTER TABLE {} RENAME TO {}".format(*names))

    return take


@pytest.mark.parametrize("table", ["usage", "suppressions"])
def test_nothing_is_sent_while_what_would_hold_it_back_cannot_be_asked(
    client: Client, away: Callable[[str, bool], None], table: str
) -> None:
    client.a_rule(client.a_link())
    client.book()

    away(table, True)
    with pytest.raises(UnsettledError):
        client.drain()
    refused = len(client.letterbox.envelopes)
    away(table, False)
    client.clock.advance(client.app.settings.lease)
    client.drain()

    assert refused == 0
    assert len(client.letterbox.envelopes) == 1


def test_nobody_signs_in_while_tries_cannot_be_counted_and_pages_are_read(
    client: Client, away: Callable[[str, bool], None]
) -> None:
    an_account(client)
    ann = Visitor(client=client)
    assert ann.sign_in().status_code == 303
    other = Visitor(client=client)

    away("sign_ins", True)
    status = client.line.call(
        "POST",
        "/sign-in",
        b"email=ann%40example.com&password=correct+horse+battery",
        [
            ("Host", client.host),
            ("Origin", other.origin),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ],
    )

    assert status.status_code in (500, 503)
    assert "set-cookie" not in status.headers
    assert ann.get("/overview").status_code == 200
    assert client.v2.get("/bookings").status_code == 200
