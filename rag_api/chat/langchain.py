"""Chat over any provider that LangChain's `init_chat_model` knows, for CHAT_MODEL=provider:model.

LangChain costs 310–660 µs of CPU a token: what speaks OpenAI's protocol is better asked by
`rag_api.chat.openai`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk

from rag_api.chat import ChatPart, Finish, FinishReason, Message, Text, Usage
from rag_api.chat.choice import ModelSettings
from rag_api.chat.faults import ChatError, describe, name_fault, read_retry_after
from rag_api.chat.retries import Tries, ask_again
from rag_core.errors import ChatUnavailableError, ConfigurationError, MissingPackageError
from rag_core.settings import Settings

_KEPT_MODELS = 8

_PIP_INSTALL = re.compile(r"pip install ([\w.-]+)")
_REASON_KEYS = ("finish_reason", "stop_reason", "done_reason", "stopReason")
_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
}


@dataclass(slots=True)
class _Read:
    """What was read of a stream so far."""

    chunks: int = 0
    tokens: int = 0
    """Chunks in which the model has said or thought something."""
    reason: FinishReason | None = None
    usage: Usage | None = None

    def take(self, chunk: AIMessageChunk) -> str:
        """Read a chunk; gives its text."""
        self.chunks += 1
        self.tokens += bool(chunk.content or chunk.additional_kwargs)
        self.reason = _read_reason(chunk) or self.reason
        self.usage = _add_usage(self.usage, chunk)
        return str(chunk.text)


OpenModel = Callable[[int | None], BaseChatModel]
"""A model that gives at most so many tokens."""


@asynccontextmanager
async def open_model(
    settings: Settings, wanted: ModelSettings, model: str
) -> AsyncIterator[LangChainChat]:
    """Make the provider's model now, so that a fault of the settings shows at the start."""

    # Providers name the limit differently once a model is made; at its making they agree.
    @lru_cache(maxsize=_KEPT_MODELS)
    def open_limited(max_tokens: int | None) -> BaseChatModel:
        return _make_model(wanted.setting, model, max_tokens)

    open_limited(None)
    yield LangChainChat(
        open_limited,
        model,
        first_token_seconds=settings.chat_first_token_seconds,
        next_token_seconds=settings.chat_next_token_seconds,
    )


def _make_model(setting: str, model: str, max_tokens: int | None) -> BaseChatModel:
    try:
        if max_tokens is None:
            return init_chat_model(model)
        return init_chat_model(model, max_tokens=max_tokens)
    except ImportError as error:
        package = _PIP_INSTALL.search(str(error))
        wanted = package.group(1) if package else error.name or str(error)
        raise MissingPackageError(wanted, needed_for=f"{setting}={model!r}") from error
    # Each provider's package has errors of its own (a missing key, a bad name).
    except Exception as error:
        raise ConfigurationError(f"{setting}={model!r}: {describe(error)}") from error


class LangChainChat:
    """A LangChain chat model."""

    def __init__(
        self,
        open_limited: OpenModel,
        model: str,
        *,
        first_token_seconds: float,
        next_token_seconds: float,
    ) -> None:
        self.model = model
        self._open_limited = open_limited
        self._first_token_seconds = first_token_seconds
        self._next_token_seconds = next_token_seconds

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None
    ) -> AsyncGenerator[ChatPart, None]:
        """Ask, and give the answer as it arrives; see `Chat`."""
        return ask_again(
            lambda tries: self._attempt(messages, max_tokens, tries),
            seconds=self._first_token_seconds,
        )

    async def _attempt(
        self, messages: Sequence[Message], max_tokens: int | None, tries: Tries
    ) -> AsyncGenerator[ChatPart, None]:
        prompt = [(message.role, message.content) for message in messages]
        chunks = self._open_limited(max_tokens).astream(prompt)
        clock, deadline, read = asyncio.get_running_loop().time, tries.deadline, _Read()
        async with aclosing(cast("AsyncGenerator[AIMessageChunk, None]", chunks)) as pieces:
            while (chunk := await self._next(pieces, deadline, read, tries)) is not None:
                tokens = read.tokens
                if text := read.take(chunk):
                    yield Text(text)
                if read.tokens > tokens:
                    deadline = clock() + self._next_token_seconds
        yield self._finish(read)

    def _finish(self, read: _Read) -> Finish:
        if not read.tokens and read.reason is None:
            raise ChatUnavailableError(f"the chat model {self.model!r} ended without a token")
        return Finish("stop" if read.reason is None else read.reason, read.usage)

    async def _next(
        self,
        pieces: AsyncGenerator[AIMessageChunk, None],
        deadline: float,
        read: _Read,
        tries: Tries,
    ) -> AIMessageChunk | None:
        """The next chunk, or None at the end."""
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(pieces, None)
        except TimeoutError as error:
            seconds = self._next_token_seconds if read.tokens else self._first_token_seconds
            raise ChatUnavailableError(
                f"the chat model {self.model!r} gave no token for {seconds:g} s "
                "(CHAT_FIRST_TOKEN_SECONDS, CHAT_NEXT_TOKEN_SECONDS)"
            ) from error
        # Each provider's package has errors of its own; most carry an HTTP status.
        except Exception as error:
            if not read.chunks:
                # Until the stream begins, the packages ask again by themselves.
                tries.stop()
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> ChatError:
        status = _read_status(error)
        failed = "failed" if status is None else f"failed with {status}"
        headers = getattr(getattr(error, "response", None), "headers", None)
        return name_fault(
            f"the chat model {self.model!r} {failed}: {describe(error)}",
            status,
            retry_after_seconds=read_retry_after(headers) if headers else None,
        )


def _read_status(error: Exception) -> int | None:
    response = getattr(error, "response", None)
    for holder, name in ((error, "status_code"), (response, "status_code"), (error, "code")):
        status = getattr(holder, name, None)
        if isinstance(status, int):
            return status
    return None


def _read_reason(chunk: AIMessageChunk) -> FinishReason | None:
    for key in _REASON_KEYS:
        reason = chunk.response_metadata.get(key)
        if isinstance(reason, str) and reason:
            return _REASONS.get(reason.lower(), "stop")
    return None


def _add_usage(usage: Usage | None, chunk: AIMessageChunk) -> Usage | None:
    """Providers send the counts in one piece or in several, which add up."""
    more = chunk.usage_metadata
    if more is None:
        return usage
    known = usage or Usage(0, 0)
    return Usage(
        known.input_tokens + more["input_tokens"], known.output_tokens + more["output_tokens"]
    )
