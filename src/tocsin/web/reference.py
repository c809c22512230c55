"""The OpenAPI document as a person reads it: operations in groups, each with its fields."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One parameter, or one field of a body."""

    name: str
    place: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    fields: tuple[Field, ...]
    responses: tuple[tuple[str, str], ...]


def sections(document: dict[str, Any]) -> dict[str, list[Operation]]:
    """Return the operations of the newest version of each path, in groups; v1 is the same in its own spelling.

    Where there is a PATCH, PUT is the same.
    """
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "/v1/" not in path and (method != "put" or "patch" not in methods):
                group = operation["tags"][0]
                found.setdefault(group, []).append(_operation(document, path, method, operation))
    return found


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Operation:
    fields = [
        Field(
            name=parameter["name"],
            place=parameter["in"],
            kind=_kind(parameter["schema"]),
            required=parameter["required"],
            description=parameter["schema"].get("description", ""),
        )
        for parameter in operation["parameters"]
    ]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is not None:
        fields += _body_fields(document, _resolved(document, content["schema"]), prefix="")
    responses = tuple((status, response["description"]) for status, response in operation["responses"].items())
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        fields=tuple(fields),
        responses=responses,
    )


def _body_fields(document: dict[str, Any], schema: dict[str, Any], *, prefix: str) -> list[Field]:
    fields = []
    required = schema.get("required", [])
    for name, shape in schema.get("properties", {}).items():
        description = shape.get("description", "")
        fields.append(
            Field(
                name=prefix + name, place="body", kind=_kind(shape), required=name in required, description=description
            )
        )
        inner = _resolved(document, shape.get("items", {}))
        fields += _body_fields(document, inner, prefix=f"{prefix}{name}[].")
        if "$ref" in shape:
            fields += _body_fields(document, _resolved(document, shape), prefix=f"{prefix}{name}.")
    return fields


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(kind for kind in (_kind(one) for one in schema["anyOf"]) if kind != "null")
    if "$ref" in schema:
        return "object"
    kind = str(schema.get("type", "any"))
    limits = [f"{words} {schema[key]}" for key, words in _LIMITS.items() if key in schema]
    named = (
        f"{schema['format']}"
        if "format" in schema
        else f"list of {_kind(schema['items'])}"
        if "items" in schema
        else kind
    )
    return ", ".join([named, *limits])


_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "minItems": "at least",
    "maxItems": "at most",
    "maxLength": "characters at most",
}
