"""Chat over any provider that LangChain's `init_chat_model` knows, for CHAT_MODEL=provider:model.

LangChain costs 310–660 µs of CPU a token (DESIGN §3): what speaks OpenAI's protocol is better
asked by `rag_api.chat.openai`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache
from typing import cast

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk

from rag_api.chat import ChatPart, Finish, FinishReason, Message, Text, Usage
from rag_core.errors import (
    ChatRateLimitedError,
    ChatRejectedError,
    ChatUnavailableError,
    ConfigurationError,
    MissingPackageError,
    RagError,
)
from rag_core.settings import Settings

_SHOWN_CHARACTERS = 300
_RATE_LIMITED = 429
_REJECTED = frozenset({400, 401, 403, 404, 405, 413, 415, 422})
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

OpenModel = Callable[[int | None], BaseChatModel]
"""A model that gives at most so many tokens."""


@asynccontextmanager
async def open_model(settings: Settings, model: str) -> AsyncIterator[LangChainChat]:
    """Make the provider's model now, so that a fault of the settings shows at the start."""

    # Providers name the limit differently once a model is made; at its making they agree.
    @lru_cache(maxsize=_KEPT_MODELS)
    def open_limited(max_tokens: int | None) -> BaseChatModel:
        return _make_model(model, max_tokens)

    open_limited(None)
    yield LangChainChat(
        open_limited,
        model,
        first_token_seconds=settings.chat_first_token_seconds,
        next_token_seconds=settings.chat_next_token_seconds,
    )


def _make_model(model: str, max_tokens: int | None) -> BaseChatModel:
    try:
        if max_tokens is None:
            return init_chat_model(model)
        return init_chat_model(model, max_tokens=max_tokens)
    except ImportError as error:
        package = _PIP_INSTALL.search(str(error))
        wanted = package.group(1) if package else error.name or str(error)
        raise MissingPackageError(wanted, needed_for=f"CHAT_MODEL={model!r}") from error
    # Each provider's package has errors of its own (a missing key, a bad name).
    except Exception as error:
        raise ConfigurationError(f"CHAT_MODEL={model!r}: {_describe(error)}") from error


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

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None
    ) -> AsyncGenerator[ChatPart, None]:
        """Ask, and give the answer as it arrives; see `Chat`."""
        prompt = [(message.role, message.content) for message in messages]
        chunks = self._open_limited(max_tokens).astream(prompt)
        reason: FinishReason = "stop"
        usage: Usage | None = None
        seconds = self._first_token_seconds
        async with aclosing(cast("AsyncGenerator[AIMessageChunk, None]", chunks)) as pieces:
            while (chunk := await self._read(pieces, seconds)) is not None:
                seconds = self._next_token_seconds
                reason = _read_reason(chunk) or reason
                usage = _add_usage(usage, chunk)
                if text := str(chunk.text):
                    yield Text(text)
        yield Finish(reason, usage)

    async def _read(
        self, pieces: AsyncGenerator[AIMessageChunk, None], seconds: float
    ) -> AIMessageChunk | None:
        """The next chunk, or None at the end."""
        try:
            async with asyncio.timeout(seconds):
                return await anext(pieces, None)
        except TimeoutError as error:
            raise ChatUnavailableError(
                f"the chat model {self.model!r} gave no token for {seconds:g} s "
                "(CHAT_FIRST_TOKEN_SECONDS, CHAT_NEXT_TOKEN_SECONDS)"
            ) from error
        # Each provider's package has errors of its own; most carry an HTTP status.
        except Exception as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> RagError:
        status = _read_status(error)
        said = f"the chat model {self.model!r} failed"
        said = (
            f"{said}: {_describe(error)}"
            if status is None
            else f"{said} with {status}: {_describe(error)}"
        )
        if status == _RATE_LIMITED:
            return ChatRateLimitedError(said)
        return ChatRejectedError(said) if status in _REJECTED else ChatUnavailableError(said)


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


def _describe(error: BaseException) -> str:
    return str(error)[:_SHOWN_CHARACTERS] or type(error).__name__
