import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rag_api.chat import Chat, ChatPart, Finish, Message, Text, Usage, open_chat
from rag_core.errors import ChatRateLimitedError, ChatRejectedError, ChatUnavailableError
from rag_core.settings import Settings
from tests.servers import serving
from tests.upstream import ANSWER, HEADERS, USAGE, Upstream, chunk, streaming

QUESTION = [Message("user", "Well?")]
JSON = {"content-type": "application/json", "x-should-retry": "false"}


@asynccontextmanager
async def chatting(
    upstream: Upstream, *, first: float = 5, following: float = 5
) -> AsyncIterator[Chat]:
    async with serving(upstream) as port:
        settings = Settings(
            RAG_HOME=Path("unused"),
            OPENAI_API_KEY="sk-secret",
            OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1",
            CHAT_MODEL="tiny",
            CHAT_FIRST_TOKEN_SECONDS=first,
            CHAT_NEXT_TOKEN_SECONDS=following,
            _env_file=None,
        )
        async with open_chat(settings) as chat:
            assert chat is not None
            yield chat


async def ask(chat: Chat) -> list[ChatPart]:
    return [part async for part in chat.stream(QUESTION, max_tokens=50)]


def text_of(parts: list[ChatPart]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


async def test_an_answer_is_its_texts_and_one_finish_with_the_servers_counts() -> None:
    upstream = streaming(*ANSWER)

    async with chatting(upstream) as chat:
        parts = await ask(chat)

    assert text_of(parts) == "Hello there"
    assert parts[-1] == Finish("stop", Usage(7, 2))
    assert upstream.requests[0]["max_tokens"] == 50
    assert upstream.requests[0]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("parameter", ["stream_options", "max_tokens"])
async def test_a_server_that_refuses_a_parameter_is_asked_without_it_from_then_on(
    parameter: str,
) -> None:
    said = f"Unknown {parameter}, use max_completion_tokens" if "max" in parameter else parameter
    refusal = f'{{"error": {{"message": "{said}"}}}}'.encode()
    upstream = Upstream([(400, JSON, [refusal]), (200, HEADERS, ANSWER)])

    async with chatting(upstream) as chat:
        answers = [await ask(chat), await ask(chat)]

    assert [text_of(parts) for parts in answers] == ["Hello there"] * 2
    assert [parameter in request for request in upstream.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (400, ChatRejectedError),
        (401, ChatRejectedError),
        (403, ChatRejectedError),
        (404, ChatRejectedError),
        (429, ChatRateLimitedError),
        (500, ChatUnavailableError),
        (503, ChatUnavailableError),
    ],
)
async def test_a_status_becomes_an_error_with_model_server_and_status_but_no_secret(
    status: int, raised: type[Exception]
) -> None:
    upstream = Upstream([(status, JSON, [b'{"error": {"message": "no such thing"}}'])])

    async with chatting(upstream) as chat:
        with pytest.raises(raised, match=rf"'tiny' at 'http://127.*{status}: .*no such") as caught:
            await ask(chat)

    assert "secret" not in str(caught.value)


async def test_a_long_wait_that_the_server_asks_for_is_told_at_once() -> None:
    headers = {"content-type": "application/json", "retry-after": "40"}
    upstream = Upstream([(429, headers, [b"{}"])])

    async with chatting(upstream) as chat:
        with pytest.raises(ChatRateLimitedError) as caught:
            await ask(chat)

    assert caught.value.retry_after_seconds == 40
    assert len(upstream.requests) == 1


async def test_a_fault_that_passes_is_tried_again_before_the_first_token() -> None:
    upstream = Upstream([(503, {"retry-after-ms": "1"}, [b"{}"]), (200, HEADERS, ANSWER)])

    async with chatting(upstream) as chat:
        parts = await ask(chat)

    assert text_of(parts) == "Hello there"


async def test_a_refused_connection_is_unavailable() -> None:
    settings = Settings(OPENAI_BASE_URL="http://127.0.0.1:9/v1", CHAT_MODEL="tiny", _env_file=None)

    async with open_chat(settings) as chat:
        assert chat is not None
        with pytest.raises(ChatUnavailableError, match=r"'tiny' .* cannot be reached: .*Connect"):
            await ask(chat)


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ((chunk("a"), 0.01, -1.0), "cut the connection in mid-answer"),
        ((chunk("a"), 5.0), "fell silent for 0.2 s in mid-answer"),
        ((chunk(), b": ping\n\n", 5.0), "gave no token within 0.4 s"),
        ((5.0,), "gave no token within 0.4 s"),
        ((chunk("a"), USAGE), "without a finish_reason"),
    ],
)
async def test_a_stream_that_breaks_off_says_how(
    pieces: tuple[bytes | float, ...], said: str
) -> None:
    async with chatting(streaming(*pieces), first=0.4, following=0.2) as chat:
        with pytest.raises(ChatUnavailableError, match=said):
            await ask(chat)


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = streaming(*ANSWER)
    async with serving(upstream) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        settings = Settings(
            OPENAI_BASE_URL="http://model.invalid/v1", CHAT_MODEL="tiny", _env_file=None
        )
        async with open_chat(settings) as chat:
            assert chat is not None
            parts = await ask(chat)

    assert text_of(parts) == "Hello there"


async def test_leaving_closes_the_connection_to_the_server_at_once() -> None:
    upstream = streaming(chunk("a"), 20.0)

    async with chatting(upstream, following=30) as chat:
        parts = chat.stream(QUESTION, max_tokens=None)
        await anext(parts)
        await parts.aclose()

        assert await asyncio.wait_for(upstream.left.wait(), 2)


async def test_text_that_arrives_together_is_handed_on_together() -> None:
    together = b"".join(chunk("x") for _ in range(50))

    async with chatting(streaming(together, *ANSWER[2:])) as chat:
        parts = await ask(chat)

    assert parts[0] == Text("x" * 50)
