"""Parses and cuts files in worker processes: a file that breaks its parser costs that file only."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from ingest.parsed import (
    LENGTH_BYTES,
    Accepted,
    Answer,
    Parsed,
    ParseRequest,
    Refused,
    put_together,
)
from rag_core.errors import (
    ConfigurationError,
    DocumentError,
    EmptyDocumentError,
    OversizedDocumentError,
    UnreadableDocumentError,
    UnsupportedDocumentError,
)

_Stream = TypeVar("_Stream", asyncio.StreamReader, asyncio.StreamWriter)

_MIB = 1 << 20
_MAX_WORKERS = 4
_START_SECONDS = 60
_MAX_ANSWER_BYTES = 2 << 30
_LARGE_BYTES = 8 * _MIB
"""A file from here on leaves its worker swollen, so that one is replaced, and its answer is
read in a thread."""
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "TIKTOKEN_CACHE_DIR")
"""Of the environment: keys and passwords stay away from parsers."""
_ERRORS: dict[str, type[DocumentError]] = {
    kind.__name__: kind
    for kind in (
        UnreadableDocumentError,
        UnsupportedDocumentError,
        EmptyDocumentError,
        OversizedDocumentError,
    )
}
_OUT_OF_LIMITS = {signal.SIGABRT, signal.SIGKILL}
"""How a library, or the kernel, ends a process that gets no more memory."""
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take."""

    memory_bytes: int = 1024 * _MIB
    """Beyond what the worker's libraries hold."""
    memory_per_byte: float = 12.0
    """More for each byte of the file, so that a large text, which we hold whole, passes."""
    seconds: float = 60.0
    """Of processor time."""
    seconds_per_mib: float = 2.0
    """More for each MiB of the file."""
    clock_per_processor: float = 2.0
    """Seconds by the clock for each of processor time: the machine may be busy."""

    def memory(self, size_bytes: int) -> int:
        """Bytes for a file of this size; never over half of the machine's memory."""
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        wanted = self.memory_bytes + int(self.memory_per_byte * size_bytes)
        return min(wanted, max(self.memory_bytes, machine // 2))

    def time(self, size_bytes: int) -> float:
        """Seconds for a file of this size."""
        return self.seconds + self.seconds_per_mib * size_bytes / _MIB


@dataclass(slots=True)
class Sandbox:
    """Worker processes, started when they are needed; use `open_sandbox`."""

    tokenizer: str
    """As `rag_core.tokens.open_counter` takes it."""
    max_tokens: int
    """Of a chunk."""
    limits: Limits
    free: asyncio.Semaphore
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """To try in turn where a file asks for one."""
    idle: list[Process] = field(default_factory=list)

    async def parse(self, path: Path, *, source: str) -> Parsed:
        """Read and cut one file.

        Raises:
            DocumentError: it cannot be read, holds no text, passes a limit or broke its parser.
            ConfigurationError: no worker can be started.
        """
        size_bytes = _size(path)
        request = ParseRequest(
            str(path),
            source,
            self.limits.memory(size_bytes),
            int(self.limits.time(size_bytes)),
            self.passwords,
        )
        async with self.free:
            worker = self._waiting() or await self._start()
            answer = await self._ask(worker, request, large=size_bytes >= _LARGE_BYTES)
        if isinstance(answer, Accepted):
            return put_together(answer)
        raise _error(answer)

    async def close(self) -> None:
        """End the workers that wait; those at work were ended with their call."""
        while self.idle:
            await _kill(self.idle.pop())

    def _waiting(self) -> Process | None:
        """Take a worker that waits and still lives."""
        while self.idle:
            worker = self.idle.pop()
            if worker.returncode is None:
                return worker
        return None

    async def _start(self) -> Process:
        worker = await asyncio.create_subprocess_exec(
            # -P: a module that lies in the working folder is no part of the program.
            *(sys.executable, "-P", "-m", "ingest.sandbox_worker"),
            *(self.tokenizer, str(self.max_tokens), str(os.getpid())),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            # Ctrl-C at the terminal is for us to deal with. No session of its own: Linux shares
            # processors fairly between sessions, whatever priority the processes in them have.
            process_group=0,
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await _receive_ready(worker)
        except BaseException:
            await _kill(worker)
            raise
        return worker

    async def _ask(self, worker: Process, request: ParseRequest, *, large: bool) -> Answer:
        try:
            async with asyncio.timeout(self.limits.clock_per_processor * request.seconds):
                answer = await _exchange(worker, request)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _crashed(await worker.wait(), request) from None
        except TimeoutError:
            await _kill(worker)
            raise _too_slow(request) from None
        except BaseException:
            await _kill(worker)
            raise
        if large or _is_swollen(answer):
            await _kill(worker)
        else:
            self.idle.append(worker)
        return answer


@asynccontextmanager
async def open_sandbox(
    *,
    tokenizer: str,
    max_tokens: int,
    workers: int | None = None,
    limits: Limits | None = None,
    passwords: Sequence[str] = (),
) -> AsyncIterator[Sandbox]:
    """Open a sandbox that ends its workers when it closes; at most `workers` run at once."""
    count = min(_MAX_WORKERS, os.cpu_count() or 1) if workers is None else workers
    sandbox = Sandbox(
        tokenizer, max_tokens, limits or Limits(), asyncio.Semaphore(count), tuple(passwords)
    )
    try:
        yield sandbox
    finally:
        await sandbox.close()


async def _receive_ready(worker: Process) -> None:
    """Wait until a worker has loaded its libraries."""
    try:
        answer = await _receive(worker)
    except asyncio.IncompleteReadError as error:
        complaint = (await _stream(worker.stderr).read()).decode(errors="replace").split("\n")
        last = next((line for line in reversed(complaint) if line.strip()), "it says nothing")
        raise ConfigurationError(f"the parser process does not start: {last}") from error
    if isinstance(answer, Refused):
        raise ConfigurationError(f"the parser process does not start: {answer.detail}")


async def _exchange(worker: Process, request: ParseRequest) -> Answer:
    frame = orjson.dumps(request)
    pipe = _stream(worker.stdin)
    pipe.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)
    await pipe.drain()
    return await _receive(worker)


async def _receive(worker: Process) -> Answer:
    """Read one frame; what a worker says is checked, since a hostile file may have taken it."""
    pipe = _stream(worker.stdout)
    length = int.from_bytes(await pipe.readexactly(LENGTH_BYTES), "big")
    if length > _MAX_ANSWER_BYTES:
        await _kill(worker)
        raise OversizedDocumentError(f"its text takes more than {_MAX_ANSWER_BYTES // _MIB} MB")
    frame = await pipe.readexactly(length)
    try:
        if length < _LARGE_BYTES:
            return _ANSWER.validate_json(frame)
        return await asyncio.to_thread(_ANSWER.validate_json, frame)
    except ValidationError as error:
        raise UnreadableDocumentError("the parser answered with garbage") from error


def _stream(pipe: _Stream | None) -> _Stream:
    if pipe is None:
        raise RuntimeError("a worker is always started with pipes")
    return pipe


async def _kill(worker: Process) -> None:
    if worker.returncode is None:
        with suppress(ProcessLookupError):
            worker.kill()
    await worker.wait()


def _is_swollen(answer: Answer) -> bool:
    """Whether the worker ran into its limit: what it holds now stays with it."""
    return isinstance(answer, Refused) and answer.error == OversizedDocumentError.__name__


def _error(answer: Answer) -> DocumentError:
    if not isinstance(answer, Refused):
        return UnreadableDocumentError("the parser answered out of turn")
    return _ERRORS.get(answer.error, UnreadableDocumentError)(answer.detail)


def _crashed(code: int, request: ParseRequest) -> DocumentError:
    if -code == signal.SIGXCPU:
        return _too_slow(request)
    if code >= 0:
        return UnreadableDocumentError(f"the parser ended (code {code})")
    needs = f"the file needs more than {request.memory_bytes // _MIB} MB, or is damaged"
    if -code in _OUT_OF_LIMITS:
        return OversizedDocumentError(f"the parser crashed (signal {-code}): {needs}")
    return UnreadableDocumentError(f"the parser crashed (signal {-code}): the file is damaged")


def _too_slow(request: ParseRequest) -> OversizedDocumentError:
    return OversizedDocumentError(f"parsing takes more than {request.seconds} s")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise UnreadableDocumentError(f"cannot read it: {error.strerror or error}") from error
