"""What may stand in a log: no secret, and instead of an address the same name each time."""

import re

import pytest

from tests.builders import a_delivery
from tocsin.domain.actions.types import ActionType
from tocsin.domain.discretion import HIDDEN, LONGEST, PERSON, Discretion, in_one_line, log_key

SECRET = b"a secret of an installation, 32 octets"
OURS = Discretion(key=log_key(SECRET), secrets=("hunter2hunter2", "abc"))
NAME = re.compile(r"person-[0-9a-f]{16}")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("no room for ada@example.org, try later", "ada@example.org"),
        ("550 <Ada@EXAMPLE.org>... nobody", "ada@example.org"),
        ("email=ada@example.org", "ada@example.org"),
        ("mailto:ada+x@example.org?subject=x", "ada+x@example.org"),
        ("value 'o'brien@example.org' is wrong", "o'brien@example.org"),
        ('"ada b"@example.org', '"ada b"@example.org'),
        ("GET /people/ada%40example.org", "ada@example.org"),
        ("invites@localhost", "invites@localhost"),
        ("zoë@bücher.example.", "zoë@bücher.example"),
        ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
    ],
)
def test_instead_of_an_address_stands_the_persons_name(text: str, address: str) -> None:
    told = OURS.told(text)

    assert OURS.name_of(address) in told
    assert "@" not in told
    assert "ada" not in told.lower()


def test_a_name_is_the_same_within_an_installation_and_another_elsewhere() -> None:
    there = Discretion(key=log_key(b"another secret of another installation"))

    assert NAME.fullmatch(OURS.name_of("ada@example.org"))
    assert OURS.name_of("ada@example.org") == OURS.name_of("ADA@example.org")
    assert OURS.name_of("ada@example.org") != there.name_of("ada@example.org")
    assert OURS.told_all({PERSON: "'odd one'@x"})[PERSON] == OURS.name_of("'odd one'@x")


@pytest.mark.parametrize(
    "text",
    [
        "it said hunter2hunter2 twice: hunter2hunter2",
        "smtp://user:hunter3@mail.example:587 is away",
        "the key tocsin_a1b2_CANARYcanary00CANARY opens it",
        "whsec_CANARY+/canary==",
        "Authorization: Bearer CANARY.canary",
        "basic Q0FOQVJZ",
        "conninfo: host=db password=CANARY user=x",
        '{"client_secret": "CANARY", "a": 1}',
        "GET /in/" + "canary22" * 6 + "abcd",
        "/opt-out/" + "CANARY_-" * 8,
        "duplicate key value\nDETAIL:  Key (name)=(CANARY) already exists.\nHINT: none",
        "Input should be an integer [type=int, input_value='CANARY', input_type=str]",
    ],
)
def test_what_opens_something_is_hidden_wherever_it_came_from(text: str) -> None:
    told = OURS.told(text)

    assert HIDDEN in told
    assert not re.search(r"hunter[23]|canary|Q0FOQVJZ", told, re.IGNORECASE)


def test_a_sentence_without_secrets_stays_as_it_is() -> None:
    sentence = "attempt 2 of delivery 0192f0c1-7a3b-7c4d-8e5f-0123456789ab: temporary (451), abc of /work/x.py:12"

    assert OURS.told(sentence) == sentence
    assert OURS.told_all({"code": 451, "is_last": True, "none": None, "when": "later"}) == {
        "code": 451,
        "is_last": True,
        "none": None,
        "when": "later",
    }


def test_secrets_are_not_in_its_own_description() -> None:
    assert "hunter2" not in repr(OURS)


def test_of_a_long_text_the_middle_is_left_out() -> None:
    told = OURS.told("begin " + "x, " * LONGEST + "end")

    assert told.startswith("begin ")
    assert told.endswith(" end")
    assert "characters ..." in told
    assert len(told) < LONGEST + 100


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain words", "plain words"),
        ("one\ntwo\r\n", "one\\ntwo\\r\\n"),
        ("\x1b[31mred\x00\u2028next\u202e", "\\x1b[31mred\\x00\\u2028next\\u202e"),
        ("zoë \N{GRINNING FACE}", "zoë \N{GRINNING FACE}"),
    ],
)
def test_what_could_look_like_another_line_is_written_as_an_escape(text: str, line: str) -> None:
    assert in_one_line(text) == line


def test_a_line_about_a_delivery_names_the_person_but_not_the_url_of_a_webhook() -> None:
    mail, call = a_delivery(), a_delivery(action=ActionType.CALL_WEBHOOK, recipient="https://hooks.example.org/secret")

    assert set(mail.in_logs) == {"workspace", "delivery", "booking", "rule", PERSON}
    assert OURS.told_all(mail.in_logs)[PERSON] == OURS.name_of(mail.recipient)
    assert set(call.in_logs) == {"workspace", "delivery", "booking", "rule"}
