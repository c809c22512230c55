import inspect

import pytest

from tocsin.domain import errors
from tocsin.domain.errors import (
    AuthenticationError,
    InvalidInputError,
    Problem,
    RateLimitedError,
    TocsinError,
    UnavailableError,
)

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, TocsinError)]


def test_each_error_has_a_code_of_its_own() -> None:
    codes = [cls.code for cls in CLASSES]

    assert len(set(codes)) == len(codes) > 10


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_tree_at_the_top_of_the_module_names_each_error_with_its_code(cls: type[TocsinError]) -> None:
    assert errors.__doc__ is not None

    lines = [line for line in errors.__doc__.splitlines() if cls.__name__ in line.split()]

    assert len(lines) == 1
    assert cls is TocsinError or cls.code in lines[0].split()


def test_an_invalid_input_names_every_wrong_field() -> None:
    error = InvalidInputError([Problem(field="name", message="is empty"), Problem(field="event", message="is unknown")])

    assert str(error) == "name: is empty; event: is unknown"
    assert [problem.field for problem in error.problems] == ["name", "event"]


def test_an_invalid_input_of_one_field_is_shorter_to_say() -> None:
    error = InvalidInputError.of("actions[0].emails[1]", "is not an address")

    assert error.problems == (Problem(field="actions[0].emails[1]", message="is not an address"),)


def test_a_failed_authentication_says_the_same_whatever_was_wrong() -> None:
    assert str(AuthenticationError()) == "Could not authenticate, invalid API Key"


def test_who_must_wait_is_told_how_many_seconds() -> None:
    assert RateLimitedError("too many", retry_after=7).retry_after == 7
    assert UnavailableError("busy").retry_after == 1
    assert UnavailableError("busy", retry_after=5).retry_after == 5
