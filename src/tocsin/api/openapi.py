"""The OpenAPI 3.1 file, made from the route table."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tocsin import __version__
from tocsin.api.call import Route, Version
from tocsin.schemas.problems import STATUS

_REF = "#/components/schemas/{model}"
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "one sentence"},
        "errors": {"type": "array", "items": {"type": "string"}},
        "field_errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def document(table: list[tuple[Version, Route]], *, base_url: str) -> dict[str, Any]:
    """Return the OpenAPI document of all routes; `base_url` is where a workspace lives."""
    found = {model for version, route in table for model in (route.body, route.answer_in(version)) if model is not None}
    models = sorted(found, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(m, _mode(table, m)) for m in models], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for version, route in table:
        paths.setdefault(version.path(route.path), {})[route.method.lower()] = _operation(version, route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tocsin",
            "version": __version__,
            "description": "Booking automation rules: when a booking changes, send a calendar invite to anyone.",
        },
        "servers": [{"url": base_url}],
        "security": [{"ApiKey": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}) | {"Error": _ERROR},
            "securitySchemes": {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
        },
    }


def _mode(table: list[tuple[Version, Route]], model: type[BaseModel]) -> Any:
    answers = any(route.answer_in(version) is model for version, route in table)
    return "serialization" if answers else "validation"


def _operation(version: Version, route: Route) -> dict[str, Any]:
    status = version.created if route.status == 201 else route.status
    operation: dict[str, Any] = {
        "operationId": f"v{version.number}_{_slug(route)}",
        "summary": route.summary,
        "tags": [route.path.split("/")[1]],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {str(status): _success(version, route)} | _failures(route),
    }
    if route.body is not None:
        content = {"application/json": {"schema": {"$ref": _REF.format(model=route.body.__name__)}}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _slug(route: Route) -> str:
    return f"{route.method.lower()}_{re.sub(r'[^a-z]+', '_', route.path.strip('/').lower()).strip('_')}"


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)\}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(by_alias=True)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": shape}
        for name, shape in schema["properties"].items()
    ]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if route.method != "POST" or not route.can_be_repeated:
        return []
    shape = {"type": "string", "minLength": 1, "maxLength": 255}
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "schema": shape}]


def _success(version: Version, route: Route) -> dict[str, Any]:
    if route.status == 204:
        return {"description": "Done"}
    answer = route.answer_in(version)
    shape = {} if answer is None else {"$ref": _REF.format(model=answer.__name__)}
    # A mail, or the body of a call.
    media_types = ("message/rfc822", "application/json") if route.path.endswith("/message") else ("application/json",)
    return {"description": "Done", "content": {one: {"schema": shape} for one in media_types}}


def _failures(route: Route) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _REF.format(model="Error")}}}
    names = {status: error.__doc__ or "" for error, status in STATUS.items() if status is not None}
    if route.body is None:
        names.pop(415, None)
    return {str(status): {"description": text.split("\n")[0], "content": content} for status, text in names.items()}
