"""The recipient's page: who has the link of a message can stop such messages, and get them again."""

from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest

from tests.builders import DAY, MINUTE, RULE_ID, WORKSPACE_ID, a_workspace
from tests.faces.client import Client, Face, Json, an_action, at, made
from tests.faces.test_pages import Seen, assert_harmless
from tests.torture.rig import Rig
from tocsin.domain import opt_out
from tocsin.domain.opt_out import OptOut
from tocsin.services import administration
from tocsin.web.forms import LARGEST_FORM

ADA = "ada@example.org"
URLENCODED = "application/x-www-form-urlencoded"
RULE = "Tell <b>Ada</b> & co"


def recipient_of(client: Client, host: str = "acme.tocsin.test") -> Face:
    """Return what somebody sees who has no key."""
    return replace(client.root, host=host)


def invite(client: Client, *, slug: str = "intro", start: str = "15:30") -> str:
    """Book what Ada is told of; return the path of the link in her message."""
    client.book(meeting_slug=slug, slot_start_time=start)
    client.drain()
    return urlsplit(str(client.letterbox.letters(ADA)[-1]["List-Unsubscribe"]).strip("<>")).path


@pytest.fixture
def path(client: Client) -> str:
    """Give the path of the link in a message to Ada, of a rule that also reminds her."""
    link = client.a_link()
    emails = [ADA, "{{client.email}}", "{{host.email}}"]
    client.a_rule(link, name=RULE, actions=[an_action(emails=emails)])
    client.a_rule(link, name="Reminder", event="before_meeting_starts")
    return invite(client)


def post(face: Face, path: str, body: str | bytes, content_type: str = URLENCODED) -> httpx.Response:
    octets = body.encode() if isinstance(body, str) else body
    return face.send("POST", path, octets, headers={"Content-Type": content_type})


def listed(client: Client) -> list[tuple[str, bool]]:
    """Return whom the workspace's list names, and whether for a single rule."""
    found: list[Json] = client.v2.get("/suppressions").json()["suppressions"]
    assert {one["reason"] for one in found} <= {"opted_out"}
    return [(one["recipient"], one["rule_id"] is not None) for one in found]


def text(response: httpx.Response, status: int = 200) -> str:
    """Return what a page says, after a look at whether it is as harmless as all of them."""
    assert response.status_code == status, response.text
    headers = response.headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex"
    assert {"set-cookie", "location"}.isdisjoint(headers)
    return " ".join(assert_harmless(response.text).text.split())


# The link


def test_only_who_is_not_part_of_the_booking_gets_a_way_out(client: Client, path: str) -> None:
    for recipient, offered in ((ADA, True), ("eve@example.net", False), ("oliver@example.com", False)):
        (letter,) = client.letterbox.letters(recipient)
        bodies = [
            part.get_content() for part in letter.walk() if part.get_content_type() in ("text/plain", "text/html")
        ]
        assert ("List-Unsubscribe" in letter) is offered
        assert ("List-Unsubscribe-Post" in letter) is offered
        assert ["Stop these messages" in body for body in bodies] == [offered, offered]
    assert path.startswith("/opt-out/")


# Looking


def test_the_page_says_who_gets_what_from_whom(client: Client, path: str) -> None:
    response = recipient_of(client).get(path)

    said = text(response)
    assert said.count("Stop these messages?") == 2  # title and heading
    assert "ada@example.org gets messages from Acme" in said
    assert "Messages of this kind" in said
    assert "Tell" not in said, "a rule's name is for the workspace alone"
    assert "Everything from Acme" in said
    assert "Stop messages" in said
    assert "b" not in Seen(response.text).tags
    assert Seen(response.text).tags.count("form") == 1


def test_looking_a_thousand_times_changes_nothing(sqlite_client: Client) -> None:
    client = sqlite_client
    client.a_rule(client.a_link())
    path = invite(client)
    before = client.counts()
    face = recipient_of(client)

    statuses = {face.send(method, path).status_code for method in ("GET", "HEAD") for _ in range(500)}

    assert statuses == {200}
    assert client.counts() == before
    assert listed(client) == []
    assert "Stop these messages?" in text(face.get(path))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_nothing_but_looking_and_posting_is_understood(client: Client, path: str, method: str) -> None:
    assert recipient_of(client).send(method, path, b"wish=workspace").status_code == 405
    assert listed(client) == []


