"""Where an address stands in a text, and what takes its place when its owner is erased."""

import json

import pytest

from tests.builders import WORKSPACE_ID
from tocsin.domain.person import finder, tombstone

ADDRESS = "ann@example.net"


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS,
        "ANN@Example.NET",
        f"to <{ADDRESS}>.",
        f"r1/booking/0/{ADDRESS}",
        f"/opt-out?address={ADDRESS}&x=1",
        "https://x/recipients/ann%40example.net",
        json.dumps({"text": f"Dear\n{ADDRESS}\n"}),
        json.dumps([ADDRESS]),
        f"mailto:{ADDRESS}",
    ],
)
def test_an_address_is_found_wherever_it_stands(text: str) -> None:
    assert finder(ADDRESS).search(text)
    assert "ann" not in finder(ADDRESS).sub("x", text).casefold()


@pytest.mark.parametrize(
    "text", ["joann@example.net", "jo.ann@example.net", "jo-ann@example.net", "ann@example.net.org", "ann@example.nets"]
)
def test_another_address_is_left_alone(text: str) -> None:
    assert finder(ADDRESS).search(text) is None


def test_letters_that_mean_something_in_a_pattern_are_letters_of_an_address() -> None:
    found = finder("a.b+c*$^{1}|@example.net")

    assert found.search("to a.b+c*$^{1}|@example.net")
    assert found.search("to axbbc@example.net") is None
    assert finder("a.b@example.net").search("axb@example.net") is None


def test_letters_that_json_escapes_are_found() -> None:
    assert finder("zoë@example.net").search(json.dumps("zoë@example.net"))


def test_what_stands_for_it_is_always_the_same_and_tells_nothing() -> None:
    stone = tombstone(ADDRESS, workspace_id=WORKSPACE_ID, key=b"k")

    assert stone == tombstone("Ann@Example.net", workspace_id=WORKSPACE_ID, key=b"k")
    assert stone != tombstone(ADDRESS, workspace_id=WORKSPACE_ID, key=b"l")
    assert "ann" not in stone
    assert stone.endswith("@erased.invalid")
