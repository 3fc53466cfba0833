from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from rag_core.embedding.batches import Matrix
from rag_core.embedding.together import Together
from rag_core.errors import EmbeddingUnavailableError
from tests.fakes import WordEmbedder


@dataclass
class Held(WordEmbedder):
    """Keeps the calls; each waits until it is let go on."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[list[str]] = field(default_factory=list)
    failure: Exception | None = None

    async def embed(self, texts: Sequence[str]) -> Matrix:
        self.calls.append(list(texts))
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        return await super().embed(texts)


async def begin(together: Together, *texts: str) -> list[asyncio.Task[Matrix]]:
    tasks = [asyncio.create_task(together.embed([text])) for text in texts]
    await asyncio.sleep(0.01)
    return tasks


async def test_queries_of_the_same_moment_are_one_call() -> None:
    held = Held()

    tasks = await begin(Together(held), "cat", "dog", "cat")
    held.go_on.set()

    rows = [(await task)[0] for task in tasks]
    assert held.calls == [["cat", "dog"]]
    assert np.array_equal(rows, await WordEmbedder().embed(["cat", "dog", "cat"]))


async def test_what_comes_while_calls_are_under_way_is_the_next_call() -> None:
    held = Held()
    together = Together(held)
    tasks = [*await begin(together, "a"), *await begin(together, "b")]

    tasks += await begin(together, "c") + await begin(together, "d")
    held.go_on.set()
    await asyncio.gather(*tasks)

    assert held.calls == [["a"], ["b"], ["c", "d"]]


async def test_who_leaves_takes_nothing_from_the_others() -> None:
    held = Held()
    leaving, staying = await begin(Together(held), "cat", "dog")

    leaving.cancel()
    held.go_on.set()

    assert (await staying).shape == (1, 64)


async def test_a_failure_is_that_of_its_call_only() -> None:
    held = Held(failure=EmbeddingUnavailableError("away"))
    together = Together(held)
    failing = await begin(together, "cat", "dog")
    held.go_on.set()

    for task in failing:
        with pytest.raises(EmbeddingUnavailableError):
            await task
    held.failure = None
    assert (await together.embed(["cat"])).shape == (1, 64)


async def test_no_text_is_no_call() -> None:
    held = Held()

    assert (await Together(held).embed([])).shape == (0, 64)
    assert held.calls == []
