"""Single asks, gathered into rounds: each is a dataset that Ray Data works through.

The catalog says between parsing and embedding which texts have no vector yet, and it is asked by
nobody but the driver, so that one dataset cannot hold both: each round holds one of them, and
several rounds are under way at once.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pyarrow as pa
import ray.data
from ray.exceptions import RayError

from ingest.cluster.tasks import Job
from rag_core import errors
from rag_core.errors import RagError, UnavailableError
from rag_core.threads import to_its_end

_AT_ONCE = 2
"""Rounds: while one begins or ends, the other keeps the workers busy."""
_GATHER_SECONDS = 0.05
"""An ask waits so long for others to share its round."""
_ROWS_PER_PROCESSOR = 16
_BLOCK_ROWS = 8
"""What a worker takes at once, and another does again when it is killed."""

_RAISED = re.compile(r"[\w.]+(Error|Exception): ")
_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Ask:
    content: _Row
    answer: asyncio.Future[bytes]


@dataclass(slots=True)
class Rounds:
    """One kind of work on the cluster; use `open_rounds`."""

    work: Callable[[pa.Table, Job], pa.Table]
    """Rows of `schema` to rows of `ingest.cluster.tasks.ANSWER`."""
    schema: pa.Schema
    job: Job
    processors: int
    waiting: asyncio.Queue[_Ask] = field(default_factory=asyncio.Queue)
    ended: threading.Event = field(default_factory=threading.Event)

    async def ask(self, content: _Row) -> bytes:
        """Have one row worked on; whoever asks bounds how many wait.

        Raises:
            RagError: what the worker answered.
            UnavailableError: no worker could.
        """
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        await self.waiting.put(_Ask(content, answer))
        return await answer

    async def serve(self) -> None:
        """Do one round after another, until cancelled."""
        while True:
            asks = [await self.waiting.get()]
            await asyncio.sleep(_GATHER_SECONDS)
            while len(asks) < _ROWS_PER_PROCESSOR * self.processors and not self.waiting.empty():
                asks.append(self.waiting.get_nowait())
            await self._do([ask for ask in asks if not ask.answer.done()])

    async def _do(self, asks: Sequence[_Ask]) -> None:
        """Have all of them answered."""
        loop = asyncio.get_running_loop()

        def settle(row: _Row) -> None:
            loop.call_soon_threadsafe(_settle, asks[row["number"]].answer, row)

        def work() -> Exception | None:
            try:
                for row in self._answers([ask.content for ask in asks]):
                    settle(row)
            except (RayError, OSError, RuntimeError, ValueError) as error:
                return error
            return None

        error = await to_its_end(work)  # or Ray would be left before its tasks are taken back
        await asyncio.sleep(0)  # what was settled last is seen only now
        for ask in asks:
            if not ask.answer.done():
                failure = UnavailableError(f"the Ray cluster failed: {_root(error)}")
                ask.answer.set_exception(failure)

    def _answers(self, contents: Sequence[_Row]) -> Iterator[_Row]:
        rows = [
            {"number": number, "key": uuid4().hex, **content}
            for number, content in enumerate(contents)
        ]
        size = max(1, min(_BLOCK_ROWS, len(rows) // (2 * self.processors)))
        blocks = [
            pa.Table.from_pylist(rows[start : start + size], self.schema)
            for start in range(0, len(rows), size)
        ]
        work: Any = self.work
        answers = ray.data.from_arrow(blocks).map_batches(
            work,
            batch_size=None,
            batch_format="pyarrow",
            fn_args=[self.job],
            num_cpus=1,
        )
        tables: Iterable[Any] = answers.iter_batches(batch_size=None, batch_format="pyarrow")
        for table in tables:
            if self.ended.is_set():
                return
            yield from table.to_pylist()


@asynccontextmanager
async def open_rounds(rounds: Rounds) -> AsyncIterator[Rounds]:
    """Serve it until the exit, which breaks off what is under way."""
    serving = [asyncio.create_task(rounds.serve()) for _ in range(_AT_ONCE)]
    try:
        yield rounds
    finally:
        rounds.ended.set()
        for task in serving:
            task.cancel()
        await asyncio.wait(serving)


def _settle(answer: asyncio.Future[bytes], row: _Row) -> None:
    if answer.done():  # whoever asked has gone
        return
    if row["error"] is None:
        answer.set_result(row["answer"])
    else:
        answer.set_exception(_error(row["error"], row["detail"]))


def _error(name: str, detail: str) -> RagError:
    """A worker's error as ours; one that we do not know, or that takes more, by its text."""
    kind = getattr(errors, name, RagError)
    try:
        error: RagError = kind(detail)
    except TypeError:
        return RagError(detail)
    return error


def _root(error: Exception | None) -> str:
    """What was raised first, in the worker, without the stack that Ray tells around it."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if _RAISED.match(line) and not line.startswith("ray.")]
    return told[0] if told else f"{type(error).__name__}: {lines[0] if lines else ''}"
