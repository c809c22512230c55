"""Who gets to see pages, and which forms are taken: cookies, origins, tokens, roles, headers."""

import re

import pytest

from tests.builders import DAY, HOUR
from tests.faces.client import Client, connected
from tests.faces.test_pages import assert_harmless
from tests.faces.visitor import COOKIE, Visitor, an_account, signed_in
from tocsin.domain.accounts import MOST_TRIES_OF_ACCOUNT, Role
from tocsin.storage.store import SqlStore
from tocsin.web.views import PAGES


def filled(pattern: str) -> str:
    """Return an address of a page with nothing there."""
    return re.sub(r"\{\w+\}", "nothing", pattern)


GETS = [filled(page.path) for page in PAGES if page.method == "GET"]
INSIDE = [filled(page.path) for page in PAGES if page.method == "GET" and page.role is not None]
POSTS = [page for page in PAGES if page.method == "POST"]
OF_ADMINS = [filled(page.path) for page in POSTS if page.role is Role.ADMIN]
DEEDS = [filled(page.path) for page in POSTS if page.role is not None]


@pytest.fixture
def ann(sqlite_client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(sqlite_client)


@pytest.fixture
def vic(sqlite_client: Client) -> Visitor:
    """Give a viewer who is signed in."""
    return signed_in(sqlite_client, "vic@example.com", "viewer")


@pytest.mark.parametrize("path", INSIDE)
def test_without_a_session_a_page_leads_to_the_sign_in_and_back(sqlite_client: Client, path: str) -> None:
    response = Visitor(client=sqlite_client).get(f"{path}?q=a%20b&x=1")

    assert response.status_code == 303
    assert response.headers["location"] == f"/sign-in?next={path}%3Fq%3Da%2520b%26x%3D1"


@pytest.mark.parametrize("path", DEEDS)
def test_without_a_session_nothing_is_done(sqlite_client: Client, path: str) -> None:
    response = Visitor(client=sqlite_client).post(path, {"reason": "x"})

    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")


def test_the_cookie_is_locked_to_this_host_and_unseen_by_scripts(client: Client) -> None:
    an_account(client)
    visitor = Visitor(client=client)

    response = visitor.sign_in()

    assert (response.status_code, response.headers["location"]) == (303, "/overview")
    name, *rest = response.headers["set-cookie"].split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert sorted(one.lower() for one in rest) == ["httponly", "max-age=604800", "path=/", "samesite=lax", "secure"]
    assert len(visitor.cookie) == 64
    assert "Overview" in visitor.get("/overview").text


def test_a_password_does_not_run_out(client: Client) -> None:
    an_account(client)
    client.clock.advance(10 * 365 * DAY)

    assert Visitor(client=client).sign_in().headers["location"] == "/overview"


def test_a_wrong_password_is_told_at_its_field_and_not_shown_again(client: Client) -> None:
    an_account(client)
    visitor = Visitor(client=client)

    response = visitor.sign_in(password="wrong password 1")

    assert response.status_code == 422
    assert "the address or the password is not right" in response.text
    assert 'aria-describedby="sign-in-password-said"' in response.text
    assert 'value="ann@example.com"' in response.text
    assert "wrong password 1" not in response.text
    assert visitor.cookie == ""


def test_an_empty_form_is_told_at_each_field(sqlite_client: Client) -> None:
    response = Visitor(client=sqlite_client).post("/sign-in", {"email": "", "password": ""})

    assert response.status_code == 422
    assert response.text.count("fill this in") == 2


def test_too_many_tries_are_kept_off_over_all_processes(client: Client) -> None:
    an_account(client)
    visitor = Visitor(client=client)
    for _ in range(MOST_TRIES_OF_ACCOUNT):
        visitor.sign_in(password="wrong password 1")

    response = visitor.sign_in()

    assert response.status_code == 429
    assert response.headers["retry-after"] == "900"
    assert "try again in 15 min" in response.text


def test_signing_in_again_ends_the_session_that_was(ann: Visitor) -> None:
    first = ann.cookie
    assert ann.sign_in(password="wrong password 1").status_code == 422
    assert ann.get("/overview").status_code == 200

    ann.sign_in()

    assert ann.cookie != first
    assert Visitor(client=ann.client, cookie=first).get("/overview").status_code == 303


def test_signing_out_ends_the_session_in_the_store_too(ann: Visitor) -> None:
    token = ann.cookie

    response = ann.post("/sign-out")

    assert response.headers["location"] == "/sign-in?done=signed-out"
    assert ann.cookie == ""
    assert Visitor(client=ann.client, cookie=token).get("/overview").status_code == 303
    assert "You are signed out" in ann.get("/sign-in?done=signed-out").text


def test_a_session_runs_out(ann: Visitor) -> None:
    ann.client.clock.advance(8 * HOUR)

    assert ann.get("/overview").headers["location"] == "/sign-in?next=/overview"


def test_another_workspaces_session_is_none_here(ann: Visitor) -> None:
    neighbour = Visitor(client=ann.client.neighbour(), cookie=ann.cookie)

    assert neighbour.get("/overview").status_code == 303


@pytest.mark.parametrize(
    ("next_page", "shown"),
    [
        ("/bookings?q=a%20b", "/bookings?q=a%20b"),
        ("https://evil.example/", "/overview"),
        ("//evil.example/", "/overview"),
        ("/\\evil.example/", "/overview"),
        ("/a//evil.example", "/overview"),
        ("javascript:alert(1)", "/overview"),
        ("/x\r\nSet-Cookie: a=b", "/overview"),
        ("", "/overview"),
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(sqlite_client: Client, next_page: str, shown: str) -> None:
    an_account(sqlite_client)
    visitor = Visitor(client=sqlite_client)

    response = visitor.sign_in(next=next_page)

    location = response.headers.get("location", "/overview")
    assert location == shown
    assert "evil" not in response.headers.get("set-cookie", "")


def test_who_is_signed_in_needs_no_sign_in(ann: Visitor) -> None:
    assert ann.get("/sign-in?next=/bookings").headers["location"] == "/bookings"


FOREIGN = {
    "no origin": {"Origin": ""},
    "another origin": {"Origin": "http://evil.example"},
    "another workspace": {"Origin": "http://globex.tocsin.test"},
    "another port": {"Origin": "http://acme.tocsin.test:8080"},
    "another scheme": {"Origin": "https://acme.tocsin.test"},
    "no origin that is one": {"Origin": "null"},
    "an origin that cannot be read": {"Origin": "http://[acme"},
    "the browser says it is from elsewhere": {"Sec-Fetch-Site": "cross-site"},
    "the browser says it is from a neighbour": {"Sec-Fetch-Site": "same-site"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("path", ["/sign-out", "/bookings/nothing/cancel", "/sign-in"])
def test_a_form_of_somebody_elses_page_is_refused(ann: Visitor, path: str, headers: dict[str, str]) -> None:
    response = ann.post(path, {"email": "ann@example.com", "password": "x"}, **headers)

    assert response.status_code == 403
    assert "not sent by a page of Tocsin" in response.text
    assert ann.get("/overview").status_code == 200


@pytest.mark.parametrize("token", ["", "0" * 64, "é", "\ud800".encode("utf-8", "replace").decode()])
def test_a_form_without_this_sessions_token_is_refused(ann: Visitor, token: str) -> None:
    response = ann.post("/sign-out", {"_token": token})

    assert response.status_code == 403
    assert ann.get("/overview").status_code == 200


def test_the_token_of_another_session_does_not_do(ann: Visitor) -> None:
    other = Visitor(client=ann.client)
    other.sign_in()
    other.get("/overview")
    other.cookie = ann.cookie

    assert other.post("/sign-out").status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": ""}, {"Origin": "HTTP://ACME.tocsin.test:80"}])
def test_an_older_browser_can_send_forms_too(ann: Visitor, headers: dict[str, str]) -> None:
    assert ann.post("/sign-out", **headers).status_code == 303


@pytest.mark.parametrize("path", OF_ADMINS)
def test_a_viewer_changes_nothing(vic: Visitor, path: str) -> None:
    response = vic.post(path, {"reason": "x", "no_show": "yes"})

    assert response.status_code == 403
    assert "your account may look and not change" in response.text


def test_a_viewer_sees_no_button_that_would_not_work(vic: Visitor) -> None:
    vic.client.a_link()
    booking = vic.client.book()

    page = vic.get(f"/bookings/{booking['id']}")

    assert page.status_code == 200
    assert page.text.count('<form method="post"') == 2  # to sign out, in both menus


@pytest.mark.parametrize("path", GETS)
def test_every_page_is_locked_down(ann: Visitor, path: str) -> None:
    headers = (Visitor(client=ann.client) if path == "/sign-in" else ann).get(path).headers

    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/sign-in", "/overview", "/bookings", "/deliveries", "/bookings/nothing"])
def test_nothing_on_a_page_runs_or_comes_from_elsewhere(ann: Visitor, path: str) -> None:
    assert_harmless(ann.get(path).text or "")


def test_a_page_that_is_not_there_is_told_as_one(ann: Visitor) -> None:
    for path in ("/bookings/nothing", "/bookings/%00", "/deliveries/nothing", "/deliveries/nothing/message"):
        response = ann.get(path)
        assert response.status_code == 404
        assert "Not found" in response.text
        assert "ann@example.com" in response.text


def test_without_a_workspace_there_is_no_sign_in(sqlite_client: Client) -> None:
    sqlite_client.neighbour()
    line = sqlite_client.line

    response = line.call("GET", "/sign-in", None, [("Host", "tocsin.test")])

    assert response.status_code == 404
    assert "each lives at its subdomain" in response.text


def test_a_form_that_is_too_large_or_no_form_is_refused(ann: Visitor) -> None:
    assert ann.post("/sign-out", {"x": "a" * 300_000}).status_code == 413
    assert ann.post("/sign-out", Content_Type="application/json").status_code == 415


def test_an_unforeseen_error_is_a_page_with_its_incident_and_no_detail(
    ann: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret detail")

    monkeypatch.setattr("tocsin.web.overview.overview", fail)
    headers = [("Host", ann.client.host), ("Cookie", f"{COOKIE}={ann.cookie}")]
    response = ann.client.line.call("GET", "/overview", None, headers)

    assert response.status_code == 500
    assert "incident" in response.text
    assert "secret detail" not in response.text
    assert "the secret detail" in caplog.text


@pytest.mark.parametrize(
    ("base_url", "told"),
    [("https://tocsin.test", "max-age=31536000; includeSubDomains"), ("http://tocsin.test", None)],
    ids=["a server with TLS in front", "and no other"],
)
def test_browsers_are_told_for_a_year_to_come_by_tls_only_by(
    sqlite_store: SqlStore, base_url: str, told: str | None
) -> None:
    with connected(sqlite_store, TOCSIN_BASE_URL=base_url) as client:
        host, crowd = ("Host", client.host), [(f"X-{number}", "x") for number in range(70)]
        paths = ("/", "/sign-in", "/overview", "/nothing", "/api/external/v2/bookings", "/healthz", "/static/pages.css")
        answers = [client.line.call("GET", path, None, [host]) for path in paths]
        answers.append(client.line.call("GET", "/", None, [host, *crowd]))

    assert {answer.status_code for answer in answers} >= {200, 303, 401, 404, 431}
    assert {answer.headers.get("strict-transport-security") for answer in answers} == {told}