@pytest.mark.parametrize("wrong", ["x", "%00", "a" * 90, "a" * 9000, "%2F", "ä"])
def test_a_link_that_is_not_ours_has_a_page_that_says_so(client: Client, wrong: str) -> None:
    face = recipient_of(client)

    for response in (face.get(f"/opt-out/{wrong}"), post(face, f"/opt-out/{wrong}", "wish=workspace")):
        assert response.status_code == 404
        if "content-security-policy" in response.headers:
            assert "this link is not whole" in text(response, 404)


def test_a_link_that_was_changed_is_not_ours(client: Client, path: str) -> None:
    face = recipient_of(client)
    other = path[:-2] + ("AA" if not path.endswith("AA") else "BB")

    assert "this link is not whole" in text(face.get(other), 404)
    assert "this link is not whole" in text(post(face, other, "wish=workspace"), 404)
    assert listed(client) == []


# In whose language


def seen(client: Client, path: str, accept_language: str = "", *, status: int = 200) -> tuple[str, str]:
    """Return the start tag of the page's language and what it says."""
    response = recipient_of(client).send("GET", path, headers={"Accept-Language": accept_language})
    return response.text.split("\n")[1], text(response, status)


def test_the_page_speaks_the_language_set_for_the_address_or_the_browsers_or_the_workspaces(
    client: Client, path: str
) -> None:
    assert "Stop these messages?" in seen(client, path)[1]
    assert "Diese Nachrichten abbestellen?" in seen(client, path, "sv, de-AT;q=0.8, en;q=0.3")[1]
    assert "Stop these messages?" in seen(client, path, "sv")[1]

    made(client.v2.put(f"/recipients/{ADA}", {"locale": "ar-EG"}))
    tag, said = seen(client, path, "de")

    assert tag == '<html lang="ar" dir="rtl">'
    assert "هل تريد إيقاف هذه الرسائل؟" in said
    assert f"تصل إلى {ADA} رسائل من Acme بشأن الحجوزات." in said


def test_a_language_without_words_of_ours_gets_an_english_page(client: Client, path: str) -> None:
    made(client.v2.put(f"/recipients/{ADA}", {"locale": "sv"}))

    tag, said = seen(client, path, "de")

    assert tag == '<html lang="en">'
    assert "Stop these messages?" in said


def test_what_is_done_is_told_in_the_same_language(client: Client, path: str) -> None:
    made(client.v2.put(f"/recipients/{ADA}", {"locale": "ja"}))

    said = text(post(recipient_of(client), path, "wish=workspace"))

    assert f"今後、{ADA} に Acme からのメッセージは届きません。" in said
    assert listed(client) == [(ADA, False)]


def test_no_name_is_read_as_a_tag_in_any_language(client: Client) -> None:
    with client.app.store.registry() as registry:
        registry.add(a_workspace(id=WORKSPACE_ID, subdomain="wild", name="<b>A</b> {x} & %s"))
    wanted = OptOut(workspace_id=WORKSPACE_ID, rule_id=RULE_ID, recipient=ADA)

    for language in ("en", "ar", "fr"):
        response = recipient_of(client).send(
            "GET", f"/opt-out/{opt_out.write(wanted, b'pepper')}", headers={"Accept-Language": language}
        )
        assert "<b>A</b> {x} & %s" in text(response)
        assert "b" not in Seen(response.text).tags


def test_a_link_that_is_not_ours_is_told_in_the_browsers_language(client: Client) -> None:
    tag, said = seen(client, "/opt-out/x", "ja", status=404)

    assert tag == '<html lang="ja">'
    assert "見つかりません" in said
    assert "このリンクは不完全です。" in said


# Choosing


