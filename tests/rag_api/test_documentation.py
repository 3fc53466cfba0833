from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rag_api.wire.responses_objects import RESPONSE_EVENTS
from tests.api import calling, make_parts
from tests.rag_api.test_ui_parts import KINDS


@pytest.fixture
async def openapi() -> dict[str, Any]:
    async with calling(make_parts()) as client:
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return document


async def test_every_reference_in_the_document_leads_somewhere(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]

    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(openapi)))

    assert references <= set(schemas)
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


async def test_every_event_is_described(openapi: dict[str, Any]) -> None:
    ok = openapi["paths"]["/v1/answers"]["post"]["responses"]["200"]

    stream = ok["content"]["text/event-stream"]
    names = [item["properties"]["event"]["const"] for item in stream["itemSchema"]["oneOf"]]
    assert names == ["retrieved", "delta", "cited", "restarted", "gap", "done", "failed"]
    assert {"Retrieved", "Delta", "Cited", "Done", "Failed"} <= set(
        openapi["components"]["schemas"]
    )
    assert ok["content"]["application/json"]["schema"]["$ref"].endswith("/Answer")


@pytest.mark.parametrize(
    ("path", "method"), [("/v1/responses", "post"), ("/v1/responses/{response_id}", "get")]
)
async def test_every_event_of_a_response_is_described(
    openapi: dict[str, Any], path: str, method: str
) -> None:
    ok = openapi["paths"][path][method]["responses"]["200"]

    items = ok["content"]["text/event-stream"]["itemSchema"]["oneOf"]
    names = [item["properties"]["event"]["const"] for item in items]
    assert names == [model.model_fields["type"].default for model in RESPONSE_EVENTS]
    assert not any("id" in item["properties"] for item in items)
    assert ok["content"]["application/json"]["schema"]["$ref"].endswith("/ResponseObject")


async def test_what_every_event_carries_is_not_described_as_optional(
    openapi: dict[str, Any],
) -> None:
    schemas = openapi["components"]["schemas"]

    for name in ("Retrieved", "Delta", "Cited", "Restarted", "Gap", "Done", "Failed"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"])


@pytest.mark.parametrize("path", ["/api/chat", "/api/ask"])
async def test_every_part_is_described(openapi: dict[str, Any], path: str) -> None:
    ok = openapi["paths"][path]["post"]["responses"]["200"]

    *items, end = ok["content"]["text/event-stream"]["itemSchema"]["anyOf"]
    references = [item["properties"]["data"]["contentSchema"]["$ref"] for item in items]
    described = [
        openapi["components"]["schemas"][reference.rsplit("/", 1)[-1]]["properties"]
        for reference in references
    ]
    assert {part["type"]["const"]: set(part) - {"type"} for part in described} == KINDS
    assert end["properties"]["data"]["const"] == "[DONE]"


async def test_every_route_describes_its_errors(openapi: dict[str, Any]) -> None:
    for path, operations in openapi["paths"].items():
        for operation in operations.values():
            errors = {status for status in operation["responses"] if status != "200"}
            assert path == "/healthz" or errors, path
            assert operation["summary"]


async def test_no_error_is_described_in_the_frameworks_shape(openapi: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in json.dumps(openapi)


async def test_the_root_leads_to_the_documentation() -> None:
    async with calling(make_parts()) as client:
        response = await client.get("/", follow_redirects=True)

    assert response.url.path == "/docs"
    assert "swagger-ui" in response.text


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_no_page_needs_the_network(path: str) -> None:
    async with calling(make_parts()) as client:
        page = (await client.get(path)).text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
        answers = [await client.get(f"/{address}") for address in loaded]

    assert len(loaded) > 1
    assert "://" not in page
    assert {answer.status_code for answer in answers} == {200}
