"""Whatever fits the OpenAPI document, and what nearly fits, gets an answer that the document names: never a 5xx.

schemathesis makes the requests from the document; half of those about one thing are about a thing that exists.
"""

from itertools import count
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.core.errors import InvalidSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.faces.client import Client, Json, an_action, booking_body, made, rule_body
from tests.torture.rig import Rig
from tocsin.api import app as api
from tocsin.api import openapi

DOCUMENT = openapi.document(api.table(), base_url="http://acme.tocsin.test")
OPERATIONS: list[Any] = [cast(Any, one).ok() for one in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
_NUMBERS = count(1)


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fits", "nearly fits"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.label for one in OPERATIONS])
def test_every_answer_is_one_that_the_document_names(
    operation: Any, mode: GenerationMode, both: tuple[Client, Client], rig: Rig
) -> None:
    worlds = [(client, _world(client)) for client in both]

    @settings(
        max_examples=rig.size(quick=2, nightly=20),  # each goes to both stores
        phases=[Phase.explicit, Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_cases(operation, mode), is_about_something=st.booleans())
    def every_answer(case: Any, is_about_something: bool) -> None:
        for client, real in worlds:
            if is_about_something:
                _about(case, real)
            case.validate_response(_sent(client, case), checks=CHECKS)

    every_answer()


@st.composite
def _cases(draw: st.DrawFn, operation: Any, mode: GenerationMode) -> Any:
    # What has nothing that could be wrong, such as a listing without a query, has no negative cases.
    could_be_wrong = operation.body or any(one.name != "X-Api-Key" for one in operation.iter_parameters())
    try:
        return draw(operation.as_strategy(generation_mode=mode if could_be_wrong else GenerationMode.POSITIVE))
    except InvalidSchema:
        reject()  # it does not know how to break this schema in the way that it has chosen


def _sent(client: Client, case: Any) -> Any:
    """Send a case with the right key, as its own transport would put it on the wire."""
    arguments = case.as_transport_kwargs(base_url=f"http://{client.host}")
    request = requests.Request(**arguments).prepare()
    content = request.body.encode() if isinstance(request.body, str) else cast("bytes | None", request.body)
    kept = {name: str(value) for name, value in request.headers.items() if name.lower() != "x-api-key"}
    headers = [*kept.items(), ("X-Api-Key", client.key), ("Host", client.host)]
    answer = client.line.call(request.method or "", request.url or "", content, headers)
    assert answer.status_code < 500, answer.text
    return answer


def _world(client: Client) -> Json:
    """Make one of each sort of thing; return their ids by the noun of their paths."""
    number = next(_NUMBERS)
    link = client.a_link(slug=f"any-{number}")
    rule = client.a_rule(link, actions=[an_action(emails=[f"ada-{number}@example.org"])])
    booking = client.book(meeting_slug=link["slug"], override_availability=True)
    deliveries = client.v2.get("/deliveries", booking_id=booking["id"]).json()["deliveries"]
    outcome = made(client.v2.post("/meeting-outcomes", {"name": f"Outcome {number}"}))
    members = client.v2.get("/team-members").json()["team_members"]
    return {
        "meetings": link["id"],
        "meeting-templates": client.a_template(slug=f"mould-{number}")["id"],
        "automation-rules": rule["id"],
        "bookings": booking["id"],
        "deliveries": deliveries[0]["id"],
        "meeting-outcomes": outcome["meeting_outcome"]["id"],
        "team-members": members[0]["id"],
        "rule": rule_body(link["id"]),
        "booking": booking_body(meeting_slug=link["slug"]),
    }


def _about(case: Any, real: Json) -> None:
    """Turn a case into one about things that exist."""
    noun = case.path.split("/")[4].replace("_", "-")
    if "id" in (case.path_parameters or {}) and noun in real:
        case.path_parameters = {**case.path_parameters, "id": real[noun]}
    if "booking_id" in (case.query or {}):
        case.query = {**case.query, "booking_id": real["bookings"]}
    if not isinstance(case.body, dict):
        return
    known = {"meeting_ids": [real["meetings"]], "booking_id": real["bookings"]} | real["booking"]
    case.body = {name: known.get(name, value) for name, value in case.body.items()}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_at_the_end_of_time_is_refused(both: tuple[Client, Client], day: str) -> None:
    assert {client.v2.get("/audit", day=day).status_code for client in both} == {422}
