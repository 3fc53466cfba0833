"""A scripted server of chat completions, and scripted chats, for the tests of what reads them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from rag_api.chat import ChatPart, Message

HEADERS = {"content-type": "text/event-stream"}


def chunk(content: str | None = None, *, reason: str | None = None, **more: object) -> bytes:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return b"data: " + json.dumps({"choices": [choice], **more}).encode() + b"\n\n"


USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}\n\n'
END = b"data: [DONE]\n\n"
ANSWER = (chunk("Hello"), chunk(" there"), chunk(reason="stop"), USAGE, END)


class CutError(Exception):
    """The server breaks the connection."""


@dataclass
class Upstream:
    """Answers each request by the next of its replies; the last one stays."""

    replies: list[tuple[int, dict[str, str], Sequence[bytes | float]]]
    """Status, headers, and the body's pieces; a number is a pause in seconds, negative a cut."""
    requests: list[dict[str, object]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client leaves before the end."""

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        self.requests.append(json.loads((await receive())["body"]))
        status, headers, pieces = self.replies.pop(0) if self.replies[1:] else self.replies[0]
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": named})
        gone = asyncio.create_task(receive())
        for piece in pieces:
            if isinstance(piece, bytes):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            elif piece < 0:
                gone.cancel()
                raise CutError
            else:
                await asyncio.wait([gone], timeout=piece)
            if gone.done():
                self.left.set()
                return
        gone.cancel()
        await send({"type": "http.response.body"})


def streaming(*pieces: bytes | float) -> Upstream:
    return Upstream([(200, HEADERS, pieces)])


@asynccontextmanager
async def sending(reply: bytes) -> AsyncIterator[int]:
    """A port that answers each request with these bytes, and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@dataclass
class ScriptedChat:
    """Gives its parts, and raises those that are errors."""

    parts: Sequence[ChatPart | Exception]
    model: str = "scripted"
    asked: list[Sequence[Message]] = field(default_factory=list)
    closed: bool = False

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None
    ) -> AsyncGenerator[ChatPart, None]:
        assert max_tokens
        self.asked.append(messages)
        try:
            for part in self.parts:
                if isinstance(part, Exception):
                    raise part
                yield part
        finally:
            self.closed = True


class WordCounter:
    """Counts what stands between white space."""

    name = "words"
    exact = True

    def count(self, text: str) -> int:
        return len(text.split())
