"""The chat model behind one seam: messages go in, text comes out in pieces, then the finish."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from rag_api.chat.choice import ModelSettings, choose_model, main_model
from rag_core.settings import Settings

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the model's server counted them."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Text:
    """The next text of the answer: all that arrived together, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The model is done; the last part of a stream."""

    reason: FinishReason
    usage: Usage | None
    """None when the server does not count."""


ChatPart = Text | Finish


class Chat(Protocol):
    """A chat model that is ready to be asked."""

    @property
    def model(self) -> str:
        """Its name, as the settings give it."""
        ...

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None
    ) -> AsyncGenerator[ChatPart, None]:
        """Ask, and give the answer as it arrives: Texts, then exactly one Finish.

        What fails before the first Text is asked again, as long as there is time for it. Closing
        the generator closes the connection to the model's server at once.

        Raises:
            ChatRejectedError: the server refuses the request.
            ChatUnavailableError: it does not answer in time, or breaks off.
        """
        ...


@asynccontextmanager
async def open_chat(
    settings: Settings, wanted: ModelSettings | None = None
) -> AsyncIterator[Chat | None]:
    """Open a chat model, CHAT_MODEL unless another is wanted; gives None for the extractive one.

    Raises:
        ConfigurationError: the model cannot be opened as the settings name it.
        MissingPackageError: its provider's package is not installed.
    """
    wanted = main_model(settings) if wanted is None else wanted
    choice = choose_model(wanted)
    if choice is None:
        yield None
        return
    # The libraries import in 0.9 s and more: only the one that is asked for is loaded.
    module = importlib.import_module(f"rag_api.chat.{choice.library}")
    opened: AbstractAsyncContextManager[Chat] = module.open_model(settings, wanted, choice.model)
    async with opened as chat:
        yield chat
