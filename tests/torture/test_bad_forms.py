"""A21: whatever is typed into a form, it is refused at its place or stays text wherever it is read back; never a 5xx.

The forms are those that stand on the pages, with the fields that a browser would send.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from random import Random

import httpx

from tests.faces.client import Client
from tests.torture import ways
from tests.torture.hostile import PIECES, a_text
from tests.torture.rig import Rig
from tests.torture.tenants import Tenant, settled, some
from tocsin.web.views import PAGES

# Each becomes a tag or an attribute of this name where it is not written as text.
CANARIES = (
    "<xss-canary>", '"><xss-canary>', "'><xss-canary>", "</textarea><xss-canary>", "</title><xss-canary>",
    "</script><xss-canary>",
    "</select></option><xss-canary>", "--><xss-canary>", "]]><xss-canary>", '" xss-canary="', "' xss-canary='",
    "` xss-canary=`",
    "x xss-canary=1", "<svg><xss-canary>", "<!--<xss-canary>", "&lt;xss-canary&gt;&#60;xss-canary>",
    "\u202e<xss-canary>", "{{7*7}}<xss-canary>",
    "javascript:xss-canary()", "JaVaScRiPt:xss-canary()", "data:text/html,<xss-canary>",
    "https://x.example/\"><xss-canary>",
    "ada\"><xss-canary>@example.org", "\"<xss-canary>\"@example.org", "=HYPERLINK(\"<xss-canary>\")",
    "a\0<xss-canary>", "a\n<xss-canary>",
    "<xss-canary>" * 400, "\ud800<xss-canary>", "%3Cxss-canary%3E", "\\u003cxss-canary\\u003e",
    "<a href=javascript:xss-canary()>x</a>",
)  # fmt: skip
# Whoever sends these is not signed in any more, or has no account.
_LEAVES = ("/sign-out", "/settings/me/password", "/settings/accounts", "/sign-in")
_DONE = ("save", "")  # the buttons that end a form; others add a row to it, or take one away
# What stands in a field that was empty, so that the rest of the form is taken.
RIGHT = {
    "name": "A name", "slug": "new-link", "duration": "30", "hosts": "max@example.com", "email": "zoe@example.com",
    "domain": "example.com",
    "slot_date": "2026-12-15", "slot_start_time": "16:00", "recipient": "zoe@example.org", "address": "zoe@example.org",
    "selector": "two", "reason": "a reason", "note": "a note", "time_zone": "Europe/Berlin", "first": "2026-11-01",
    "last": "2026-11-24",
    "secret": "a secret of some length", "api_token": "cal_x", "expires": "2027-01-01", "color": "#15803d",
    "actions-0-emails": "ada@example.org", "actions-0-email_subject": "S", "actions-0-email_body": "<p>B</p>",
    "actions-0-calendar_invite_subject": "S", "actions-0-calendar_invite_body": "<p>B</p>",
}  # fmt: skip
_ADDRESSES = ("href", "src", "action", "formaction", "poster", "data")
_COMPUTED = ("=", "+", "@", "\t", "\r")  # with which a cell begins that a table program would compute


@dataclass(slots=True)
class Sheet(HTMLParser):
    """A page as a browser reads it: its forms, and what has become more than text."""

    forms: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    texts: int = 0  # canaries that are read as what they are
    _open: str = ""

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.wrong += [f"<{tag} {given}>"[:200]] if "xss-canary" in (tag, *given) or _leads_out(given) else []
        self.wrong += [f"<script> of the page itself: {given}"] if tag == "script" and not given.get("src") else []
        if tag == "form":
            self.forms.append((given.get("action", "") if given.get("method", "").lower() == "post" else "", []))
        if self.forms and given.get("name") and tag in ("input", "textarea", "select", "button"):
            is_sent = given.get("type") not in ("checkbox", "radio") or "checked" in given
            is_sent = is_sent and (tag != "button" or given.get("value") in _DONE)
            self.forms[-1][1].extend([(given["name"], given.get("value", ""))] if is_sent else [])
            self._open = given["name"] if tag in ("textarea", "select") else ""
        if tag == "option" and self._open and ("selected" in given or not dict(self.forms[-1][1])[self._open]):
            self._set(given.get("value", ""))

    def handle_data(self, data: str) -> None:
        self.texts += "xss-canary" in data
        if self._open and self.get_starttag_text() and self.lasttag == "textarea":
            self._set(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag in ("textarea", "select") else self._open

    def _set(self, value: str) -> None:
        fields = self.forms[-1][1]
        fields[-1] = (self._open, value)


def _leads_out(given: dict[str, str]) -> bool:
    addresses = (given.get(name, "").strip().lower() for name in _ADDRESSES)
    return any(re.match(r"(javascript|data|vbscript):(?!,$)", one) for one in addresses)  # our icon is `data:,`


def read(answer: httpx.Response) -> Sheet:
    sheet = Sheet()
    if answer.headers.get("content-type", "").startswith("text/html"):
        sheet.feed(answer.text)
        sheet.close()
    elif answer.headers.get("content-type", "").startswith("text/csv"):
        cells = (cell for row in csv.reader(answer.text.splitlines(keepends=True)) for cell in row)
        sheet.wrong += [f"a table would compute {cell[:60]!r}" for cell in cells if cell.startswith(_COMPUTED)]
    return sheet


def sheets(tenant: Tenant) -> Iterator[tuple[str, Sheet]]:
    """Yield each page, as somebody who is signed in sees it."""
    for page in PAGES:
        if page.method == "GET":
            path = ways._path(tenant, page.path, "", "")
            answer = tenant.visitor.get(path)
            yield f"{path}: {answer.status_code}", read(answer)


def test_whatever_is_typed_into_a_form_stays_text_wherever_it_is_read_back(client: Client, rig: Rig) -> None:
    tenant, wrong, sent, texts = settled(client), list[str](), 0, 0
    forms = {action: fields for _, sheet in sheets(tenant) for action, fields in sheet.forms if action}
    assert len(forms) > 25

    for number in range(rig.size(quick=1, nightly=40)):
        for action, fields in forms.items():
            if action.startswith(_LEAVES):
                continue
            for at, (name, _) in enumerate(fields):
                if name == "_token":
                    continue
                text = _text(number + at + len(action), Random(f"A21 form {number} {action} {name}"))
                sent += 1
                wrong += [f"{action} {name}={text[:40]!r}: {one}" for one in posted(tenant, action, fields, at, text)]
        for where, sheet in sheets(tenant):
            wrong += [f"{where}: {one}" for one in sheet.wrong]
            texts += sheet.texts

    assert texts > 100  # so that some of it was taken
    assert tenant.visitor.get("/overview").status_code == 200  # so that all of it was seen by somebody
    rig.found("A21", f"{len(wrong)} of {sent:,} fields of forms became more than text{some(wrong)}", is_met=not wrong)


def _text(number: int, chance: Random) -> str:
    """Return a canary; in a third of all cases another hostile text with one behind it."""
    if number % 3:
        return CANARIES[number % len(CANARIES)]
    return (a_text(chance) if chance.random() < 0.8 else chance.choice(PIECES)) + "<xss-canary>"


def posted(tenant: Tenant, action: str, fields: list[tuple[str, str]], at: int, text: str) -> Iterator[str]:
    """Send a form with a text in one field; yield what is wrong with the answer."""
    token = tenant.own["token"]
    pairs = [(name, token if name == "_token" else value or RIGHT.get(name, "")) for name, value in fields]
    pairs[at] = (fields[at][0], text.encode("utf-8", "replace").decode())
    answer = tenant.visitor.post_pairs(action, pairs)
    if answer.status_code not in (200, 303, 400, 403, 404, 409, 413, 422):
        yield f"{answer.status_code}"
    if "/sign-in" in answer.headers.get("location", ""):
        yield "it was sent by nobody"
    if answer.status_code == 303:
        fields[at] = pairs[at]  # it stays, so that the pages show it
    yield from read(answer).wrong
