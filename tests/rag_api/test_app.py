from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import httpx2
import pytest

from rag_api.answer_errors import AnswerFailedError
from rag_api.app import STATUS, find_status
from rag_api.limits import MAX_BODY_BYTES
from rag_api.requests import MAX_QUESTION_CHARACTERS
from rag_core import errors
from tests.api import MemoryLibrary, calling, make_parts

ASKED = {"question": "What does it cost?"}
JSON = {"content-type": "application/json"}


async def post(body: object, path: str = "/v1/answers") -> httpx2.Response:
    async with calling(make_parts()) as client:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await client.post(path, content=content, headers=JSON)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "question"),
        ({"question": 5}, 422, "question"),
        ({"question": " \n"}, 422, "question"),
        ({"question": "\ud800"}, 422, "question"),
        ({**ASKED, "colection": "x"}, 422, "colection"),
        ({**ASKED, "top_k": 0}, 422, "top_k"),
        ({**ASKED, "top_k": 51}, 422, "top_k"),
        ({**ASKED, "history": [{"role": "king", "content": ""}]}, 422, "history.0.role"),
        ({**ASKED, "top_k": True}, 422, "top_k"),
        ({**ASKED, "stream": "no"}, 422, "stream"),
        ({**ASKED, "history": "x"}, 422, "history: Input should be a list"),
        ({**ASKED, "collection": ""}, 422, "collection: String should have at least 1"),
        ({**ASKED, "collection": "x" * 300}, 422, "collection"),
        ([], 422, "the body must be a JSON object"),
        (b"", 422, "the body must be a JSON object"),
        (b'{"question": ', 400, "the body is not valid JSON: Expecting value at character 13"),
        (b"\xff\xfe", 400, "the body is not valid JSON"),
        (b"[" * 100_000, 400, "the body is not valid JSON"),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(body: object, status: int, field: str) -> None:
    response = await post(body)

    assert response.status_code == status
    assert response.json()["error"] == "InvalidRequestError"
    assert response.json()["detail"].startswith(field)
    assert set(response.json()) == {"error", "detail"}


async def test_a_question_over_the_limit_is_told_the_limit() -> None:
    response = await post({"question": "x" * (MAX_QUESTION_CHARACTERS + 1)})

    assert response.status_code == 413
    assert response.json()["error"] == "RequestTooLargeError"
    assert "32,000" in response.json()["detail"]


async def test_a_query_over_the_limit_is_told_the_limit() -> None:
    response = await post({"query": "x" * (MAX_QUESTION_CHARACTERS + 1)}, "/v1/search")

    assert response.status_code == 413


async def test_a_field_named_query_is_named_in_the_error() -> None:
    response = await post({"query": " "}, "/v1/search")

    assert response.json()["detail"] == "query: must hold more than white space"


async def test_a_json_body_of_another_content_type_is_told_the_right_one() -> None:
    async with calling(make_parts()) as client:
        response = await client.post("/v1/answers", content=json.dumps(ASKED))

    assert response.status_code == 422
    assert "content-type: application/json" in response.json()["detail"]


async def test_an_unknown_path_and_a_wrong_method_are_told_what_there_is() -> None:
    async with calling(make_parts()) as client:
        unknown, wrong = await client.get("/v1/nope"), await client.get("/v1/answers")

    assert (unknown.status_code, wrong.status_code) == (404, 405)
    assert "/docs" in unknown.json()["detail"]
    assert wrong.headers["allow"] == "POST"


async def test_a_page_may_read_when_to_try_again_and_what_a_stream_is() -> None:
    async with calling(make_parts()) as client:
        response = await client.get("/v1/nope", headers={"origin": "https://app.example"})

    exposed = response.headers["access-control-expose-headers"]
    assert {"Retry-After", "x-vercel-ai-ui-message-stream"} <= set(exposed.split(", "))


async def test_a_body_over_the_limit_is_refused() -> None:
    response = await post(b" " * (MAX_BODY_BYTES + 1))

    assert response.status_code == 413
    assert response.json()["error"] == "RequestTooLargeError"
    assert f"{MAX_BODY_BYTES:,}" in response.json()["detail"]


