"""Chat over an OpenAI-compatible server: the SDK asks, we read the stream's bytes ourselves.

The SDK's typed stream costs 144–226 µs of CPU a token (DESIGN §3), so it only makes the request:
key, retries with back-off, errors. Loaded when such a chat is opened: the SDK imports in 0.9 s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from typing import cast

import httpx2
import openai
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from rag_api.chat import ChatPart, Message, Text
from rag_api.chat.chunks import CompletionReader
from rag_core.errors import ChatRateLimitedError, ChatRejectedError, ChatUnavailableError, RagError
from rag_core.settings import Settings

_MOST_STREAMS = 20000
_CONNECT_SECONDS = 5.0
_RETRIES = 2
_LONGEST_RETRY_WAIT_SECONDS = 5.0
_DRAIN_SECONDS = 0.2
# Under load tokens are read some at a time: reading, sending and waking cost more than the token.
_UNHURRIED_STREAMS = 16
_PAUSE_SECONDS_PER_STREAM = 0.0002
_LONGEST_PAUSE_SECONDS = 0.04
_NO_KEY = "none"
_SHOWN_CHARACTERS = 300
_REJECTED = frozenset({400, 401, 403, 404, 405, 413, 415, 422})


@asynccontextmanager
async def open_model(settings: Settings, model: str) -> AsyncIterator[OpenAIChat]:
    """One client, its connections kept alive, for all the streams of this process."""
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else _NO_KEY
    client = AsyncOpenAI(
        api_key=key,
        base_url=settings.openai_base_url,
        max_retries=_RETRIES,
        # Our own deadlines rule; the client's would add a timer to every read.
        timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),
        http_client=_open_client(),
    )
    async with client:
        yield OpenAIChat(
            client,
            model,
            first_token_seconds=settings.chat_first_token_seconds,
            next_token_seconds=settings.chat_next_token_seconds,
        )


def _open_client() -> httpx2.AsyncClient:
    """Over aiohttp, which parses HTTP in C: 12 µs of CPU a token, where h11 takes 30."""
    limits = httpx2.Limits(max_connections=_MOST_STREAMS, max_keepalive_connections=_MOST_STREAMS)
    hooks = {"response": [_refuse_long_waits]}
    return openai.DefaultAioHttpClient(limits=limits, event_hooks=hooks)


class OpenAIChat:
    """A model behind an OpenAI-compatible server."""

    def __init__(
        self,
        client: AsyncOpenAI,
        model: str,
        *,
        first_token_seconds: float,
        next_token_seconds: float,
    ) -> None:
        self.model = model
        self._client = client
        self._first_token_seconds = first_token_seconds
        self._next_token_seconds = next_token_seconds
        base_url = client.base_url.copy_with(query=None)
        self._where = f"the chat model {model!r} at {str(base_url)!r}"
        self._counts_usage = True
        self._limit_name = "max_tokens"
        self._streams = 0

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None
    ) -> AsyncGenerator[ChatPart, None]:
        """Ask, and give the answer as it arrives; see `Chat`."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._first_token_seconds
        reader = CompletionReader(self._where)
        async with AsyncExitStack() as stack:
            response = await self._begin(stack, messages, max_tokens, deadline)
            pieces = await stack.enter_async_context(aclosing(response.aiter_bytes()))
            stack.enter_context(self._counted())
            while not reader.ended:
                data = await self._read(pieces, deadline, started=reader.tokens > 0)
                if data is None:
                    break
                seen = reader.tokens
                if text := reader.feed(data):
                    yield Text(text)
                    await self._let_gather()
                if reader.tokens > seen:
                    deadline = clock() + self._next_token_seconds
            yield reader.finish()
            await _drain(pieces)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    async def _let_gather(self) -> None:
        """Let tokens gather before the next read, the longer the more streams there are."""
        surplus = self._streams - _UNHURRIED_STREAMS
        if surplus > 0:
            await asyncio.sleep(min(surplus * _PAUSE_SECONDS_PER_STREAM, _LONGEST_PAUSE_SECONDS))

    async def _begin(
        self,
        stack: AsyncExitStack,
        messages: Sequence[Message],
        max_tokens: int | None,
        deadline: float,
    ) -> httpx2.Response:
        """Ask, and wait for a good status."""
        try:
            async with asyncio.timeout_at(deadline):
                return await self._ask_adapting(stack, messages, max_tokens)
        except TimeoutError as error:
            raise self._silence(started=False) from error
        except openai.APIError as error:
            raise self._explain(error) from error

    async def _ask_adapting(
        self, stack: AsyncExitStack, messages: Sequence[Message], max_tokens: int | None
    ) -> httpx2.Response:
        """Ask; a server that refuses a parameter is asked again without it."""
        while True:
            try:
                return await self._ask(stack, messages, max_tokens)
            except openai.BadRequestError as error:
                if not self._learn(str(error)):
                    raise

    async def _ask(
        self, stack: AsyncExitStack, messages: Sequence[Message], max_tokens: int | None
    ) -> httpx2.Response:
        prompt = [{"role": message.role, "content": message.content} for message in messages]
        limit = {} if max_tokens is None else {self._limit_name: max_tokens}
        asked = self._client.chat.completions.with_streaming_response.create(
            model=self.model,
            messages=cast("list[ChatCompletionMessageParam]", prompt),
            stream=True,
            stream_options={"include_usage": True} if self._counts_usage else openai.omit,
            extra_body=limit or None,
        )
        response = await stack.enter_async_context(asked)
        return response.http_response

    def _learn(self, refusal: str) -> bool:
        """Whether the refusal taught us to ask otherwise, this time and from now on."""
        if self._counts_usage and "stream_options" in refusal:
            self._counts_usage = False
            return True
        # OpenAI's newer models take only the new name, most other servers only the old one.
        if self._limit_name == "max_tokens" and "max_completion_tokens" in refusal:
            self._limit_name = "max_completion_tokens"
            return True
        return False

    async def _read(
        self, pieces: AsyncGenerator[bytes, None], deadline: float, *, started: bool
    ) -> bytes | None:
        """The next bytes, or None at the end."""
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(pieces, None)
        except TimeoutError as error:
            raise self._silence(started=started) from error
        except httpx2.HTTPError as error:
            raise ChatUnavailableError(f"{self._where} cut the connection in mid-answer") from error

    def _silence(self, *, started: bool) -> ChatUnavailableError:
        if started:
            return ChatUnavailableError(
                f"{self._where} fell silent for {self._next_token_seconds:g} s in mid-answer "
                "(CHAT_NEXT_TOKEN_SECONDS)"
            )
        return ChatUnavailableError(
            f"{self._where} gave no token within {self._first_token_seconds:g} s "
            "(CHAT_FIRST_TOKEN_SECONDS)"
        )

    def _explain(self, error: openai.APIError) -> RagError:
        if not isinstance(error, openai.APIStatusError):
            return ChatUnavailableError(
                f"{self._where} cannot be reached: {_describe(error.__cause__ or error)}"
            )
        said = f"{self._where} answered {error.status_code}: {_read_refusal(error)}"
        if isinstance(error, openai.RateLimitError):
            seconds = _read_seconds(error.response.headers.get("retry-after"))
            return ChatRateLimitedError(said, retry_after_seconds=seconds)
        if error.status_code in _REJECTED:
            return ChatRejectedError(said)
        return ChatUnavailableError(said)


async def _refuse_long_waits(response: httpx2.Response) -> None:
    """Keep the SDK from sleeping a long `Retry-After` away: the asker decides about that."""
    seconds = _read_seconds(response.headers.get("retry-after"))
    if seconds is not None and seconds > _LONGEST_RETRY_WAIT_SECONDS:
        response.headers["x-should-retry"] = "false"


async def _drain(pieces: AsyncGenerator[bytes, None]) -> None:
    """Read what comes after the last chunk, or the connection could not be used again."""
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in pieces:
                pass


def _describe(error: BaseException) -> str:
    return str(error)[:_SHOWN_CHARACTERS] or type(error).__name__


def _read_refusal(error: openai.APIStatusError) -> str:
    """What the server said, without the status that the SDK puts before it."""
    return _describe(error).removeprefix(f"Error code: {error.status_code} - ")


def _read_seconds(header: str | None) -> float | None:
    try:
        return None if header is None else max(0.0, float(header))
    except ValueError:  # a date, which servers of chat models do not send
        return None
