import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import pytest

from rag_api.chat import Chat, ChatPart, Finish, Message, Text, Usage, open_chat
from rag_core.errors import ChatRateLimitedError, ChatRejectedError, ChatUnavailableError
from rag_core.settings import Settings
from tests.servers import serving
from tests.upstream import ANSWER, HEADERS, USAGE, Upstream, chunk, sending, streaming

QUESTION = [Message("user", "Well?")]
JSON = {"content-type": "application/json", "x-should-retry": "false"}
OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


@asynccontextmanager
async def chatting(
    upstream: Upstream, *, first: float = 5, following: float = 5
) -> AsyncIterator[Chat]:
    async with serving(upstream) as port, chatting_at(port, first, following) as chat:
        yield chat


@asynccontextmanager
async def chatting_at(port: int, first: float = 5, following: float = 5) -> AsyncIterator[Chat]:
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


@pytest.mark.parametrize(
    "header",
    [
        {"retry-after": "3600"},
        {"retry-after": formatdate(time.time() + 3600, usegmt=True)},
        {"retry-after-ms": "3600000"},
    ],
)
async def test_a_long_wait_that_the_server_asks_for_is_told_at_once(
    header: dict[str, str],
) -> None:
    upstream = Upstream([(429, {"content-type": "application/json", **header}, [b"{}"])])

    async with chatting(upstream) as chat:
        with pytest.raises(ChatRateLimitedError) as caught:
            await ask(chat)

    assert caught.value.retry_after_seconds == pytest.approx(3600, abs=1800)
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
async def test_a_fault_that_passes_is_tried_again_before_the_first_token(status: int) -> None:
    upstream = Upstream([(status, {"retry-after-ms": "1"}, [b"{}"]), (200, HEADERS, ANSWER)])

    async with chatting(upstream) as chat:
        parts = await ask(chat)

    assert text_of(parts) == "Hello there"


@pytest.mark.parametrize(
    "pieces",
    [
        (-1.0,),
        (chunk(), 0.01, -1.0),
        (b"data: [DONE]\n\n",),
        (),
        (b'data: {"error": {"message": "overloaded", "code": 503}}\n\n',),
        (b"data: {garbage\n\n",),
    ],
)
async def test_a_stream_that_breaks_before_its_first_token_is_asked_for_again(
    pieces: tuple[bytes | float, ...],
) -> None:
    upstream = Upstream([(200, HEADERS, pieces), (200, HEADERS, ANSWER)])

    async with chatting(upstream) as chat:
        parts = await ask(chat)

    assert text_of(parts) == "Hello there"
    assert len(upstream.requests) == 2


async def test_a_refusal_is_final() -> None:
    upstream = Upstream([(401, HEADERS, [b"{}"]), (200, HEADERS, ANSWER)])

    async with chatting(upstream) as chat:
        with pytest.raises(ChatRejectedError):
            await ask(chat)

    assert len(upstream.requests) == 1


async def test_the_time_for_the_first_token_holds_for_all_attempts_together() -> None:
    upstream = Upstream([(200, HEADERS, [-1.0]), (200, HEADERS, [5.0])])

    async with chatting(upstream, first=0.8) as chat:
        with pytest.raises(ChatUnavailableError, match=r"no token within 0\.8 s"):
            await ask(chat)

    assert len(upstream.requests) == 2


@pytest.mark.parametrize("ending", [-1.0, 5.0])
async def test_an_answer_that_is_complete_stays_so_when_the_connection_breaks_or_hangs(
    ending: float,
) -> None:
    async with chatting(streaming(*ANSWER[:3], 0.01, ending)) as chat:
        parts = await ask(chat)

    assert text_of(parts) == "Hello there"
    assert parts[-1] == Finish("stop", None)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        OK,
        OK + b"transfer-encoding: chunked\r\n\r\nzz\r\nxx",
        OK + b"content-length: 500\r\n\r\ndata: {}\n\n",
        OK + b"content-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 500 X\r\ncontent-length: 100\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
async def test_whatever_stands_at_the_address_it_is_the_model_that_is_unavailable(
    reply: bytes,
) -> None:
    async with sending(reply) as port, chatting_at(port, first=0.3) as chat:
        with pytest.raises(ChatUnavailableError, match=r"'tiny' at 'http://127"):
            await ask(chat)


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
        ((0.01, -1.0), "cut the connection before its first token"),
        ((chunk("a"), 5.0), "fell silent for 0.2 s in mid-answer"),
        ((chunk(), b": ping\n\n", 5.0), "gave no token within 0.3 s"),
        ((5.0,), "gave no token within 0.3 s"),
        ((chunk("a"), USAGE), "without a finish_reason"),
    ],
)
async def test_a_stream_that_breaks_off_says_how(
    pieces: tuple[bytes | float, ...], said: str
) -> None:
    # Too short for another attempt.
    async with chatting(streaming(*pieces), first=0.3, following=0.2) as chat:
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


async def test_a_key_that_the_server_repeats_is_not_told() -> None:
    refusal = b'{"error": {"message": "no such key: sk-secret"}}'

    async with chatting(Upstream([(401, JSON, [refusal])])) as chat:
        with pytest.raises(ChatRejectedError, match="no such key: …"):
            await ask(chat)


async def test_nobody_is_sent_away_for_more_than_a_day() -> None:
    upstream = Upstream([(429, {**JSON, "retry-after": "1e23"}, [b"{}"])])

    async with chatting(upstream) as chat:
        with pytest.raises(ChatRateLimitedError) as caught:
            await ask(chat)

    assert caught.value.retry_after_seconds == 24 * 60 * 60
