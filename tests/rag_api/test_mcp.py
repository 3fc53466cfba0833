"""The path `/mcp`: who may call it, and what it answers before the protocol begins."""

from __future__ import annotations

from dataclasses import replace

import httpx2
import pytest

from rag_api.limits import MAX_BODY_BYTES
from rag_api.parts import Parts
from tests.api import calling, make_parts

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
HEADERS = {"host": "localhost", "accept": "application/json, text/event-stream"}


def with_hosts(hosts: str) -> Parts:
    parts = make_parts()
    return replace(parts, settings=parts.settings.model_copy(update={"allowed_hosts": hosts}))


async def ping(parts: Parts, path: str = "/mcp", **headers: str) -> httpx2.Response:
    async with calling(parts) as client:
        return await client.post(path, json=PING, headers={**HEADERS, **headers})


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_a_message_is_answered_without_a_redirect(path: str) -> None:
    response = await ping(make_parts(), path)

    assert response.status_code == 200
    assert '"result":{}' in response.text


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "PUT"])
async def test_there_is_no_session_to_listen_to_or_to_end(method: str) -> None:
    async with calling(make_parts()) as client:
        response = await client.request(method, "/mcp", headers=HEADERS)

    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer wrong", "Basic secret"])
async def test_without_the_key_nothing_is_answered(key: str) -> None:
    response = await ping(make_parts(api_key="secret"), authorization=key)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"] == "UnauthorizedError"


async def test_with_the_key_a_message_is_answered() -> None:
    response = await ping(make_parts(api_key="secret"), authorization="Bearer secret")

    assert response.status_code == 200


async def test_another_host_is_misdirected_and_told_the_setting() -> None:
    response = await ping(make_parts(), host="evil.example:8000")

    assert response.status_code == 421
    assert response.json()["error"] == "HostNotAllowedError"
    assert "'evil.example:8000': RAG_ALLOWED_HOSTS" in response.json()["detail"]


async def test_a_page_from_elsewhere_is_forbidden_and_told_the_setting() -> None:
    response = await ping(make_parts(), origin="https://evil.example")

    assert response.status_code == 403
    assert response.json()["error"] == "OriginNotAllowedError"
    assert "RAG_ALLOWED_HOSTS" in response.json()["detail"]


@pytest.mark.parametrize("hosts", ["api", "*", "other, API"])
async def test_a_host_that_is_named_is_answered(hosts: str) -> None:
    response = await ping(with_hosts(hosts), host="api:8000", origin="http://api:3000")

    assert response.status_code == 200


async def test_a_body_over_the_limit_is_refused() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/mcp", content=b" " * (MAX_BODY_BYTES + 1), headers=HEADERS)

    assert response.status_code == 413
    assert response.json()["error"] == "RequestTooLargeError"


async def test_a_preflight_may_send_the_protocols_headers() -> None:
    wanted = "authorization,mcp-protocol-version,mcp-session-id"
    asked = {"origin": "http://localhost:6274", "access-control-request-method": "POST"}

    async with calling(make_parts()) as client:
        response = await client.options(
            "/mcp", headers={**asked, "access-control-request-headers": wanted}
        )

    assert response.status_code == 200
    assert response.headers["access-control-allow-headers"] == wanted


async def test_the_path_is_not_in_the_document_of_the_http_api() -> None:
    async with calling(make_parts()) as client:
        document = (await client.get("/openapi.json")).json()

    assert not [path for path in document["paths"] if "mcp" in path]
