"""Requests with a key: what is tried again, what is not, and what is told when nothing helps."""

import json

import httpx
import pytest

from tests.client.on_the_line import scripted
from tests.ports import free_port
from tocsin.client import ClientError, RefusedError, Session, Tocsin, UnreachableError

OK = {"a": 1}


def answer(status: int, body: object = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None:
        return httpx.Response(status, headers=named)
    return httpx.Response(status, json=body, headers=named)


def test_a_request_names_key_host_and_path() -> None:
    session, transport, _ = scripted(answer(200, OK))

    assert session.get("/meetings", {"page_number": 2}) == OK

    [sent] = transport.sent
    assert str(sent.url) == "https://acme.example.com/api/external/v2/meetings?page_number=2"
    assert (sent.headers["x-api-key"], sent.headers["host"]) == ("secret", "acme.example.com")
    assert "secret" not in repr(session)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_is_only_busy_is_asked_again_as_late_as_it_wishes(status: int) -> None:
    session, transport, waits = scripted(answer(status, Retry_After="7"), answer(status), answer(200, OK))

    assert session.put("/x", {}) == OK

    assert waits == [7.0, 1.0]
    assert len(transport.sent) == 3


def test_after_five_tries_the_last_answer_counts() -> None:
    session, transport, waits = scripted(*[answer(503, {"error": "the database is away"}) for _ in range(5)])

    with pytest.raises(RefusedError, match="the database is away") as caught:
        session.get("/x")

    assert caught.value.status == 503
    assert (len(transport.sent), waits) == (5, [0.5, 1.0, 2.0, 4.0])


def test_who_asks_for_more_than_a_minute_is_left_alone() -> None:
    session, transport, waits = scripted(answer(429, {"error": "slow down"}, Retry_After="3600"))

    with pytest.raises(RefusedError, match="slow down"):
        session.get("/x")

    assert (len(transport.sent), waits) == (1, [])


def test_a_date_to_try_again_at_counts_as_nothing() -> None:
    session, _, waits = scripted(answer(429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), answer(200, OK))

    assert session.get("/x") == OK
    assert waits == [0.5]


LOST = [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut off"), httpx.ReadError("reset")]


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_a_post_whose_answer_was_lost_is_sent_again_with_the_same_idempotency_key(error: Exception) -> None:
    session, transport, _ = scripted(error, answer(201, OK))

    assert session.post("/x", {"b": 1}) == OK

    first, second = transport.sent
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert json.loads(second.content) == {"b": 1}


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_a_post_is_not_sent_twice_to_an_api_that_does_not_know_idempotency_keys(error: Exception) -> None:
    session, transport, _ = scripted(error, answer(201, OK), repeats_posts=False)

    with pytest.raises(UnreachableError, match=r"https://acme\.example\.com"):
        session.post("/x", {})

    assert len(transport.sent) == 1
    assert "idempotency-key" not in transport.sent[0].headers


@pytest.mark.parametrize("problem", ["refused", "slow", 429, 503])
def test_a_post_that_was_never_taken_is_sent_again_to_any_api(problem: str | int) -> None:
    failures = {"refused": httpx.ConnectError("refused"), "slow": httpx.ConnectTimeout("slow")}
    first = answer(problem) if isinstance(problem, int) else failures[problem]
    session, transport, _ = scripted(first, answer(201, OK), repeats_posts=False)

    assert session.post("/x", {}) == OK
    assert len(transport.sent) == 2


def test_a_post_that_a_proxy_gave_up_on_is_not_sent_again_to_such_an_api() -> None:
    session, transport, _ = scripted(answer(504), answer(201, OK), repeats_posts=False)

    with pytest.raises(RefusedError, match=r"https://acme\.example\.com answers 504 Gateway Timeout"):
        session.post("/x", {})
    assert len(transport.sent) == 1


NOTHING_SAID = "https://acme.example.com answers 422 "


@pytest.mark.parametrize(
    ("body", "said", "problems"),
    [
        ({"error": "no"}, "no", ()),
        ({"message": "no"}, "no", ()),
        ({"notice": "no"}, "no", ()),
        ({"errors": ["a", "b"]}, "a; b", ()),
        ({"error": "a\x1b[2Jb"}, "a [2Jb", ()),
        ({"error": "e", "field_errors": [{"field": "f", "message": "m"}, 7, {"field": "g"}]}, "e", (("f", "m"),)),
        ({"error": 7}, NOTHING_SAID, ()),
        (["x"], NOTHING_SAID, ()),
        ({"error": "x" * 5000}, "x" * 500, ()),
    ],
)
def test_each_form_of_an_error_becomes_one_sentence(
    body: object, said: str, problems: tuple[tuple[str, str], ...]
) -> None:
    session, _, _ = scripted(answer(422, body))

    with pytest.raises(RefusedError) as caught:
        session.get("/x")

    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) <= 500
    assert (caught.value.status, caught.value.problems) == (422, problems)


def test_a_redirect_is_told_and_the_key_does_not_follow_it() -> None:
    session, transport, _ = scripted(answer(301, location="https://evil.example/"))

    with pytest.raises(UnreachableError, match=r"leads on to https://evil\.example/; give that address instead"):
        session.get("/x")
    assert len(transport.sent) == 1


def test_what_is_gone_already_counts_as_deleted() -> None:
    session, transport, _ = scripted(answer(404, {"error": "none"}), answer(204), answer(403, {"error": "forbidden"}))

    session.delete("/x")
    session.delete("/x")
    with pytest.raises(RefusedError, match="forbidden"):
        session.delete("/x")
    assert len(transport.sent) == 3


def test_all_pages_of_a_listing_are_read() -> None:
    pages = [{"things": [{"n": number}], "pagination": {"total_pages": 3}} for number in range(3)]
    session, transport, _ = scripted(*(answer(200, page) for page in pages))

    assert list(session.every("/things", "things")) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert [one.url.params["page_number"] for one in transport.sent] == ["1", "2", "3"]


@pytest.mark.parametrize("body", [{}, {"things": 7}, {"things": [7]}, [], "x"])
def test_what_is_no_listing_is_told(body: object) -> None:
    session, _, _ = scripted(answer(200, body))

    with pytest.raises(UnreachableError, match="answers without things"):
        list(session.every("/things", "things"))


def test_a_page_of_html_is_no_answer() -> None:
    session, _, _ = scripted(httpx.Response(200, text="<html>"), httpx.Response(200, text="<html>"))
    tocsin = Tocsin(session=session)

    with pytest.raises(UnreachableError, match="answers without a plan; is it the address of a Tocsin"):
        tocsin.plan_rules({})
    with pytest.raises(UnreachableError, match="answers without rules; is it the address of a Tocsin"):
        tocsin.export_rules()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "acme",
        "acme.example.com",
        "ftp://acme",
        "https://",
        "https://u:p@acme",
        "http://[::1",
        "http://a:99999",
        "http://a?b",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ClientError, match="is no address of an API; give one such as"):
        Session(url=url, key="k")


@pytest.mark.parametrize("key", ["", "two words", "schlüssel", "two\nlines"])
def test_what_is_no_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ClientError, match="the API key is empty or holds what no key has") as caught:
        Session(url="https://a", key=key)
    assert not key or key not in str(caught.value)


def test_a_port_where_nobody_listens_is_told_after_some_tries() -> None:
    waits: list[float] = []

    with (
        Session(url=f"http://127.0.0.1:{free_port()}", key="k", sleep=waits.append) as session,
        pytest.raises(UnreachableError, match=r"cannot be reached .*, tried 5 times"),
    ):
        session.get("/x")

    assert waits == [0.5, 1.0, 2.0, 4.0]


def test_names_under_localhost_are_this_machine_and_the_host_stays_named() -> None:
    _, transport, _ = scripted(answer(200, OK))

    Session(url="http://acme.localhost:8000/", key="k", transport=transport).get("/x")

    [sent] = transport.sent
    assert (str(sent.url), sent.headers["host"]) == ("http://localhost:8000/api/external/v2/x", "acme.localhost:8000")
