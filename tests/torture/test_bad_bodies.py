"""A21: whatever stands in a field, both stores answer alike, never with a 5xx, and a refusal names the field."""

from random import Random
from typing import Any

from tests.faces.client import Client
from tests.faces.test_bad_input import _BODIED, CONTROLS, LONG, NOBODY, _body_of, _id, ask
from tests.torture.hostile import a_text
from tests.torture.rig import Rig
from tests.torture.tenants import some

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    -0.0,
    10**9,
    10**30,
    1e308,
    "",
    " ",
    "null",
    "true",
    "0",
    "-1",
    "NaN",
    "1e9",
    [],
    {},
    [[]],
    [None],
    [{}],
    [""],
    {"": ""},
    {"a": {"b": []}},
    LONG,
    NOBODY,
    "2026-02-30",
    "2026-11-25",
    "0001-01-01",
    "9999-12-31",
    "24:00",
    "23:59:60",
    "15:30",
    "+25:00",
    "Europe/Berlin",
    "posix/UTC",
    "../../etc",
    "America",
    "a" * 300,
    "en",
    "xx-YY",
    "ada@example.org",
    "a@b",
    "=?utf-8?q?x?=@example.org",
    "x" * 65 + "@example.org",
    "ada@example.org, eve@example.org",
    "https://example.com",
    "ftp://x",
    *CONTROLS,
)


def test_odd_values_are_answered_alike_by_both_stores_and_named(both: tuple[Client, Client], rig: Rig) -> None:
    size, wrong = rig.size(quick=250, nightly=25_000), []

    for number in range(size):
        chance = Random(f"A21 {number}")
        entry = chance.choice(_BODIED)
        model = entry[1].body
        assert model is not None
        fields = sorted(field.alias or name for name, field in model.model_fields.items())
        around = _body_of(model, both[0]) if chance.random() < 0.7 else {}
        given = {
            name: chance.choice((*ODD, a_text(chance)))
            for name in chance.sample(fields, min(len(fields), chance.randint(1, 2)))
        }

        sqlite, postgresql = (ask(client, entry, body=around | given) for client in both)

        if (sqlite.status_code, sqlite.content) != (postgresql.status_code, postgresql.content):
            wrong.append(f"{_id(entry)} {given}: {sqlite.text} and {postgresql.text}"[:300])
        if sqlite.status_code == 422 and not sqlite.json().get("field_errors"):
            wrong.append(f"{_id(entry)} {given} is refused without the name of a field"[:300])

    rig.found(
        "A21", f"{len(wrong)} of {size:,} bodies answered differently or without a name{some(wrong)}", is_met=not wrong
    )
