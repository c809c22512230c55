"""/openapi.json says what the API is, and says it right."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from tests.faces.client import Client, Json
from tocsin.api import app as api
from tocsin.schemas.problems import STATUS

METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def document(both: tuple[Client, Client]) -> Json:
    found: Json = both[0].root.get("/openapi.json").json()
    return found


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from refs(one)
    if isinstance(value, list):
        for one in value:
            yield from refs(one)


def test_it_names_every_route_of_the_table_and_nothing_else(document: Json) -> None:
    described = {(method.upper(), path) for path, method, _ in operations(document)}

    assert described == {(route.method, version.path(route.path)) for version, route in api.table()}
    assert len(described) == len(api.table())


def test_it_is_openapi_3_1(document: Json) -> None:
    assert document["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(document["info"])
    assert set(document) <= {"openapi", "info", "servers", "security", "paths", "components", "tags"}
    assert document["servers"] == [{"url": "http://your-workspace.tocsin.test"}]
    scheme = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
    assert document["components"]["securitySchemes"] == {"ApiKey": scheme}
    assert document["security"] == [{"ApiKey": []}]


def test_every_reference_leads_somewhere_and_every_schema_is_used(document: Json) -> None:
    schemas = document["components"]["schemas"]
    found = set(refs(document))

    assert found == {f"#/components/schemas/{name}" for name in schemas}


def test_every_operation_is_whole(document: Json) -> None:
    names = []
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert method in METHODS, where
        assert operation["summary"], where
        assert operation["tags"], where
        names.append(operation["operationId"])
        in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path)), where
        for parameter in operation["parameters"]:
            assert set(parameter) == {"name", "in", "required", "schema"}, where
            assert parameter["in"] in {"path", "query", "header"}, where
            assert parameter["required"] or parameter["in"] != "path", where
        places = [(one["in"], one["name"]) for one in operation["parameters"]]
        assert len(places) == len(set(places)), where
        assert ("requestBody" in operation) <= (method in {"post", "put", "patch"}), where
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status), where
            assert response["description"], where
    assert len(names) == len(set(names))


def test_every_operation_names_one_success_and_the_errors_of_the_contract(document: Json) -> None:
    for path, method, operation in operations(document):
        successes = [status for status in operation["responses"] if status.startswith("2")]
        assert len(successes) == 1, f"{method} {path}"
        assert {"401", "403", "404", "422", "429", "503"} <= set(operation["responses"])
        assert "500" not in operation["responses"]
        for status, response in operation["responses"].items():
            if status >= "400":
                reference = response["content"]["application/json"]["schema"]["$ref"]
                assert reference == "#/components/schemas/Error"
        body = "requestBody" in operation
        assert ("415" in operation["responses"]) is body
    create = document["paths"]["/api/external/v2/automation-rules"]["post"]
    assert "201" in create["responses"]
    assert "200" in document["paths"]["/api/external/v1/automation_rules"]["post"]["responses"]
    assert set(STATUS.values()) - {None} == {int(s) for s in create["responses"] if s >= "400"}


def test_every_field_of_every_body_is_described(document: Json) -> None:
    for _, route in api.table():
        if route.body is None:
            continue
        schema = document["components"]["schemas"][route.body.__name__]
        assert set(schema["properties"]) == {field.alias or name for name, field in route.body.model_fields.items()}
        assert set(schema.get("required", [])) == _required(route.body)


def _required(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items() if field.is_required()}


def test_the_fields_of_a_query_are_spelled_as_they_are_sent(document: Json) -> None:
    parameters = document["paths"]["/api/external/v1/bookings"]["get"]["parameters"]

    names = {one["name"] for one in parameters}
    assert {"filters[starts_at][rule]", "filters[ends_at][value]", "page_number", "host_email"} <= names
    assert "starts_at_rule" not in names


def test_a_post_takes_an_idempotency_key_and_nothing_else_does(document: Json) -> None:
    for path, method, operation in operations(document):
        named = "Idempotency-Key" in {one["name"] for one in operation["parameters"]}
        # A secret is shown once and kept nowhere, so not for whoever asks again either.
        assert named is (method == "post" and "secrets" not in path and not path.endswith("/sources"))


def test_the_operator_sees_whether_the_server_is_alive_and_ready(client: Client) -> None:
    assert client.root.get("/healthz").json() == {"status": "alive"}
    assert client.root.get("/readyz").json() == {"status": "ready"}
