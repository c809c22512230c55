"""A21: wrong keys, wrong pages and filters, and keys of idempotency that come at the wrong time; the same on both stores."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from tests.faces.client import Client, booking_body, made
from tests.faces.test_bad_input import NOBODY, TABLE, Entry, _id
from tests.torture.rig import Rig
from tests.torture.tenants import some
from tocsin.schemas.paging import PageQuery
from tocsin.services import administration, faults

API = "/api/external/v2"
WON = b'{"name": "Won"}'


# Keys


def wrong_keys(client: Client) -> Iterator[tuple[str, list[tuple[str, str]], str]]:
    """Yield what is sent instead of the right key: what it is, the headers, and the query."""
    key, theirs = client.key, client.neighbour("initech").key
    prefix, key_id, secret = key.split("_")
    own = f"{prefix}_{key_id}_"
    texts = {
        "empty": "",
        "a space": " ",
        "1 MB": "x" * 1_000_000,
        "10,000 letters": own + "x" * 10_000,
        "of another workspace": theirs,
        "revoked": _revoked(client),
        "run out": _run_out(client),
        "right id, wrong secret": own + "0" * len(secret),
        "right id, another's secret": own + theirs.split("_")[2],
        "another's id, right secret": f"{prefix}_{theirs.split('_')[1]}_{secret}",
        "without its end": key[:-1],
        "without its checksum": key[:-8],
        "another checksum": key[:-8] + "00000000",
        "another prefix": f"acme_{key_id}_{secret}",
        "no prefix": f"{key_id}_{secret}",
        "prefix in capitals": f"TOCSIN_{key_id}_{secret}",
        "secret in capitals": own + secret.upper() if secret.upper() != secret else "x",
        "id alone": f"{prefix}_{key_id}",
        "id and a line": own,
        "a line more": f"{prefix}__{key_id}_{secret}",
        "with a space behind": key + " ",
        "with a space in front": " " + key,
        "with a tab behind": key + "\t",
        "with a NUL behind": key + "\0",
        "with a line end behind": key + "\n",
        "with more behind": key + "0",
        "twice": f"{key}, {key}",
        "quoted": f'"{key}"',
        "as a bearer": f"Bearer {key}",
        "not ASCII": key[:-1] + "\xe9",
        "full width": "tocsin_\xbd\xbe_x",
        "SQL": "tocsin_' OR 1=1 --_x",
        "LIKE": "tocsin_%_%",
        "null": "null",
        "a hash": "0" * 64,
        "of the pepper": "pepper",
    }
    yield "absent", [], ""
    for name, text in texts.items():
        yield name, [("X-Api-Key", text)], ""
    yield "in two headers", [("X-Api-Key", key), ("X-Api-Key", key)], ""
    yield "beside another", [("X-Api-Key", key), ("x-api-key", theirs)], ""
    yield "in the query", [], f"?api_key={key}&X-Api-Key={key}"
    yield "in a cookie", [("Cookie", f"X-Api-Key={key}; __Host-tocsin={key}")], ""
    yield "as a bearer", [("Authorization", f"Bearer {key}")], ""
    yield "as a password", [("Authorization", "Basic " + key)], ""
    yield "under another name", [("X_Api_Key", key), ("Api-Key", key), ("X-Api-Key ", key)], ""


def _revoked(client: Client) -> str:
    text: str = administration.run(client.app.office, "key create", {"subdomain": "acme", "name": "", "scopes": []})[
        "key"
    ]
    administration.run(client.app.office, "key revoke", {"subdomain": "acme", "id": text.split("_")[1]})
    return text


def _run_out(client: Client) -> str:
    values = {"subdomain": "acme", "name": "", "scopes": [], "days": 1}
    text: str = administration.run(client.app.office, "key create", values)["key"]
    client.clock.advance(timedelta(days=2))
    return text


def test_no_wrong_key_opens_anything(both: tuple[Client, Client], rig: Rig) -> None:
    routes = [("GET", f"{API}/bookings"), ("POST", f"{API}/meeting-outcomes"), ("PATCH", f"{API}/bookings/{NOBODY}")]
    routes += [("DELETE", f"{API}/automation-rules/{NOBODY}")] if rig.is_nightly else []
    wrong, asked = list[str](), 0

    for client in both:
        every, before = list(wrong_keys(client)), client.counts()
        for name, headers, query in every:
            for method, path in routes:
                asked += 1
                answer = client.line.call(method, path + query, WON, [("Host", client.host), *headers])
                right = 431 if name == "1 MB" else 401
                if answer.status_code != right or set(answer.json()) != {"error"}:
                    wrong.append(f"{name}: {answer.status_code} {answer.text[:80]}")
        assert client.counts() == before
        assert len(every) > 40
        assert client.v2.get("/bookings").status_code == 200  # so that the key itself is right

    rig.found("A21", f"{len(wrong)} of {asked:,} wrong keys answered wrongly{some(wrong)}", is_met=not wrong)


# Pages and filters

LISTS = [entry for entry in TABLE if entry[1].query is not None and issubclass(entry[1].query, PageQuery)]
NUMBERS = (
    "-1", "0", "+1", "00", "01", "1.0", "1.5", "1e1", "0x1", " 1", "1 ", "1,0", "1_0", "1;", "1'", "ten", "", "null",
    "true", "NaN",
    "Infinity", "-0", "101", "1000001", "1000000000", "9223372036854775808", "9" * 40, "9" * 4301, "\u0661", "\uff11",
    "\u00b2",
    "1\0", "1\n", "1%00", "[]", "{}", "1&page_size=2", "-9223372036854775809",
)  # fmt: skip
TEXTS = (
    "", " ", "%", "_", "%25", "'", "''", "\\", "' OR 1=1 --", '"; DROP TABLE bookings', "*", "\0", "a\0b",
    "\ud83e\udd84", "\u202e",
    "\u0131", "\u0130", "\ufb01", "x" * 255, "x" * 256, "x" * 3000, "null", "undefined", "true", "-1", "9" * 40,
    NOBODY, "..", "../x",
    "2026-11-25", "2026-02-30", "0001-01-01", "9999-12-31", "2026-11-25T24:00:00Z", "now", "{{x}}", "<script>", "a,b",
    "[]", "a=b",
)  # fmt: skip
# What is not known is ignored: none of these sorts, chooses columns or reads past the page.
UNKNOWN = (
    "sort=secret_hash", "order_by=password_hash", "order=desc;--", "fields=*", "select=secret", "include=keys",
    "expand=workspace",
    "cursor=eyJpZCI6MX0=", "after=zzz", "before=..", "offset=-1", "limit=1000000000", "workspace_id=" + NOBODY,
    "page[number]=-1",
    "page_number[]=2", "page_number[$gt]=0", "filter[secret]=x", "q=%ff%fe", "%=%", "&&&", "=", "a=%zz",
    "a[__proto__]=1", "\u00e9=1",
)  # fmt: skip


def questions(entry: Entry) -> Iterator[tuple[str, str, bool | None]]:
    """Yield queries of a list route: the field, the query as it is sent, and whether it must be refused."""
    model = entry[1].query
    assert model is not None
    for name, field in model.model_fields.items():
        sent = field.alias or name
        is_page = name in PageQuery.model_fields
        for value in (*NUMBERS, *TEXTS[:3]) if is_page else TEXTS:
            for_sure = True if is_page and _is_no_page(name, value) else None
            yield sent, f"{quote(sent)}={quote(value.encode('utf-8', 'surrogatepass'))}", for_sure
        yield sent, f"{sent}=1&{sent}=2", None
        yield sent, f"{sent}", None
        yield sent, f"{sent}=%ff%fe", None
    for query in UNKNOWN:
        yield "", query, False


def _is_no_page(name: str, value: str) -> bool:
    largest = 1_000_000 if name == "page_number" else 100
    return not (value.strip().isascii() and value.strip().lstrip("+").isdigit() and 1 <= int(value[:99]) <= largest)


def test_pages_and_filters_that_cannot_be_are_refused_by_name(both: tuple[Client, Client], rig: Rig) -> None:
    for client in both:
        client.a_rule(client.a_link())
        client.book(slot_date="2026-12-15")
        client.drain()
    wrong, asked, step = list[str](), 0, rig.size(quick=6, nightly=1)

    for number, entry in enumerate(LISTS):
        every = list(questions(entry))
        assert len(every) >= 80
        for field, query, is_refused in every[number % step :: step]:
            asked += 1
            wrong += [
                f"{_id(entry)}?{query[:80]}: {one}" for one in complaints(both, entry, (field, query, is_refused))
            ]

    rig.found("A21", f"{len(wrong)} of {asked:,} queries answered wrongly{some(wrong)}", is_met=not wrong)


def complaints(both: tuple[Client, Client], entry: Entry, question: tuple[str, str, bool | None]) -> Iterator[str]:
    """Yield what is wrong with the answers to a query."""
    field, query, is_refused = question
    sqlite, postgresql = (_asked(client, entry, query) for client in both)
    if (sqlite.status_code, sqlite.content) != (postgresql.status_code, postgresql.content):
        yield f"{sqlite.text[:100]} and {postgresql.text[:100]}"
    right = {None: {200, 404, 422}, True: {404, 422}, False: {200, 404}}[is_refused]
    if sqlite.status_code not in right:
        yield f"{sqlite.status_code} {sqlite.text[:100]}"
    if sqlite.status_code == 422 and sqlite.json()["field_errors"][0]["field"] != field:
        yield f"it names {sqlite.json()['field_errors']}"


def _asked(client: Client, entry: Entry, query: str) -> httpx.Response:
    version, route = entry
    path = version.path(route.path).replace("{id}", NOBODY)
    headers = [("Host", client.host), ("X-Api-Key", client.key)]
    return client.line.call("GET", f"{path}?{query}", None, headers)


# Keys of idempotency

KEYS_THAT_CAN_BE = ("k", "0", "-", " ", "a b", "~", "'", "null", "%00", "{{x}}", "k" * 255, "../..", '"', ",", "K")
KEYS_THAT_CANNOT = (
    [""], ["k" * 256], ["k" * 9000], ["a\tb"], ["a\0b"], ["a\nb"], ["\x7f"], ["schl\xfcssel"], ["\xff"], ["one",
    "two"], ["one", "one"],
)  # fmt: skip


def post(client: Client, *keys: str, body: bytes = WON, path: str = "/meeting-outcomes") -> httpx.Response:
    headers = [("Host", client.host), ("X-Api-Key", client.key), *(("Idempotency-Key", key) for key in keys)]
    return client.line.call("POST", API + path, body, headers)


def test_a_key_of_idempotency_is_one_of_1_to_255_characters_or_refused(client: Client, rig: Rig) -> None:
    wrong = list[str]()
    for number, key in enumerate(KEYS_THAT_CAN_BE):
        body = b'{"name": "Won %d"}' % number
        first, again = post(client, key, body=body), post(client, key, body=body)
        same = (first.status_code, first.content) == (again.status_code, again.content)
        wrong += [] if same and first.status_code == 201 else [f"{key!r}: {first.text} and {again.text}"]
    before = client.counts()
    for keys in KEYS_THAT_CANNOT:
        answer = post(client, *keys)
        named = answer.json().get("field_errors", [{}])[0].get("field")
        wrong += [] if (answer.status_code, named) == (422, "Idempotency-Key") else [f"{keys!r}: {answer.text}"]

    assert client.counts() == before
    asked = len(KEYS_THAT_CAN_BE) + len(KEYS_THAT_CANNOT)
    rig.found("A21", f"{len(wrong)} of {asked} keys of idempotency answered wrongly{some(wrong)}", is_met=not wrong)


def test_a_request_that_is_a_little_different_is_not_the_same(client: Client, rig: Rig) -> None:
    client.a_link()
    assert post(client, "key").status_code == 201
    others = {
        "a space": post(client, "key", body=b'{"name":  "Won"}'),
        "a line end": post(client, "key", body=WON + b"\n"),
        "another order": post(client, "key", body=b'{"color": "#15803d", "name": "Won"}'),
        "another escape": post(client, "key", body=b'{"name": "\\u0057on"}'),
        "a query": post(client, "key", path="/meeting-outcomes?x=1"),
        "another path": post(client, "key", path="/team-members", body=b'{"emails": ["ann@example.com"]}'),
        "a right body elsewhere": post(client, "key", path="/bookings", body=b"{}"),
        "another version": client.v1.send("POST", "/meeting_outcomes", WON, headers={"Idempotency-Key": "key"}),
    }
    before = client.counts()
    wrong = [name for name, answer in others.items() if answer.status_code != 422]

    # The name is all that is compared, by its letters; another key of the API is the same workspace.
    assert post(client, "KEY").status_code == 422  # another key of idempotency: there is such an outcome
    assert client.counts() == before
    assert post(client.with_key("links:write", "bookings:write", "admin"), "key").status_code == 201
    client.clock.advance(timedelta(hours=73))
    rig.found("A21", f"{len(wrong)} of {len(others)} other requests took for the first{some(wrong)}", is_met=not wrong)


@pytest.mark.parametrize("at", ["before_commit", "after_commit"])
def test_what_breaks_off_is_done_once_when_it_comes_again(
    client: Client, rig: Rig, planted_faults: None, at: str
) -> None:
    client.a_link()
    before = client.counts()["bookings"]

    headers = [("Host", client.host), ("X-Api-Key", client.key), ("Idempotency-Key", "key")]
    body = httpx.Request("POST", "http://x", json=booking_body()).content
    faults.arm(f"{at}:raise")
    broken = client.line.call("POST", f"{API}/bookings", body, headers)
    faults.arm("")
    again = client.line.call("POST", f"{API}/bookings", body, headers)

    assert broken.status_code >= 500
    assert again.status_code == 201
    made_of_it = client.counts()["bookings"] - before
    rig.found("A21", f"{made_of_it} booking when a request broke off {at} and came again", is_met=made_of_it == 1)


def test_of_64_at_once_in_two_workspaces_each_has_its_own(client: Client, rig: Rig) -> None:
    two = (client, client.neighbour("initech"))
    before = client.counts()["meeting_outcomes"]

    for number in range(rig.size(quick=1, nightly=20)):
        body, key = b'{"name": "Won %d"}' % number, f"key {number}"
        with ThreadPoolExecutor(64) as crowd:
            answers = list(crowd.map(lambda at, body=body, key=key: post(two[at % 2], key, body=body), range(64)))
        assert set(Counter(answer.status_code for answer in answers)) <= {201, 409}
        for at in (0, 1):
            assert len({answer.content for answer in answers[at::2] if answer.status_code == 201}) == 1
        assert made(answers[0] if answers[0].status_code == 201 else post(two[0], key, body=body))

    extra = client.counts()["meeting_outcomes"] - before - 2 * rig.size(quick=1, nightly=20)
    rig.found("A21", f"{extra} made twice by 64 at once with one key in two workspaces", is_met=extra == 0)
