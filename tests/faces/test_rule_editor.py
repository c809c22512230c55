"""The editor of rules: a rule is written, changed, tried and deleted in the browser, and nothing that was typed is lost."""

from html.parser import HTMLParser
from typing import Any

import pytest

from tests.faces.client import Client, an_action, made, rule_body
from tests.faces.test_other_actions import CALL, FULL, MAIL
from tests.faces.test_signed_pages import text
from tests.faces.visitor import Visitor, signed_in
from tocsin.web.typed import Pair

Json = dict[str, Any]


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(client)


class Editor(HTMLParser):
    """The form of a page as a browser would send it, and what is told about it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pairs: list[Pair] = []
        self.ids: set[str] = set()
        self.invalid: list[str] = []
        self.focus: list[str] = []
        self._inside = False
        self._area, self._select = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.ids.add(named.get("id", ""))
        if "aria-invalid" in named:
            self.invalid.append(named["id"])
        if "autofocus" in named:
            self.focus.append(named["id"])
        if tag == "form":
            self._inside = named.get("class") == "editor"
        elif self._inside:
            self._field(tag, named)

    def _field(self, tag: str, named: dict[str, str]) -> None:
        name = named.get("name", "")
        if tag == "textarea":
            self._area = name
            self.pairs.append((name, ""))
        elif tag == "select":
            self._select = name
            self.pairs.append((name, ""))
        elif tag == "option" and self._select:
            self._option = named.get("value"), "selected" in named
        elif tag == "input" and name and (named.get("type") != "checkbox" or "checked" in named):
            self.pairs.append((name, named.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._area:
            name, before = self.pairs[-1]
            self.pairs[-1] = (name, before + data)
        elif self._select and getattr(self, "_option", None):
            value, is_selected = self._option
            if is_selected or self.pairs[-1][1] == "":
                self.pairs[-1] = (self._select, data.strip() if value is None else value)
            self._option = None  # type: ignore[assignment]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea" and self._area:
            name, typed = self.pairs[-1]
            self.pairs[-1] = (name, "\r\n".join(typed.replace("\r\n", "\n").removeprefix("\n").split("\n")))
            self._area = ""
        elif tag == "select":
            self._select = ""

    def sent(self, do: str, **fields: str) -> list[Pair]:
        """Return what is sent if the button `do` is pressed once these fields were filled; `_` stands for a hyphen."""
        named = {name.replace("__", "-"): value for name, value in fields.items()}
        kept = [pair for pair in self.pairs if pair[0] not in named]
        return [*kept, *named.items(), ("do", do)]


def opened(ann: Visitor, path: str) -> Editor:
    response = ann.get(path)
    assert response.status_code == 200, response.text
    return Editor(response.text)


def sent(ann: Visitor, path: str, pairs: list[Pair]) -> Any:
    return ann.post_pairs(path, pairs)


def rule_at(ann: Visitor, location: str) -> Json:
    rule_id = location.partition("?")[0].rpartition("/")[2]
    found: Json = ann.client.v2.get(f"/automation-rules/{rule_id}").json()["workflow"]
    return found


def a_rule(ann: Visitor, **fields: object) -> Json:
    link = ann.client.a_link()
    body = rule_body(
        link["id"], **{"name": "Tell all", "actions": [an_action(keep_in_sync=True), MAIL, CALL], **fields}
    )
    rule: Json = made(ann.client.v2.post(FULL, body))["workflow"]
    return rule


def test_a_rule_is_written_and_saved(ann: Visitor) -> None:
    link = ann.client.a_link()
    form = opened(ann, "/rules/new?starter=invite-client")

    response = sent(ann, "/rules/new", form.sent("save", name="Invite them", link=link["id"]))

    assert response.status_code == 303
    rule = rule_at(ann, response.headers["location"])
    assert (rule["name"], rule["event"], rule["enabled"]) == ("Invite them", "booking_confirmed", True)
    assert rule["meeting_ids"] == [link["id"]]
    (action,) = rule["actions"]
    assert action["emails"] == ["{{client.email}}"]
    assert action["keep_in_sync"] is True
    assert "The rule is saved" in text(ann, response.headers["location"])
    ann.client.book()
    ann.client.drain()
    assert len(ann.client.letterbox.letters("eve@example.net")) == 1


@pytest.mark.parametrize("starter", ["invite-client", "remind", "tell-of-cancelling", "call"])
def test_each_starter_is_a_rule_once_it_has_its_links_and_recipients(ann: Visitor, starter: str) -> None:
    ann.client.a_link()
    form = opened(ann, f"/rules/new?starter={starter}")
    missing = {
        "tell-of-cancelling": {"actions__0__emails": "bob@example.org"},
        "call": {"actions__0__url": CALL["url"]},
    }

    response = sent(ann, "/rules/new", form.sent("save", **missing.get(starter, {})))

    assert response.status_code == 303, response.text


RICH: Json = {
    "conditions": [
        {"field": "booking.weekday", "operator": "is_one_of", "value": ["friday", "monday"], "time_zone": "Asia/Tokyo"},
        {"any": [
            {"field": "client.domain", "operator": "is_none_of", "value": ["a.example", "b.example"]},
            {"field": "client.is_new", "operator": "is", "value": False},
            {"field": "booking.duration_minutes", "operator": "at_least", "value": 45},
        ]},
        {"any": [{"field": "form.answer", "question": "What <b>for</b>?", "operator": "is_not_empty"}]},
        {"field": "invitation.rsvp", "operator": "is_for_nobody", "value": "declined"},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {},
        RICH,
        {"event": "before_meeting_starts", "offset_minutes": [1440, 90, 0]},
        {"event": "after_meeting_ends", "offset_minutes": 120, "enabled": False},
        {"actions": [an_action(email_body="<p>a &amp; b\n\n  \"c\" 'd' &lt;</p>\n<p>é</p>")]},
    ],
)
def test_a_rule_that_is_opened_and_saved_unchanged_stays_as_it_is(ann: Visitor, fields: Json) -> None:
    rule = a_rule(ann, **fields)
    path = f"/rules/{rule['id']}/edit"
    before = ann.client.counts()
    form = opened(ann, path)

    response = sent(ann, path, form.sent("save"))

    assert "Nothing was changed" in text(ann, response.headers["location"])
    assert rule_at(ann, f"/rules/{rule['id']}") == rule
    assert ann.client.counts() == before


def test_a_link_that_is_gone_may_stay(ann: Visitor) -> None:
    rule = a_rule(ann)
    ann.client.a_link(slug="other")
    ann.client.v2.delete(f"/meetings/{rule['meeting_ids'][0]}")
    path = f"/rules/{rule['id']}/edit"
    form = opened(ann, path)

    assert "a link that is gone" in ann.last
    assert sent(ann, path, form.sent("save", name="Other")).status_code == 303


def test_what_is_wrong_is_told_on_top_and_at_its_input_and_nothing_typed_is_lost(ann: Visitor) -> None:
    ann.client.a_link()
    ann.client.a_link(slug="other")
    form = opened(ann, "/rules/new")

    response = sent(
        ann,
        "/rules/new",
        form.sent(
            "save",
            name="Mine",
            actions__0__emails="ada@example.org\r\nnobody",
            actions__0__email_subject="Hi {{client.nmae}}",
            actions__0__email_body="<p>one</p><script>two</script>",
        ),
    )

    assert response.status_code == 422
    again = Editor(response.text)
    assert 'role="alert"' in response.text
    for anchor in ("link", "actions-0-emails", "actions-0-email_subject", "actions-0-email_body"):
        assert f'href="#{anchor}"' in response.text
        assert anchor in again.ids
    assert again.invalid == ["actions-0-emails", "actions-0-email_subject", "actions-0-email_body"]
    assert "choose at least one" in response.text
    assert "“nobody”" in response.text
    assert "did you mean {{client.name}}?" in response.text
    typed = dict(again.pairs)
    assert typed["actions-0-emails"] == "ada@example.org\r\nnobody"
    assert typed["actions-0-email_body"] == "<p>one</p><script>two</script>"
    assert typed["name"] == "Mine"
    assert ann.client.v2.get("/automation-rules").json()["workflows"] == []


def test_rows_are_added_moved_and_taken_away_without_a_script(ann: Visitor) -> None:
    ann.client.a_link()
    form = opened(ann, "/rules/new?starter=remind")

    for do in ("add-actions-call_webhook", "up-actions-1", "add-offsets", "remove-offsets-0"):
        form = Editor(sent(ann, "/rules/new", form.sent(do)).text)
    assert form.focus == ["add-offsets"]
    response = sent(ann, "/rules/new", form.sent("add-conditions", new_condition="booking.weekday"))
    form = Editor(response.text)
    assert form.focus == ["conditions-0-operator"]
    fields = {"conditions__0__value": "monday", "actions__0__url": CALL["url"]}

    rule = rule_at(ann, sent(ann, "/rules/new", form.sent("save", **fields)).headers["location"])

    assert [action["type"] for action in rule["actions"]] == ["call_webhook", "send_email"]
    assert rule["offset_minutes"] == 60
    assert rule["conditions"] == [{"field": "booking.weekday", "operator": "is_one_of", "value": ["monday"]}]


def test_links_are_found_among_many(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.web.rule_form.MOST_LINKS_SHOWN", 2)
    links = [ann.client.a_link(slug=f"link-{number}", name=f"Link number {number}") for number in range(5)]
    form = opened(ann, "/rules/new")
    assert "And 3 more" in ann.last

    response = sent(ann, "/rules/new", form.sent("find", link_search="number 4", link=links[0]["id"]))

    assert "Link number 4" in response.text
    assert "Link number 3" not in response.text
    assert ("link", links[0]["id"]) in Editor(response.text).pairs
    assert "No link has such a name" not in response.text
    assert sent(ann, "/rules/new", form.sent("find", link_search="\0")).status_code == 200


def test_what_somebody_else_changed_is_not_lost_unseen(ann: Visitor) -> None:
    rule = a_rule(ann)
    path = f"/rules/{rule['id']}/edit"
    form = opened(ann, path)
    ann.client.v2.patch(f"/automation-rules/{rule['id']}", {"name": "Theirs"})

    response = sent(ann, path, form.sent("save", name="Mine"))

    assert response.status_code == 409
    assert "Somebody else has changed this rule" in response.text
    assert "<del>Tell all</del> <ins>Theirs</ins>" in response.text
    assert "Save anyway" in response.text
    assert dict(Editor(response.text).pairs)["name"] == "Mine"
    assert rule_at(ann, f"/rules/{rule['id']}")["name"] == "Theirs"
    ann.client.v2.patch(f"/automation-rules/{rule['id']}", {"name": "Theirs again"})
    assert sent(ann, path, Editor(response.text).sent("save")).status_code == 409
    form = Editor(ann.last)
    assert sent(ann, path, form.sent("save")).status_code == 303
    assert rule_at(ann, f"/rules/{rule['id']}")["name"] == "Mine"


def test_a_rule_is_duplicated(ann: Visitor) -> None:
    rule = a_rule(ann, **RICH)
    form = opened(ann, f"/rules/new?from={rule['id']}")

    copy = rule_at(ann, sent(ann, "/rules/new", form.sent("save")).headers["location"])

    assert copy["name"] == "Tell all (copy)"
    assert copy["id"] != rule["id"]
    same = ("event", "meeting_ids", "actions", "conditions", "offset_minutes", "enabled")
    assert {name: copy[name] for name in same} == {name: rule[name] for name in same}
    assert ann.get("/rules/new?from=nothing").status_code == 404


def test_what_saving_will_do_to_coming_bookings_is_told_and_not_done(ann: Visitor) -> None:
    rule = a_rule(ann, event="before_meeting_starts")
    ann.client.book()
    path = f"/rules/{rule['id']}/edit"
    form = opened(ann, path)
    waiting = ann.client.v2.get("/deliveries", state="scheduled").json()["deliveries"]

    response = sent(ann, path, form.sent("effect", enabled=""))

    assert response.status_code == 200
    assert "What this will do" in response.text
    assert f"<strong>{len(waiting)}</strong>" in response.text
    assert "will be withdrawn" in response.text
    assert ann.client.v2.get("/deliveries", state="scheduled").json()["deliveries"] == waiting
    assert ann.client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]["revision"] == 1


def test_what_was_typed_for_a_rule_that_is_deleted_meanwhile_can_be_saved_as_a_new_one(ann: Visitor) -> None:
    rule = a_rule(ann)
    path = f"/rules/{rule['id']}/edit"
    form = opened(ann, path)
    ann.client.v2.delete(f"/automation-rules/{rule['id']}")

    response = sent(ann, path, form.sent("save", name="Mine"))

    assert response.status_code == 404
    assert "can be saved as a new one" in response.text
    again = sent(ann, "/rules/new", Editor(response.text).sent("save"))
    assert rule_at(ann, again.headers["location"])["name"] == "Mine"


def test_a_test_is_sent_to_whoever_asks_if_a_member(ann: Visitor) -> None:
    ann.client.a_link(hosts=["ann@example.com"])
    form = opened(ann, "/rules/new?starter=invite-client")

    booking = ann.client.book(name="Grace Hopper")

    response = sent(ann, "/rules/new", form.sent("test", preview_booking=booking["id"]))

    assert "1 test message is on the way to ann@example.com." in response.text
    ann.client.drain()
    (letter,) = ann.client.letterbox.letters("ann@example.com")
    assert letter["Subject"].startswith("[Test] ")
    assert "Hello Grace," in letter.as_string()
    assert ann.client.v2.get("/automation-rules").json()["workflows"] == []


def test_whoever_is_no_member_is_told_why_there_is_no_test(ann: Visitor) -> None:
    ann.client.a_link()
    form = opened(ann, "/rules/new?starter=invite-client")

    response = sent(ann, "/rules/new", form.sent("test"))

    assert response.status_code == 422
    assert "must be the address of a team member" in response.text


@pytest.mark.parametrize(
    ("entry", "ok", "says"),
    [
        ("ada@example.org", True, ""),
        (" {{client.email}} ", True, "the client of the booking"),
        ("{{guest.emails}}", True, "all guests of the booking"),
        ("{{client.name}}", False, "of variables only"),
        ("ada", False, "@"),
        ("", False, "write an address"),
    ],
)
def test_a_recipient_is_looked_at_while_it_is_typed(ann: Visitor, entry: str, ok: bool, says: str) -> None:
    found = ann.get(f"/rules/check-recipient?entry={entry}").json()

    assert found["ok"] is ok
    assert says in found["says"]


def test_viewers_see_no_buttons_and_are_refused(client: Client) -> None:
    vic = signed_in(client, role="viewer")
    rule = a_rule(vic)
    page, listed = text(vic, f"/rules/{rule['id']}"), text(vic, "/rules")

    assert "New rule" not in listed
    assert not any(word in page for word in ("Edit", "Duplicate", "Delete"))
    for path in ("/rules/new", f"/rules/{rule['id']}/edit", "/rules/check-recipient?entry=a"):
        assert vic.get(path).status_code == 403
    vic.get("/rules")
    for path in ("/rules/new", f"/rules/{rule['id']}/edit", f"/rules/{rule['id']}/delete", "/rules/preview"):
        vic.get("/rules")
        assert vic.post(path, {"sure": "yes", "do": "save"}).status_code == 403


def test_a_rule_of_another_workspace_is_not_there(ann: Visitor) -> None:
    neighbour = ann.client.neighbour()
    rule = neighbour.a_rule(neighbour.a_link())
    ann.get("/rules")

    assert ann.get(f"/rules/{rule['id']}/edit").status_code == 404
    assert ann.get(f"/rules/new?from={rule['id']}").status_code == 404
    ann.get("/rules")
    assert ann.post(f"/rules/{rule['id']}/delete", {"sure": "yes"}).status_code == 404
    ann.get("/rules")
    assert ann.post(f"/rules/{rule['id']}/edit", {"do": "save"}).status_code == 404