async def test_a_body_of_unknown_length_is_refused_once_it_is_too_long() -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 65536

    async with calling(make_parts()) as client:
        response = await client.post("/v1/answers", content=pieces(), headers=JSON)

    assert response.status_code == 413
    assert sent == MAX_BODY_BYTES // 65536 + 1


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/v1/nothing", 404, "NotFoundError"),
        ("GET", "/v1/answers", 405, "MethodNotAllowedError"),
        ("GET", "/v1/documents/none", 404, "DocumentNotFoundError"),
        ("GET", "/v1/sources/none", 404, "DocumentNotFoundError"),
    ],
)
async def test_every_error_has_one_shape(method: str, path: str, status: int, name: str) -> None:
    async with calling(make_parts()) as client:
        response = await client.request(method, path)

    assert response.status_code == status
    assert response.json()["error"] == name
    assert response.json()["detail"]


async def test_what_nobody_foresaw_tells_nothing_of_our_insides() -> None:
    library = MemoryLibrary(failure=KeyError("secret"))

    async with calling(make_parts(library=library)) as client:
        response = await client.post("/v1/answers", json=ASKED)

    assert response.status_code == 500
    assert response.json()["error"] == "InternalError"
    assert "secret" not in response.text


async def test_a_server_error_that_we_foresaw_is_logged_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    library = MemoryLibrary(failure=errors.CatalogUnavailableError("locked"))

    with caplog.at_level(logging.WARNING, "rag_api"):
        async with calling(make_parts(library=library)) as client:
            await client.post("/v1/search", json={"query": "x"})

    assert [record.getMessage() for record in caplog.records] == ["POST /v1/search: locked"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.RequestTooLargeError, 413),
        (errors.CollectionNotFoundError, 404),
        (errors.ChatRateLimitedError, 429),
        (errors.LexicalUnavailableError, 503),
        (errors.FingerprintMismatchError, 500),
    ],
)
def test_the_nearest_ancestor_gives_the_status(error: type[errors.RagError], status: int) -> None:
    assert find_status(error) == status
    assert errors.RagError in STATUS


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chat/completions"),
        ("POST", "/api/chat"),
        ("GET", "/api/chat/1/stream"),
        ("GET", "/api/ask"),
        ("POST", "/api/ask"),
    ],
)
async def test_any_page_may_call_with_any_header(method: str, path: str) -> None:
    headers = {
        "origin": "https://chat.example",
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,x-stainless-os,last-event-id",
    }

    async with calling(make_parts()) as client:
        response = await client.options(path, headers=headers)

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    allowed = response.headers["access-control-allow-headers"]
    assert {"authorization", "x-stainless-os", "last-event-id"} <= set(allowed.split(","))
    assert method in response.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("path", ["/v1/answers", "/v1/search", "/v1/chat/completions"])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}])
async def test_without_the_key_nothing_is_answered(path: str, headers: dict[str, str]) -> None:
    async with calling(make_parts(api_key="secret")) as client:
        response = await client.post(path, json={}, headers=headers)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


async def test_with_the_key_everything_is_answered() -> None:
    headers = {"authorization": "Bearer secret"}

    async with calling(make_parts(api_key="secret")) as client:
        responses = [
            await client.post("/v1/answers", json=ASKED, headers=headers),
            await client.get("/v1/models", headers=headers),
            await client.get("/v1/collections", headers=headers),
            await client.get("/v1/documents/d1", headers=headers),
        ]

    assert {response.status_code for response in responses} == {200}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/redoc", "/openapi.json"])
async def test_health_and_documentation_need_no_key(path: str) -> None:
    async with calling(make_parts(api_key="secret")) as client:
        response = await client.get(path)

    assert response.status_code == 200


@pytest.mark.parametrize("value", ["Bearer sécret", "Basic secret", "secret", "Bearer ", ""])
async def test_an_odd_key_is_a_wrong_key(value: str) -> None:
    async with calling(make_parts(api_key="secret")) as client:
        headers = [(b"authorization", value.encode("latin-1"))]
        response = await client.get("/v1/collections", headers=headers)

    assert response.status_code == 401
    assert response.json()["error"] == "UnauthorizedError"


async def test_a_rate_limit_says_how_long_to_wait() -> None:
    failure = errors.ChatRateLimitedError("slow down", retry_after_seconds=6.2)

    async with calling(make_parts(library=MemoryLibrary(failure=failure))) as client:
        response = await client.post("/v1/answers", json=ASKED)

    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


async def test_an_answer_that_ends_with_the_server_may_be_asked_for_again() -> None:
    failure = AnswerFailedError("it stops", error="StoppedError", retryable=True)

    async with calling(make_parts(library=MemoryLibrary(failure=failure))) as client:
        response = await client.post("/v1/answers", json=ASKED)

    assert (response.status_code, response.json()["error"]) == (503, "StoppedError")
    assert response.headers["x-should-retry"] == "true"
