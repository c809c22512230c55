"""Passwords as the database keeps them."""

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from tocsin.formats import passwords

SALT = bytes(range(16))
PASSWORD = "correct horse battery"


def test_a_hash_matches_its_password_and_no_other() -> None:
    kept = passwords.hashed(PASSWORD, salt=SALT)

    assert passwords.matches(PASSWORD, kept)
    assert not passwords.matches(PASSWORD + " ", kept)
    assert PASSWORD not in kept


def test_the_hash_is_the_librarys_own_with_the_cost_that_is_advised() -> None:
    kept = passwords.hashed(PASSWORD, salt=SALT)
    cost = extract_parameters(kept)

    assert PasswordHasher().verify(kept, PASSWORD)
    assert (cost.type, cost.time_cost, cost.memory_cost, cost.parallelism) == (Type.ID, 2, 19_456, 1)


def test_another_salt_makes_another_hash() -> None:
    assert passwords.hashed(PASSWORD, salt=SALT) != passwords.hashed(PASSWORD, salt=bytes(16))


def test_how_an_accent_is_typed_does_not_matter() -> None:
    assert passwords.matches("cafe\u0301 au lait 12", passwords.hashed("caf\u00e9 au lait 12", salt=SALT))


@pytest.mark.parametrize("password", [PASSWORD, "", "nobody has this password", "\ud800", "x" * 100_000])
def test_nothing_matches_where_there_is_no_account(password: str) -> None:
    assert not passwords.matches(password, None)


@pytest.mark.parametrize(
    "password", ["1qaz2wsx3edc", "QwertyQwerty", "qwerty123456", "leavemealone", "123456654321", "SonyEricsson"]
)
def test_what_is_tried_first_everywhere_is_known_whatever_its_case(password: str) -> None:
    assert passwords.is_common(password)
    assert not passwords.is_common(password + " and a kettle")


def test_at_least_three_thousand_passwords_of_the_length_that_is_asked_for_are_known() -> None:
    assert len(passwords._common()) >= 3_000
    assert not passwords.is_common(PASSWORD)
