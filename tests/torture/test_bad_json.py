"""A21: bodies that are no JSON, or too much of it: refused alike by both stores, told why, and nothing is stored."""

from collections.abc import Iterator
from random import Random

from tests.faces.client import Client, rule_body
from tests.faces.test_bad_input import NOBODY, TABLE, Entry, _body_of, _id, ask
from tests.torture.bodies import Body, bodies, flipped
from tests.torture.rig import Rig
from tests.torture.tenants import some

_BODIED = [entry for entry in TABLE if entry[1].body and entry[0].number == 2]  # v1 reads bodies by the same code
_RULES = next(entry for entry in _BODIED if _id(entry) == "POST /api/external/v2/automation-rules")


def test_bodies_that_are_no_json_are_told_why_by_both_stores(both: tuple[Client, Client], rig: Rig) -> None:
    before = [client.counts() for client in both]
    wrong, asked = list[str](), 0

    for entry in _BODIED if rig.is_nightly else [_RULES]:
        model = entry[1].body
        assert model is not None
        for body in bodies(_body_of(model, both[0]) or {"id": NOBODY}, entry[1].room):
            asked += 1
            wrong += [f"{_id(entry)}, {body.id}: {one}" for one in complaints(both, entry, body)]
    for number in range(rig.size(quick=100, nightly=5_000)):
        asked += 1
        body = flipped(rule_body(NOBODY), Random(f"A21 flipped {number}"))
        wrong += [f"{body.octets!r}: {one}" for one in complaints(both, _RULES, body)]

    assert [client.counts() for client in both] == before
    assert asked > 450
    rig.found("A21", f"{len(wrong)} of {asked:,} bodies read wrongly{some(wrong)}", is_met=not wrong)


def complaints(both: tuple[Client, Client], entry: Entry, body: Body) -> Iterator[str]:
    """Yield what is wrong with the answers to a body."""
    headers = {name.replace("-", "_"): value for name, value in body.headers.items()}
    sqlite, postgresql = (ask(client, entry, body=body.octets, **headers) for client in both)
    if (sqlite.status_code, sqlite.content) != (postgresql.status_code, postgresql.content):
        yield f"{sqlite.text[:100]} and {postgresql.text[:100]}"
    if sqlite.status_code not in body.right:
        yield f"{sqlite.status_code} {sqlite.text[:100]} and not {sorted(body.right)}"
    elif not sqlite.json()["error"] or (sqlite.status_code == 422) != bool(sqlite.json().get("field_errors")):
        yield f"{sqlite.status_code} without a reason: {sqlite.text[:100]}"