def test_who_stops_a_rule_gets_no_more_of_it_and_still_gets_the_others(client: Client, path: str) -> None:
    face = recipient_of(client)

    said = text(post(face, path, "wish=rule"))

    assert "No more messages" in said
    assert "ada@example.org gets no more messages of this kind from Acme." in said
    assert "Stop everything from Acme" in said
    assert "I want them again" in said
    assert text(face.get(path)) == said
    assert listed(client) == [(ADA, True)]
    client.book(slot_start_time="17:30")
    client.clock.advance(2 * DAY)
    client.drain()
    assert [letter["Subject"] for letter in client.letterbox.letters(ADA)] == ["You have a meeting scheduled"]
    states = {one["state"] for one in client.v2.get("/deliveries", recipient=ADA).json()["deliveries"]}
    assert states == {"sent", "suppressed", "expired"}


def test_who_stops_everything_gets_nothing_more_and_others_do(client: Client, path: str) -> None:
    said = text(post(recipient_of(client), path, "wish=workspace"))

    assert "ada@example.org gets no more messages from Acme." in said
    assert "Stop" not in said
    assert listed(client) == [(ADA, False)]
    client.book(slot_start_time="17:30")
    client.drain()
    assert len(client.letterbox.letters(ADA)) == 1
    assert len(client.letterbox.letters("eve@example.net")) == 2
    (waits,) = client.v2.get("/deliveries", recipient=ADA, state="suppressed", page_size=1).json()["deliveries"]
    assert waits["reason"] == "the recipient asked for no more messages of this workspace on 2026-11-24"


@pytest.mark.parametrize("wish", ["List-Unsubscribe=One-Click", "wish=workspace"])
def test_a_minute_after_a_click_nothing_is_sent_to_who_clicked(client: Client, path: str, wish: str, rig: Rig) -> None:
    client.book(slot_start_time="17:30")  # its message is due, and waits for a worker
    starts_at = at(client.v2.get("/bookings").json()["bookings"][0]["starts_at"])
    before = len(client.letterbox.letters(ADA))

    text(post(recipient_of(client), path, wish))
    client.clock.now += MINUTE
    client.book(slot_start_time="18:30")
    for moment in (client.clock(), starts_at - 10 * MINUTE, starts_at + DAY):
        client.clock.now = moment
        client.drain()

    mails = len(client.letterbox.letters(ADA)) - before
    assert len(client.letterbox.letters("eve@example.net")) == 3  # so that a worker was there
    rig.found("A23", f"{mails} mails from 1 minute after a click on", is_met=mails == 0)


def test_who_wants_messages_again_gets_them(client: Client, path: str) -> None:
    face = recipient_of(client)
    post(face, path, "wish=rule")
    post(face, path, "wish=workspace")

    said = text(post(face, path, "wish=again"))

    assert "You get messages again" in said
    assert "ada@example.org gets the next message from Acme." in said
    assert "another reason" not in said
    assert listed(client) == []
    assert "Stop these messages?" in text(face.get(path))
    client.book(slot_start_time="17:30")
    client.drain()
    assert len(client.letterbox.letters(ADA)) == 2


def test_who_is_held_back_for_another_reason_is_told(client: Client, path: str) -> None:
    made(client.v2.post("/suppressions", {"recipient": ADA}))

    said = text(post(recipient_of(client), path, "wish=again"))

    assert "Acme sends nothing to ada@example.org" in said
    assert client.v2.get("/suppressions").json()["suppressions"][0]["reason"] == "by_hand"


def test_a_deleted_rule_leaves_the_choice_of_everything(client: Client, path: str) -> None:
    for rule in client.v2.get("/automation-rules").json()["workflows"]:
        client.v2.delete(f"/automation-rules/{rule['id']}")
    face = recipient_of(client)

    said = text(face.get(path))
    assert "Messages of this kind" not in said
    assert "Stop everything from Acme" in said
    assert "gets no more messages of this kind from Acme" in text(post(face, path, "wish=rule"))


def test_a_workspace_that_is_gone_sends_nothing_more(client: Client, path: str) -> None:
    administration.run(client.app.office, "workspace delete", {"subdomain": "acme"})
    face = recipient_of(client)

    assert "is not here any more" in text(face.get(path), 404)
    assert "is not here any more" in text(post(face, path, "wish=workspace"), 404)


