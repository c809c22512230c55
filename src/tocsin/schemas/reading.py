"""Reading what was sent: every wrong field at once, each with its path and a sentence that says what would be right."""

import difflib
from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tocsin.domain.errors import InvalidInputError, Problem
from tocsin.domain.text import one_line

M = TypeVar("M", bound=BaseModel)
TAG = "="  # begins the name of one of several models in a place; no field of ours begins so

_SENTENCES = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_unicode": "holds half a character (a lone surrogate); remove it",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "finite_number": "must be a finite number",
}


def tag(model: type[BaseModel]) -> str:
    """Return what names a model where it is one of several."""
    return f"{TAG}{model.__name__}"


def read(model: type[M], sent: Mapping[str, object], *, context: Mapping[str, object] | None = None) -> M:
    """Return `sent` as `model`, whose fields may ask for `context`. Raises InvalidInputError naming every wrong field."""
    found, wrong = read_with_problems(model, sent, context=context)
    if found is None:
        raise InvalidInputError(wrong)
    return found


def read_with_problems(
    model: type[M], sent: Mapping[str, object], *, context: Mapping[str, object] | None = None
) -> tuple[M | None, list[Problem]]:
    """Return `sent` as `model`, or None and what is wrong with it, for callers who have more to check."""
    try:
        return model.model_validate(sent, context=context), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, [_problem(model, detail) for detail in details]


def _problem(model: type[BaseModel], detail: ErrorDetails) -> Problem:
    location = _as_sent(model, _untagged(detail["loc"]))
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    field = one_line(path).strip() or "body"  # the name of an unknown field can be anything
    if detail["type"] == "extra_forbidden":
        return Problem(field=field, message=_unknown(model, detail["loc"], location))
    if detail["type"] == "value_error":
        return Problem(field=field, message=str(detail["ctx"]["error"]))
    context = dict(detail.get("ctx", {}))
    context["expected"] = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    sentence = _SENTENCES.get(detail["type"], detail["msg"])
    return Problem(field=field, message=sentence.format(**context))


def _untagged(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return `location` without what pydantic puts behind a place in a list to tell which of several models was taken."""
    # The name of an unknown field can be anything, that of a model too; but only what is behind a place in a list is a tag.
    return tuple(part for before, part in zip((None, *location), location, strict=False) if not _is_tag(before, part))


def _is_tag(before: int | str | None, part: int | str) -> bool:
    return isinstance(before, int) and isinstance(part, str) and part.startswith(TAG)


def _as_sent(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return `location` with the name that the wire has; of a default pydantic gives the model's own."""
    field = model.model_fields.get(str(location[0])) if location else None
    return (field.alias, *location[1:]) if field is not None and field.alias else location


def _unknown(model: type[BaseModel], tagged: tuple[int | str, ...], location: tuple[int | str, ...]) -> str:
    names = list(_fields(model, tagged[:-1]))
    near = difflib.get_close_matches(str(location[-1]), names, n=1, cutoff=0.0)
    return f"is not a field here; did you mean {near[0]}?"


def _fields(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the names of the fields of the model that stands at `path` inside `model`."""
    several: list[type[BaseModel]] = []
    for before, part in zip((None, *path), path, strict=False):
        if _is_tag(before, part):
            model = next((one for one in several if tag(one) == part), model)
        elif isinstance(part, str):
            several = list(_models(model.model_fields[part].annotation))
            model = next(iter(several), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models that `annotation` speaks of, however deep: `Annotated[list[Model], …] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)
