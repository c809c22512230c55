"""A webhook is called: signed so that the published library takes it, in bounded time, and what was answered decides."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.http_server import Receiver, Says
from tests.mail.envelopes import a_claim
from tocsin.calls.caller import HttpCaller
from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.letter import Envelope
from tocsin.domain.webhook import secret_text

SECRET, FORMER, STRANGER = (secret_text("acme", "https://hooks.example", n, secret=b"of the server") for n in range(3))
BODY = json.dumps({"type": "booking_confirmed", "data": {"name": "Zoë ✓"}}, ensure_ascii=False).encode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def an_envelope(url: str, *, secrets: tuple[str, ...] = (SECRET,), number: int = 1) -> Envelope:
    return Envelope(sender="", recipient=url, message=BODY, claim=a_claim(number), secrets=secrets)


def call(
    *envelopes: Envelope, allowed: set[str], now: datetime | None = None, call_s: float = 10
) -> tuple[list[Outcome], bool]:
    """Call with all of these; return how each ended, and whether the receiver turned out to be away."""
    caller = HttpCaller(allowed=allowed, clock=lambda: now or datetime.now(UTC), call_s=call_s)  # noqa: TID251
    waiting = list(envelopes)
    outcomes = [
        ended for batch in caller.send(lambda wanted: [waiting.pop(0) for _ in waiting[:wanted]]) for _, ended in batch
    ]
    caller.close()
    return [one for one in outcomes if one is not None], caller.is_down


def test_the_published_library_takes_a_call_and_nothing_that_was_tampered_with(receiver: Receiver) -> None:
    (outcome,), _ = call(an_envelope(receiver.url), allowed={receiver.origin})

    (got,) = receiver.got
    assert (outcome.result, outcome.code) == (Result.ACCEPTED, 200)
    assert (got.path, got.body, got.headers["content-type"]) == ("/bookings", BODY, "application/json")
    assert got.headers["webhook-id"] == "d1"
    assert Webhook(SECRET).verify(got.body, got.headers) == json.loads(BODY)
    for tampered in (
        got.headers | {"webhook-id": "d2"},
        got.headers | {"webhook-timestamp": str(int(got.headers["webhook-timestamp"]) - 1)},
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(got.body, tampered)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(got.body.replace(b"confirmed", b"cancelled"), got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(STRANGER).verify(got.body, got.headers)


def test_while_a_secret_is_replaced_the_former_one_is_still_good(receiver: Receiver) -> None:
    call(an_envelope(receiver.url, secrets=(SECRET, FORMER)), allowed={receiver.origin})

    (got,) = receiver.got
    assert Webhook(SECRET).verify(got.body, got.headers)
    assert Webhook(FORMER).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(STRANGER).verify(got.body, got.headers)


def test_a_stale_call_that_is_played_again_is_refused_by_the_library(receiver: Receiver) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251

    call(an_envelope(receiver.url), allowed={receiver.origin}, now=an_hour_ago)

    (got,) = receiver.got
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(got.body, got.headers)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.ACCEPTED),
        (204, Result.ACCEPTED),
        (301, Result.TEMPORARY),
        (307, Result.TEMPORARY),
        (400, Result.TEMPORARY),
        (401, Result.TEMPORARY),
        (404, Result.TEMPORARY),
        (410, Result.PERMANENT),
        (429, Result.TEMPORARY),
        (500, Result.TEMPORARY),
        (503, Result.TEMPORARY),
    ],
)
def test_what_the_receiver_answers_decides(receiver: Receiver, status: int, result: Result) -> None:
    with Receiver() as elsewhere:
        receiver.says = lambda _got: Says(status=status, headers={"Location": elsewhere.url})

        (outcome,), is_down = call(an_envelope(receiver.url), allowed={receiver.origin, elsewhere.origin})

        assert (outcome.result, outcome.code) == (result, status)
        assert is_down is (status in (429, 503))
        assert elsewhere.got == [], "no redirect is followed"


def test_an_answer_is_shown_shortly_and_without_what_could_harm_a_reader(receiver: Receiver) -> None:
    receiver.says = lambda _got: Says(status=500, body=b"boom\r\n\x1b[31m" + b"x" * 200_000)

    (outcome,), _ = call(an_envelope(receiver.url), allowed={receiver.origin})

    assert outcome.reply.startswith("500 boom")
    assert len(outcome.reply) <= 512
    assert outcome.reply.isprintable()


@pytest.mark.parametrize(
    ("asked", "wait"), [("120", 120), ("9" * 30, 21_600), ("99999", 21_600), ("soon", 0), ("-5", 0)]
)
def test_a_receiver_can_ask_to_be_left_alone(receiver: Receiver, asked: str, wait: int) -> None:
    receiver.says = lambda _got: Says(status=429, headers={"Retry-After": asked})

    (outcome,), _ = call(an_envelope(receiver.url), allowed={receiver.origin})

    assert outcome.wait == timedelta(seconds=wait)


def test_a_url_is_called_as_it_is_written(receiver: Receiver) -> None:
    target = "/a;v=1/B%20c?x=1;y=2&z='()'"

    call(an_envelope(receiver.origin + target), allowed={receiver.origin})

    assert [got.path for got in receiver.got] == [target]


def test_several_calls_go_over_one_connection(receiver: Receiver) -> None:
    outcomes, _ = call(*(an_envelope(receiver.url, number=n) for n in range(5)), allowed={receiver.origin})

    assert [one.result for one in outcomes] == [Result.ACCEPTED] * 5
    assert [got.headers["webhook-id"] for got in receiver.got] == ["d0", "d1", "d2", "d3", "d4"]
    assert receiver.connections == 1


def test_a_receiver_that_is_away_costs_one_call_a_try_and_the_rest_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        origin = f"http://127.0.0.1:{free.getsockname()[1]}"

    outcomes, is_down = call(*(an_envelope(f"{origin}/x", number=n) for n in range(5)), allowed={origin})

    assert [one.result for one in outcomes] == [Result.TEMPORARY]
    assert "no connection" in outcomes[0].reply
    assert is_down


def test_a_receiver_that_hangs_up_leaves_it_open_whether_it_was_called(receiver: Receiver) -> None:
    receiver.says = lambda _got: Says(hangs_up=True)

    (outcome,), is_down = call(an_envelope(receiver.url), allowed={receiver.origin})

    assert (outcome.result, is_down) == (Result.UNKNOWN, True)


@pytest.mark.parametrize("drips", [False, True], ids=["says nothing", "drips its answer"])
def test_a_slow_receiver_is_not_waited_for_any_longer_than_a_call_may_take(receiver: Receiver, *, drips: bool) -> None:
    over = threading.Event()
    receiver.says = lambda _got: (
        Says(body=b"x" * 10_000, headers={}, drips=over) if drips else Says(before=lambda: _wait(over))
    )

    (outcome,), is_down = call(an_envelope(receiver.url), allowed={receiver.origin}, call_s=0.3)
    over.set()

    # The status line came in time if it only drips, and that is the answer.
    assert (outcome.result, is_down) == ((Result.ACCEPTED, False) if drips else (Result.UNKNOWN, True))


def test_a_receiver_that_drips_its_first_line_is_not_waited_for() -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        threading.Thread(target=_drip, args=(server, over), daemon=True).start()

        (outcome,), is_down = call(an_envelope(f"{origin}/x"), allowed={origin}, call_s=0.3)
        over.set()

    assert (outcome.result, is_down) == (Result.UNKNOWN, True)


def test_what_is_no_http_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        thread = threading.Thread(target=_talk, args=(server,), daemon=True)
        thread.start()

        (outcome,), is_down = call(an_envelope(f"{origin}/x"), allowed={origin})

    assert (outcome.result, is_down) == (Result.UNKNOWN, True)


def test_a_name_that_nobody_knows_is_tried_again() -> None:
    (outcome,), is_down = call(an_envelope("http://nobody.invalid:1/x"), allowed={"http://nobody.invalid:1"})

    assert (outcome.result, is_down) == (Result.TEMPORARY, True)
    assert "cannot be found" in outcome.reply


def test_who_signs_with_a_certificate_that_nobody_trusts_is_not_called(receiver: Receiver) -> None:
    secure = receiver.origin.replace("http:", "https:")

    (outcome,), _ = call(an_envelope(f"{secure}/x"), allowed={secure})

    assert outcome.result is Result.TEMPORARY
    assert receiver.got == []


def _wait(over: threading.Event) -> None:
    over.wait(30)


def _drip(server: socket.socket, over: threading.Event) -> None:
    connection, _ = server.accept()
    with connection, suppress(OSError):
        while not over.wait(0.02):
            connection.sendall(b"H")


def _talk(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"220 mail.example ESMTP\r\n")
