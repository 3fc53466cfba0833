"""The real program, told to stop while it answers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import openai
import psutil
import pytest

from tests.rag_api.test_native import read_events
from tests.servers import serving, until
from tests.upstream import END, HEADERS, Upstream, chunk

QUESTION = "What is it made of?"
MESSAGES = [{"role": "user", "content": QUESTION}]
BANNER_LINES = 7
ENDS = (chunk("It is"), 1.0, chunk(" done."), chunk(reason="stop"), END)
NEVER_ENDS = (chunk("It is"), 60.0)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a document to answer from."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "wood.txt").write_text("It is made of wood.")
    done = subprocess.run(
        [sys.executable, "-m", "ingest", "add", str(folder / "wood.txt")],
        env=environment(folder),
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def environment(home: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "RAG_HOME": str(home / "store"),
        "RAG_PORT": "0",
        "RAG_WORKER": "no",
        **more,
    }


@asynccontextmanager
async def answering(
    home: Path, *pieces: bytes | float, drain_seconds: float
) -> AsyncIterator[tuple[Process, str, Upstream]]:
    """The program, whose chat model answers every question by these pieces."""
    upstream = Upstream([(200, HEADERS, pieces)])
    async with serving(upstream) as port:
        settings = environment(
            home,
            OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1",
            CHAT_MODEL="tiny",
            RAG_DRAIN_SECONDS=str(drain_seconds),
        )
        command = (sys.executable, "-m", "rag_api", "serve")
        process = await asyncio.create_subprocess_exec(
            *command, env=settings, cwd=home, stdout=PIPE
        )
        assert process.stdout is not None
        banner = b"".join([await process.stdout.readline() for _ in range(BANNER_LINES)]).decode()
        try:
            yield process, banner.split("docs   ")[1].split("/docs")[0], upstream
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def begin_all(url: str, upstream: Upstream) -> list[asyncio.Task[httpx2.Response]]:
    """Ask in each protocol, streamed and whole; returns when the model answers all of them."""
    chat = {"model": "rag", "messages": MESSAGES}
    asked = [
        ("/v1/answers", {"question": QUESTION}),
        ("/v1/answers", {"question": QUESTION, "stream": False}),
        ("/v1/chat/completions", {**chat, "stream": True}),
        ("/v1/chat/completions", chat),
    ]

    async def ask(path: str, body: dict[str, object]) -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=30) as client:
            return await client.post(url + path, json=body)

    asking = [asyncio.create_task(ask(path, body)) for path, body in asked]
    await until(lambda: len(upstream.requests) == len(asked), most_seconds=20)
    await asyncio.sleep(0.2)
    return asking


async def test_answers_in_progress_are_finished_and_no_call_is_taken(home: Path) -> None:
    async with answering(home, *ENDS, drain_seconds=20) as (process, url, upstream):
        asking = await begin_all(url, upstream)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{url}/healthz")
        native, whole, streamed, completion = await asyncio.gather(*asking)
        code = await asyncio.wait_for(process.wait(), 20)

    assert read_events(native.content)[-1][0] == "done"
    assert whole.json()["answer"] == "It is done."
    assert streamed.text.endswith("data: [DONE]\n\n")
    assert completion.json()["choices"][0]["message"]["content"].startswith("It is done.")
    assert code == 0


@pytest.mark.parametrize(
    ("drain_seconds", "signals"),
    [
        (0.5, [signal.SIGTERM]),
        (30, [signal.SIGTERM, signal.SIGTERM]),
        (30, [signal.SIGINT, signal.SIGINT]),
    ],
)
async def test_answers_that_are_late_end_in_their_own_protocol_also_at_a_second_signal(
    home: Path, drain_seconds: float, signals: list[signal.Signals]
) -> None:
    async with answering(home, *NEVER_ENDS, drain_seconds=drain_seconds) as (process, url, model):
        asking = await begin_all(url, model)
        for one in signals:
            process.send_signal(one)
            await asyncio.sleep(0.3)
        native, whole, streamed, completion = await asyncio.gather(*asking)
        code = await asyncio.wait_for(process.wait(), 20)

    name, _, data = read_events(native.content)[-1]
    assert (name, data["error"], data["retryable"]) == ("failed", "StoppedError", True)
    assert (whole.status_code, whole.json()["error"]) == (503, "StoppedError")
    assert streamed.text.rpartition("data: ")[2].startswith('{"error":{"message":"the server stops')
    assert completion.json()["error"]["code"] == "StoppedError"
    assert code == 0


async def test_openais_client_is_told_that_the_server_stops(home: Path) -> None:
    async with answering(home, *NEVER_ENDS, drain_seconds=0.1) as (process, url, _):
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="x") as client:
            stream = await client.chat.completions.create(
                model="rag", messages=[{"role": "user", "content": QUESTION}], stream=True
            )
            process.send_signal(signal.SIGTERM)
            with pytest.raises(openai.APIError, match="the server stops"):
                async for _chunk in stream:
                    pass
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_nothing_of_ours_runs_on_after_a_stop(home: Path) -> None:
    async with answering(home, *ENDS, drain_seconds=1) as (process, _, _upstream):
        assert users_of(home)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 20)

        await until(lambda: not users_of(home), most_seconds=20)


def users_of(home: Path) -> list[int]:
    """The processes whose command line names the store: Chroma and its keeper."""
    users = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if str(home / "store") in command:
            users.append(process.pid)
    return users


async def test_a_client_that_takes_nothing_does_not_keep_the_program_from_its_end(
    home: Path,
) -> None:
    many = (chunk("word " * 200),) * 2000

    async with answering(home, *many, 60.0, drain_seconds=0.1) as (process, url, upstream):
        with stuck_client(url):
            await until(lambda: upstream.requests, most_seconds=20)
            await asyncio.sleep(0.5)
            process.send_signal(signal.SIGTERM)

            assert await asyncio.wait_for(process.wait(), 20) == 0


def stuck_client(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    client = socket.create_connection((host, int(port)))
    body = json.dumps({"question": QUESTION}).encode()
    head = "POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return client