@pytest.mark.parametrize("host", ["tocsin.test", "acme.tocsin.test", "globex.tocsin.test", "elsewhere.example"])
def test_the_link_says_which_workspace_is_meant_whatever_the_host(client: Client, path: str, host: str) -> None:
    neighbour = client.neighbour()

    said = text(post(recipient_of(client, host), path, "wish=workspace"))

    assert "from Acme" in said
    assert listed(client) == [(ADA, False)]
    assert listed(neighbour) == []


def test_a_link_of_one_workspace_cannot_be_made_into_one_of_another(client: Client, path: str) -> None:
    wanted = opt_out.read(path.rpartition("/")[2], client.app.pepper)
    assert wanted is not None
    forged = opt_out.write(
        OptOut(workspace_id=wanted.workspace_id, rule_id=wanted.rule_id, recipient="bob@example.org"), b""
    )

    assert post(recipient_of(client), f"/opt-out/{forged}", "wish=workspace").status_code == 404


# What is posted


def multipart(*fields: tuple[str, str]) -> bytes:
    pieces = (f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields)
    return "".join([*pieces, "--b--\r\n"]).encode()


@pytest.mark.parametrize(
    ("body", "content_type", "single_rule"),
    [
        ("wish=rule", URLENCODED, True),
        ("wish=rule", f"{URLENCODED}; charset=UTF-8", True),
        ("wish=rule", "", True),
        ("wish=workspace&wish=rule", URLENCODED, True),
        ("wish=rule&List-Unsubscribe=One-Click", URLENCODED, False),
        (multipart(("wish", "rule")), "multipart/form-data; boundary=b", True),
        (multipart(("x", "y"), ("wish", "workspace")), 'multipart/form-data; boundary="b"', False),
    ],
    ids=str,
)
def test_a_form_is_read_in_each_spelling(
    client: Client, path: str, body: str | bytes, content_type: str, single_rule: bool
) -> None:
    text(post(recipient_of(client), path, body, content_type))

    assert listed(client) == [(ADA, single_rule)]


BROKEN = [
    ("", URLENCODED, 422, "wish: choose one of rule, workspace, again; nothing was changed"),
    ("wish=everything", URLENCODED, 422, "nothing was changed"),
    ("List-Unsubscribe=Two-Clicks", URLENCODED, 422, "nothing was changed"),
    ("wish=rule\x00", URLENCODED, 422, "nothing was changed"),
    (b"\xff\xfe", URLENCODED, 422, "nothing was changed"),
    ("&".join(f"f{number}=x" for number in range(21)), URLENCODED, 422, "form: has more than 20 fields"),
    ('{"wish": "rule"}', "application/json", 415, "forms are read as"),
    ("wish=rule", "text/plain", 415, "forms are read as"),
    ("wish=rule", "multipart/form-data; boundary=b", 422, "nothing was changed"),
    ("wish=rule", "multipart/form-data", 422, "nothing was changed"),
    (multipart(("wish", "rule"))[:-9], "multipart/form-data; boundary=c", 422, "nothing was changed"),
    (b"--b\r\n\r\nrule\r\n--b--", "multipart/form-data; boundary=b", 422, "nothing was changed"),
    (b"--b\r\n" * 800, "multipart/form-data; boundary=b", 422, "nothing was changed"),
    ("x" * (LARGEST_FORM + 1), URLENCODED, 413, f"the form has more than {LARGEST_FORM} octets"),
]


def test_what_cannot_be_read_changes_nothing_and_is_told(client: Client, path: str) -> None:
    for body, content_type, status, words in BROKEN:
        said = text(post(recipient_of(client), path, body, content_type), status)  # type: ignore[arg-type]  # str or bytes
        assert words in said
    assert listed(client) == []


def test_the_largest_form_is_read(client: Client, path: str) -> None:
    start = "wish=rule&x="

    text(post(recipient_of(client), path, start + "x" * (LARGEST_FORM - len(start))))

    assert listed(client) == [(ADA, True)]
