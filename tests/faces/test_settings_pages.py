"""The settings: how one gets around, who sees which buttons, and the pages of the workspace and its limits."""

import re

import pytest

from tests.builders import NOON
from tests.faces.client import Client
from tests.faces.test_signed_pages import a_booking, text, told
from tests.faces.visitor import Visitor, signed_in
from tocsin.domain.accounts import Role
from tocsin.domain.model import WorkspaceId
from tocsin.domain.pause import Pause
from tocsin.services import administration_recipients
from tocsin.services.administration_recipients import RecipientsOffice
from tocsin.web.navigation import ENTRIES
from tocsin.web.views import PAGES

LISTS = [entry.path for entry in ENTRIES]


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(client)


@pytest.fixture
def vic(client: Client) -> Visitor:
    """Give a viewer who is signed in."""
    return signed_in(client, "vic@example.com", role="viewer")


@pytest.mark.parametrize("path", LISTS)
def test_each_page_says_where_one_is(ann: Visitor, path: str) -> None:
    page = ann.get(path).text

    assert re.findall(r'<a href="([^"]*)" aria-current="page">', page) == ["/settings", "/settings", path]
    assert all(f'href="{other}"' in page for other in LISTS)


def test_a_page_below_a_list_belongs_to_it(ann: Visitor) -> None:
    link = ann.client.a_link()

    assert '<a href="/settings/links" aria-current="page">' in ann.get(f"/settings/links/{link['id']}").text


def test_nobody_sees_settings_without_signing_in(client: Client) -> None:
    for path in LISTS:
        assert Visitor(client=client).get(path).headers["location"] == f"/sign-in?next={path}"


@pytest.mark.parametrize("path", [path for path in LISTS if path not in ("/settings/me", "/settings/audit")])
def test_a_viewer_looks_at_all_of_it_and_has_no_buttons_that_change_anything(vic: Visitor, path: str) -> None:
    vic.client.a_link()
    vic.client.v2.post("/suppressions", {"recipient": "bob@example.org"})
    vic.client.v2.put("/recipients/bob@example.org", {"time_zone": "Asia/Tokyo"})
    page = vic.get(path)

    assert page.status_code == 200
    assert set(re.findall(r'<form method="post" action="([^"]*)"', page.text)) == {"/sign-out"}
    assert 'href="/settings/links/new"' not in page.text
    assert 'href="/settings/keys"' in page.text
    assert 'href="/settings/audit"' not in page.text


def test_the_audit_log_is_for_admins_alone(vic: Visitor) -> None:
    assert vic.get("/settings/audit").status_code == 403


def test_a_viewer_who_sends_a_form_of_an_admin_is_refused(vic: Visitor) -> None:
    deeds = [page for page in PAGES if page.method == "POST" and page.path.startswith("/settings")]
    refused = {page.path for page in deeds if page.role is Role.ADMIN}

    assert all(path.startswith("/settings/me/") for path in {page.path for page in deeds} - refused)
    for path in refused:
        vic.get("/overview")
        assert vic.post(path.replace("{id}", "x")).status_code == 403
    assert vic.get("/settings/links/new").status_code == 403
    assert vic.get("/bookings/new").status_code == 403


# Workspace


def test_the_workspace_is_renamed_moved_and_spoken_to_in_another_language(ann: Visitor) -> None:
    assert "Tuesday, 24 November 2026 at 13:00 (Europe/Berlin, GMT+1)" in text(ann, "/settings")

    page = told(ann, "/settings/workspace", {"name": "Acme & Söhne", "time_zone": "Asia/Kathmandu", "locale": "de"})

    assert "It is saved." in page
    assert "Acme & Söhne" in page
    assert "Dienstag, 24. November 2026 um 17:45 (Asia/Kathmandu, GMT+5:45)" in page
    assert "Times in Asia/Kathmandu" in page


def test_what_was_sent_today_is_told(ann: Visitor) -> None:
    assert "0 messages sent today" in text(ann, "/settings")
    a_booking(ann)
    ann.client.drain()

    assert "1 message sent today" in text(ann, "/settings")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "fill this in"),
        ("name", "x" * 300, "at most 255"),
        ("time_zone", "Berlin", "did you mean Europe/Berlin?"),
        ("time_zone", "", "fill this in"),
        ("locale", "klingon", "is no language that dates can be written in"),
    ],
)
def test_what_a_workspace_cannot_be_is_told_in_its_place(ann: Visitor, field: str, value: str, words: str) -> None:
    ann.get("/settings")
    good = {"name": "Other", "time_zone": "Asia/Tokyo", "locale": "ja"}

    response = ann.post("/settings/workspace", good | {field: value})

    assert response.status_code == 422
    wrong = re.search(rf'<span class="error" id="workspace-{field}-said">([^<]*)</span>', response.text)
    assert wrong is not None
    assert words in wrong[1]
    assert "Times in Europe/Berlin" in text(ann, "/settings")


def test_a_change_stays_in_its_own_workspace(ann: Visitor) -> None:
    bob = signed_in(ann.client.neighbour(), "bob@example.com")
    ann.get("/settings")

    told(ann, "/settings/workspace", {"name": "Mine", "time_zone": "Asia/Tokyo", "locale": "en"})

    assert "Times in Europe/Berlin" in text(bob, "/settings")


# Limits


def test_limits_say_what_is_used_and_left_and_who_set_them(ann: Visitor) -> None:
    office = RecipientsOffice(office=ann.client.app.office, limits=ann.client.app.settings.limits)
    values = {"subdomain": "acme", "workspace": "1/day", "recipient": None, "domain": None, "reset": False}
    administration_recipients.run(office, "workspace limits", values)
    a_booking(ann)
    ann.client.drain()

    page = text(ann, "/settings/limits")

    assert "1/day for the whole workspace 1 1 0 frees 25 Nov 2026, 14:00 the operator, for this workspace" in page
    assert "to one recipient counts for each" in page
    assert "tocsin workspace limits acme" in page
    assert "to one recipient 1 1" in text(ann, "/settings/limits?recipient=ada@example.org")


def test_a_pause_says_why_and_how_to_go_on(ann: Visitor) -> None:
    assert "Sending is not paused" in text(ann, "/settings/limits")
    with ann.client.app.store.transaction(ann_workspace(ann)) as tx:
        tx.usage.lock()
        tx.usage.set_pause(Pause(since_at=NOON, because="30 of 600 messages of the last 7 days bounced"))

    page = text(ann, "/settings/limits")

    assert "Sending is paused since 24 Nov 2026, 13:00 : 30 of 600 messages of the last 7 days bounced" in page
    assert "tocsin workspace resume acme" in page


def ann_workspace(ann: Visitor) -> WorkspaceId:
    with ann.client.app.store.directory() as directory:
        found = directory.by_subdomain(ann.client.subdomain)
    assert found is not None
    return found.id
