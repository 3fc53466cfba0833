from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.admission import Runs
from rag_api.stream_tokens import LIFETIME, issue_token, read_token
from tests.api import calling, make_parts
from tests.rag_api.test_ui_parts import kinds, read_parts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
EXPIRED, _ = issue_token(LONG_AGO, key="secret")
KEY = {"authorization": "Bearer secret"}


async def ask(token: str | None, **headers: str) -> httpx2.Response:
    query = {"q": "What does it cost?"} if token is None else {"q": "?", "token": token}
    async with calling(make_parts(api_key="secret")) as client:
        return await client.get("/api/ask", params=query, headers=headers)


def test_a_token_says_when_it_expires() -> None:
    token, expires_at = issue_token(NOW, key="secret")

    assert expires_at == NOW + LIFETIME
    assert read_token(token, key="secret") == expires_at


@given(st.text())
def test_what_was_not_made_with_the_key_is_no_token(text: str) -> None:
    token, _ = issue_token(NOW, key="secret")
    expiry, signature = token.split(".")

    forgeries = (text, f"{text}.{signature}", f"{expiry}.{text}", f"{text}{token}")
    assert [read_token(forged, key="secret") for forged in forgeries if forged != token] == [
        None for forged in forgeries if forged != token
    ]
    assert read_token(token, key="other") is None


async def test_a_token_stands_in_for_the_key() -> None:
    async with calling(make_parts(api_key="secret")) as client:
        made = (await client.post("/v1/stream-tokens", headers=KEY)).json()
        query = {"q": "What does it cost?", "token": made["token"]}
        response = await client.get("/api/ask", params=query)

    lifetime = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=4) < lifetime <= LIFETIME
    assert kinds(read_parts(response.content))[-1] == "[DONE]"


async def test_a_token_takes_the_key_to_make() -> None:
    async with calling(make_parts(api_key="secret")) as client:
        response = await client.post("/v1/stream-tokens")

    assert response.status_code == 401


async def test_without_a_key_tokens_are_made_and_none_is_needed() -> None:
    async with calling(make_parts()) as client:
        token = (await client.post("/v1/stream-tokens")).json()["token"]
        responses = [
            await client.get("/api/ask", params={"q": "What?", **more})
            for more in ({"token": token}, {"token": "odd"}, {})
        ]

    assert [response.status_code for response in responses] == [200, 200, 200]


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        (None, "the key is missing: send 'Authorization: Bearer KEY', or '?token='"),
        ("", "the token was not made with this RAG_API_KEY"),
        ("secret", "the token was not made with this RAG_API_KEY"),
        (f"9{EXPIRED}", "the token was not made with this RAG_API_KEY"),
        (EXPIRED, "the token has expired: get another from POST /v1/stream-tokens"),
    ],
)
async def test_a_token_that_does_not_fit_is_told_why(token: str | None, detail: str) -> None:
    response = await ask(token)

    assert response.status_code == 401
    assert response.headers["content-type"].startswith("text/event-stream")
    error, _ = read_parts(response.content)
    assert error["errorText"].startswith(detail)


async def test_the_key_is_taken_too() -> None:
    assert (await ask(None, **KEY)).status_code == 200


@pytest.mark.parametrize(("known", "status"), [(True, 204), (False, 401)])
async def test_an_expired_token_leads_back_to_an_answer_and_to_nothing_else(
    known: bool,  # noqa: FBT001 - a case
    status: int,
) -> None:
    runs = Runs(most=1)
    async with calling(make_parts(api_key="secret", runs=runs)) as client:
        begun = await client.get("/api/ask", params={"q": "What?"}, headers=KEY)
        last = begun.text.split("id: ")[-1].split("\n")[0]
        query = {"q": "What?", "token": EXPIRED}
        headers = {"last-event-id": last if known else "gone:1"}
        response = await client.get("/api/ask", params=query, headers=headers)

    assert response.status_code == status


@pytest.mark.parametrize("path", ["/v1/answers", "/api/chat", "/v1/search", "/api/ask"])
async def test_a_token_opens_no_other_door(path: str) -> None:
    token, _ = issue_token(datetime.now(UTC), key="secret")

    async with calling(make_parts(api_key="secret")) as client:
        response = await client.post(path, params={"token": token}, json={"q": "What?"})

    assert response.status_code == 401
