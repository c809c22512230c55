"""As much of JSON Schema as the OpenAPI document uses, so that every answer can be held against what is promised of it."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


class Described:
    """An OpenAPI document, and what it says of an answer."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._paths = {
            re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))): methods
            for path, methods in document["paths"].items()
        }

    def check(self, method: str, path: str, response: httpx.Response) -> None:
        """Fail if an answer of v2 is not one that the document promises."""
        operation = next(
            (methods[method.lower()] for pattern, methods in self._paths.items()
             if pattern.fullmatch(path.partition("?")[0]) and method.lower() in methods),
            None,
        )  # fmt: skip
        if operation is None or "/v2/" not in path:
            return
        promised = operation["responses"].get(str(response.status_code))
        assert promised is not None, f"{method} {path} answers {response.status_code}, which is not documented"
        content = promised.get("content", {})
        if not content:
            assert response.content == b""
            return
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in content, f"{method} {path} answers {media_type}"
        if media_type == "application/json":
            wrong = list(self.complaints(response.json(), content[media_type]["schema"], "body"))
            assert not wrong, f"{method} {path}: {wrong}"

    def complaints(self, value: object, schema: dict[str, Any], at: str) -> Iterator[str]:
        """Yield where `value` is not what `schema` says."""
        schema = self._resolved(schema)
        if "anyOf" in schema:
            if all(any(self.complaints(value, one, at)) for one in schema["anyOf"]):
                yield f"{at} is none of {schema['anyOf']}: {value!r}"
            return
        if "type" in schema and not _is(value, schema["type"]):
            yield f"{at} is no {schema['type']}: {value!r}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{at} is none of {schema['enum']}: {value!r}"
        if isinstance(value, dict):
            yield from self._object(value, schema, at)
        for number, one in enumerate(value if isinstance(value, list) else []):
            yield from self.complaints(one, schema.get("items", {}), f"{at}[{number}]")

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in schema:
            return schema
        found: dict[str, Any] = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found

    def _object(self, value: dict[str, Any], schema: dict[str, Any], at: str) -> Iterator[str]:
        yield from (f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value)
        for name, one in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            if isinstance(inner, dict):
                yield from self.complaints(one, inner, f"{at}.{name}")


def _is(value: object, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
