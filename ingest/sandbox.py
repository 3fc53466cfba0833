"""Parses and cuts files in worker processes: a file that breaks its parser costs that file only."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.allowance import Allowance
from ingest.limits import Limits
from ingest.parsed import Accepted, Answer, Parsed, ParseRequest, Refused, put_together
from ingest.worker_process import LARGE_BYTES, ask_worker, await_end, kill_worker, start_worker
from rag_core.documents import DEFAULT_SPLITTING, Splitting
from rag_core.errors import (
    DocumentError,
    EmptyDocumentError,
    EncryptedDocumentError,
    OversizedDocumentError,
    UnavailableDocumentError,
    UnreadableDocumentError,
    UnsupportedDocumentError,
)

_MIB = 1 << 20
_DETAIL_CHARACTERS = 1_000
_WAITING_BYTES = 64 << 20
"""Of files and their texts from the beginning of their parsing until they are done with; a larger
one goes alone."""
_ERRORS: dict[str, type[DocumentError]] = {
    kind.__name__: kind
    for kind in (
        UnreadableDocumentError,
        EncryptedDocumentError,
        UnavailableDocumentError,
        UnsupportedDocumentError,
        EmptyDocumentError,
        OversizedDocumentError,
    )
}


@dataclass(slots=True)
class Sandbox:
    """Worker processes, started when they are needed; use `open_sandbox`."""

    tokenizer: str
    """As `rag_core.tokens.open_counter` takes it."""
    splitting: Splitting
    limits: Limits
    free: asyncio.Semaphore
    memory: Allowance
    """Of all workers together, by what each may take at most."""
    waiting: Allowance = field(default_factory=lambda: Allowance(_WAITING_BYTES))
    """Of what is being parsed, or was and is not done with."""
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """To try in turn where a file asks for one."""
    idle: list[Process] = field(default_factory=list)

    async def parse(self, path: Path, *, source: str) -> Parsed:
        """Read and cut one file; waits until enough of what was parsed is done with.

        Raises:
            DocumentError: it cannot be read, holds no text, passes a limit or broke its parser;
                its `seconds` say how long a parser was at it.
            ConfigurationError: no worker can be started.
        """
        size_bytes = _size(path)
        return await self.hold(size_bytes, self._parse(path, source, size_bytes))

    async def hold(self, size_bytes: int, work: Coroutine[None, None, Parsed]) -> Parsed:
        """Do this parsing, of so many bytes, when enough of what was parsed is done with."""
        try:
            await self.waiting.take(size_bytes)
        except BaseException:
            work.close()
            raise
        try:
            parsed = await work
        except BaseException:
            self.waiting.give_back(size_bytes)
            raise
        # A small archive may hold a large text: it is here twice, whole and in chunks.
        held = max(size_bytes, 2 * sys.getsizeof(parsed.document.text))
        self.waiting.grow(held - size_bytes)
        return replace(parsed, held_bytes=held)

    def give_back(self, held_bytes: int) -> None:
        """Let others be parsed: one that held so much is done with."""
        self.waiting.give_back(held_bytes)

    async def _parse(self, path: Path, source: str, size_bytes: int) -> Parsed:
        request = ParseRequest(
            str(path),
            source,
            self.limits.memory(size_bytes),
            int(self.limits.time(size_bytes)),
            self.passwords,
        )
        async with self.free, self.memory.holding(request.memory_bytes):
            worker = self._waiting() or await start_worker(self.tokenizer, self.splitting)
            began = time.monotonic()
            try:
                return await self._take(worker, request, large=size_bytes >= LARGE_BYTES, at=began)
            except DocumentError as error:
                error.seconds = time.monotonic() - began
                raise

    async def close(self) -> None:
        """End the workers that wait; those at work were ended with their call."""
        while self.idle:
            await kill_worker(self.idle.pop())

    def _waiting(self) -> Process | None:
        """Take a worker that waits and still lives."""
        while self.idle:
            worker = self.idle.pop()
            if worker.returncode is None:
                return worker
        return None

    async def _take(
        self, worker: Process, request: ParseRequest, *, large: bool, at: float
    ) -> Parsed:
        answer = await self._ask(worker, request, large=large)
        return accept(answer, source=request.source, seconds=time.monotonic() - at)

    async def _ask(self, worker: Process, request: ParseRequest, *, large: bool) -> Answer:
        try:
            async with asyncio.timeout(self.limits.clock_per_processor * request.seconds):
                answer = await ask_worker(worker, request, most_bytes=self.limits.answer_bytes)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _crashed(await await_end(worker), request) from None
        except TimeoutError:
            await kill_worker(worker)
            raise _too_slow(request) from None
        except BaseException:
            await kill_worker(worker)
            raise
        if large or _is_swollen(answer):
            await kill_worker(worker)
        else:
            self.idle.append(worker)
        return answer


@asynccontextmanager
async def open_sandbox(
    *,
    tokenizer: str,
    splitting: Splitting = DEFAULT_SPLITTING,
    workers: int | None = None,
    limits: Limits | None = None,
    passwords: Sequence[str] = (),
) -> AsyncIterator[Sandbox]:
    """Open a sandbox that ends its workers when it closes; at most `workers` run at once."""
    limits = limits or Limits()
    sandbox = Sandbox(
        tokenizer,
        splitting,
        limits,
        asyncio.Semaphore(limits.workers if workers is None else workers),
        Allowance(limits.total_bytes),
        passwords=tuple(passwords),
    )
    try:
        yield sandbox
    finally:
        await sandbox.close()


def _is_swollen(answer: Answer) -> bool:
    """Whether the worker ran into its limit: what it holds now stays with it."""
    return isinstance(answer, Refused) and answer.error == OversizedDocumentError.__name__


def accept(answer: Answer, *, source: str, seconds: float) -> Parsed:
    """Take what a worker says of a file, after so many seconds.

    Raises:
        DocumentError: it refuses the file.
    """
    if isinstance(answer, Accepted):
        return put_together(answer, source=source, seconds=seconds)
    error = _error(answer)
    error.seconds = seconds
    raise error


def _error(answer: Answer) -> DocumentError:
    if not isinstance(answer, Refused):
        return UnreadableDocumentError("the parser answered out of turn")
    detail = answer.detail[:_DETAIL_CHARACTERS]
    return _ERRORS.get(answer.error, UnreadableDocumentError)(detail)


def _crashed(code: int | None, request: ParseRequest) -> DocumentError:
    if code is None:
        return UnreadableDocumentError("the parser hung up: the file is damaged")
    if -code == signal.SIGXCPU:
        return _too_slow(request)
    if code >= 0:
        return UnreadableDocumentError(f"the parser ended (code {code})")
    needs = f"the file needs more than {request.memory_bytes // _MIB} MB, or is damaged"
    if -code == signal.SIGABRT:  # how a library ends a process that gets no more memory
        return OversizedDocumentError(f"the parser crashed (signal {-code}): {needs}")
    if -code == signal.SIGKILL:  # none of our limits does that, nor can a parser to itself
        return UnavailableDocumentError(
            "its parser was killed from outside (signal 9), as the kernel does when the machine "
            "has no memory left"
        )
    return UnreadableDocumentError(f"the parser crashed (signal {-code}): the file is damaged")


def _too_slow(request: ParseRequest) -> OversizedDocumentError:
    return OversizedDocumentError(f"parsing takes more than {request.seconds} s")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise UnavailableDocumentError(f"cannot read it: {error.strerror or error}") from error
