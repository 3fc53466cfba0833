"""A worker process of the sandbox as seen from outside: started, asked, and ended with its kin."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Annotated, TypeVar

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from ingest.parsed import LENGTH_BYTES, Answer, ParseRequest, Refused
from rag_core.documents import Splitting
from rag_core.errors import ConfigurationError, OversizedDocumentError, UnreadableDocumentError

LARGE_BYTES = 8 << 20
"""A file from here on leaves its worker swollen, so that one is replaced, and its answer is
read in a thread."""

_Stream = TypeVar("_Stream", asyncio.StreamReader, asyncio.StreamWriter)

_START_SECONDS = 60
_START_ANSWER_BYTES = 1 << 16
_LEAVE_SECONDS = 1.0
"""A worker that hung up may take so long to be gone."""
_REAP_SECONDS = 1.0
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "TIKTOKEN_CACHE_DIR")
"""Of the environment: keys and passwords stay away from parsers."""
# glibc reserves 64 MB of addresses for each thread that allocates, and they count as memory.
_OWN = {"MALLOC_ARENA_MAX": "2"}
# In this order, not each of them to see which fits best: nearly all are the first.
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(union_mode="left_to_right")])


async def start_worker(tokenizer: str, splitting: Splitting) -> Process:
    """Start a worker and wait until it has loaded its libraries.

    Raises:
        ConfigurationError: it does not start; says why.
    """
    worker = await asyncio.create_subprocess_exec(
        # -P: a module that lies in the working folder is no part of the program.
        *(sys.executable, "-P", "-m", "ingest.sandbox_worker"),
        *(tokenizer, orjson.dumps(splitting).decode(), str(os.getpid())),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=_OWN | {name: os.environ[name] for name in _INHERITED if name in os.environ},
        # Ctrl-C at the terminal is for us to deal with; and what it starts can be ended with it.
        # No session of its own: Linux shares processors fairly between sessions, whatever priority
        # the processes in them have.
        process_group=0,
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            await _receive_ready(worker)
    except BaseException:
        await kill_worker(worker)
        raise
    return worker


async def ask_worker(worker: Process, request: ParseRequest, *, most_bytes: int) -> Answer:
    """Send a request and wait for the answer.

    Raises:
        asyncio.IncompleteReadError: the worker hung up.
        ConnectionError: it had hung up before.
        DocumentError: the answer has more than so many bytes, or is none.
    """
    frame = orjson.dumps(request)
    pipe = _stream(worker.stdin)
    pipe.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)
    await pipe.drain()
    return await _receive(worker, most_bytes=most_bytes)


async def await_end(worker: Process) -> int | None:
    """The exit code of a worker that hung up; None when it did not end with that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LEAVE_SECONDS):
            await worker.wait()
    code = worker.returncode
    await kill_worker(worker)
    return code


async def kill_worker(worker: Process) -> None:
    """End a worker, and whatever it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(worker.pid, signal.SIGKILL)
    # asyncio waits for the pipes, too, and what left the group may hold these for ever.
    with suppress(TimeoutError):
        async with asyncio.timeout(_REAP_SECONDS):
            await worker.wait()
    worker._transport.close()  # type: ignore[attr-defined] # noqa: SLF001 - no public way does it


async def _receive_ready(worker: Process) -> None:
    try:
        answer = await _receive(worker, most_bytes=_START_ANSWER_BYTES)
    except asyncio.IncompleteReadError as error:
        complaint = (await _stream(worker.stderr).read()).decode(errors="replace").split("\n")
        last = next((line for line in reversed(complaint) if line.strip()), "it says nothing")
        raise ConfigurationError(f"the parser process does not start: {last}") from error
    if isinstance(answer, Refused):
        raise ConfigurationError(f"the parser process does not start: {answer.detail}")


async def _receive(worker: Process, *, most_bytes: int) -> Answer:
    """Read one frame; what a worker says is checked, since a hostile file may have taken it."""
    pipe = _stream(worker.stdout)
    length = int.from_bytes(await pipe.readexactly(LENGTH_BYTES), "big")
    if length > most_bytes:
        raise OversizedDocumentError(f"its text takes more than {most_bytes >> 20} MB")
    frame = await pipe.readexactly(length)
    try:
        if length < LARGE_BYTES:
            return _ANSWER.validate_json(frame)
        return await asyncio.to_thread(_ANSWER.validate_json, frame)
    except ValidationError as error:
        raise UnreadableDocumentError("the parser answered with garbage") from error


def _stream(pipe: _Stream | None) -> _Stream:
    if pipe is None:
        raise RuntimeError("a worker is always started with pipes")
    return pipe
