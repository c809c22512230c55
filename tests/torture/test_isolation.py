"""A18: whatever one workspace asks for with ids of another, it is answered as if there were no such thing.

The ways to ask come from the tables of routes, pages, tools and commands. What is asked for is every id that stands in any
row of the other workspace, whatever it is the id of. Afterwards not one octet of the other's rows is different.
"""

from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest

from tests.faces.client import Client
from tests.faces.test_audit import EVERY_COMMAND
from tests.faces.test_bad_input import NOBODY
from tests.faces.visitor import Visitor
from tests.sources.senders import KINDS, bookings, connected_to, first, octets
from tests.torture import commands, ways
from tests.torture.rig import Rig
from tests.torture.tenants import CANARY, Tenant, settled, some
from tests.torture.ways import Said, Way
from tocsin.api import app as api
from tocsin.mcp.table import TOOLS
from tocsin.storage.database import Database
from tocsin.web.views import PAGES

FACES = {
    "api": ways.of_the_api,
    "mcp": ways.of_the_tools,
    "page": ways.of_the_pages,
    "command": commands.of_the_commands,
}


@pytest.mark.parametrize("face", FACES)
def test_ids_of_another_workspace_are_answered_like_ids_of_nothing(
    client: Client, database: Database, rig: Rig, face: str
) -> None:
    theirs, mine = settled(client), settled(client.neighbour())
    before = theirs.kept(database)
    both = {*mine.ids(database)}
    ids = [one for one in theirs.ids(database) if one not in both]
    asked = ids[: rig.size(quick=10, nightly=len(ids))]
    found = [leak for way in FACES[face](mine) for leak in leaks(way, asked, of=theirs)]

    assert theirs.kept(database) == before
    assert mine.visitor.get("/overview").status_code == 200  # so that not all was asked by nobody
    leaked = [leak for leak in found if leak]
    rig.found("A18", f"{len(leaked)} leaks in {len(found):,} questions by {face}{some(leaked)}", is_met=not leaked)


def leaks(way: Way, ids: list[str], *, of: Tenant) -> list[str]:
    """Ask in one way; return for each question what is wrong with the answer, or nothing."""
    nothing = way.ask(NOBODY)
    answers = {one: way.ask(one) for one in ids if way.place} | {NOBODY: nothing}
    words = (f"{CANARY} {of.client.subdomain}", f"eve.{of.client.subdomain}", f"slug-{of.client.subdomain}")
    return [
        f"{way} {one}"
        if _without(answer, one) != nothing or any(word in _without(answer, one)[1] for word in words)
        else ""
        for one, answer in answers.items()
    ]


def _without(answer: Said, one: str) -> Said:
    """Return an answer with the id that was asked for taken out of it."""
    status, text = answer
    for spelt in (one, quote(one), quote_plus(one)):
        text = text.replace(spelt, NOBODY)
    return status, text


def test_the_ids_that_are_asked_for_are_real(client: Client, database: Database) -> None:
    acme = settled(client)
    reading = [way for way in ways.of_the_api(acme) if way.name.startswith("GET") and way.place.startswith("path.")]
    ids = [*acme.ids(database), "eve@example.net"]

    missed = [str(way) for way in reading if all(way.ask(one)[0] == 404 for one in ids)]

    assert len(ids) > 30
    assert missed == []


def test_no_route_page_tool_or_command_is_left_out(client: Client) -> None:
    mine = settled(client)
    asked = {face: {way.name for way in of(mine)} for face, of in FACES.items()}

    assert asked["mcp"] | {"create_rule"} == {tool.name for tool in TOOLS}
    assert set(commands.PLACES) | set(commands.APART) == set(EVERY_COMMAND) | {"held list", "held send", "held done"}
    assert not set(commands.PLACES) & set(commands.APART)
    # What takes no id at all is only asked by the next test, at the host of the other.
    without = {f"{page.method} {page.path}" for page in PAGES} - asked["page"]
    assert not [name for name in without if "{" in name]
    without = {f"{route.method} {version.path(route.path)}" for version, route in api.table()} - asked["api"]
    assert not [name for name in without if "{" in name]


def test_keys_and_sessions_are_no_use_at_the_host_of_another_workspace(
    client: Client, database: Database, rig: Rig
) -> None:
    theirs, mine = settled(client), settled(client.neighbour())
    before = theirs.kept(database), mine.kept(database)
    wrong, number = [], 0

    for one, other in ((theirs, mine), (mine, theirs)):
        there = replace(one.client, subdomain=other.client.subdomain)
        intruder = replace(one, client=there, visitor=Visitor(client=there, cookie=one.visitor.cookie), own=other.own)
        for version, route in api.table():
            number += 1
            status, _ = ways._call(intruder, (version, route, ""), "")
            wrong += [] if status == 401 else [f"{route.method} {version.path(route.path)}: {status}"]
        for page in PAGES:
            if page.role is not None:
                number += 1
                status, text = ways._visit(intruder, (page, ""), "")
                is_shut = (status, "/sign-in" in text) == (303, True) or status == 403
                wrong += [] if is_shut else [f"{page.method} {page.path}: {status}"]

    assert (theirs.kept(database), mine.kept(database)) == before
    rig.found("A18", f"{len(wrong)} of {number:,} open at the host of another{some(wrong)}", is_met=not wrong)


def test_calls_of_a_source_count_only_where_the_source_is(client: Client, rig: Rig) -> None:
    globex = client.neighbour()
    ours = {kind: connected_to(client, kind) for kind in KINDS}
    theirs = {kind: connected_to(globex, kind) for kind in KINDS}
    before, statuses = client.counts(), []

    for kind in KINDS:
        body = first(kind)
        signed = ours[kind].signed(body)
        raw = octets(kind, body)
        statuses += [
            globex.root.send("POST", ours[kind].path, raw, headers=signed).status_code,
            client.root.send("POST", theirs[kind].path, raw, headers=signed).status_code,
            *(
                client.root.send("POST", ours[other].path, raw, headers=signed).status_code
                for other in KINDS
                if other != kind
            ),
        ]

    assert client.counts() == before
    assert (bookings(client), bookings(globex)) == ([], [])
    taken = [status for status in statuses if status not in (401, 404)]
    rig.found("A18", f"{len(taken)} of {len(statuses)} calls taken at an address of another", is_met=not taken)
