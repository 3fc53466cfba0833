"""A chat model that waits in the middle of its answer, until the test lets it go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from rag_api.chat import ChatPart, Finish, Message, Text, Usage


@dataclass
class GatedChat:
    """Says what comes before the gate, then the rest when it is open; counts its answers."""

    before: Sequence[str] = ("It costs ", "12 euros [1]")
    after: Sequence[str] = (", and", " no more.")
    failure: Exception | None = None
    model: str = "tiny"
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    answers: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def text(self) -> str:
        """All that it says."""
        return "".join([*self.before, *self.after])

    async def stream(
        self, _messages: Sequence[Message], *, max_tokens: int | None
    ) -> AsyncGenerator[ChatPart, None]:
        assert max_tokens
        self.answers += 1
        try:
            for text in self.before:
                yield Text(text)
            await self.gate.wait()
            if self.failure is not None:
                raise self.failure
            for text in self.after:
                yield Text(text)
            yield Finish("stop", Usage(20, 5))
        finally:
            self.closed.set()


async def until(condition: Callable[[], bool]) -> None:
    """Return when it is true, which takes a few steps of the event loop."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise TimeoutError
