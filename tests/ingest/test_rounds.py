from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from ingest.mirror import Mirror
from ingest.rounds import Backoff, Rounds
from ingest.screen import Screen
from rag_core.index import Index
from tests.fakes import WordEmbedder
from tests.ingest.mirror_support import make_mirror, read_held
from tests.ingest.test_pipeline import CountingEmbedder
from tests.servers import until

SECONDS = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("# One\n\nIt says one.\n")
    return folder


def make_rounds(mirror: Mirror, *, every_seconds: float = 600) -> Rounds:
    screen = Screen(as_json=True)
    rounds = Rounds(mirror, screen, asyncio.Event(), asyncio.Event(), every_seconds)
    rounds.backoff = Backoff(0.01)
    return rounds


@asynccontextmanager
async def running(rounds: Rounds, index: Index) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        group.create_task(rounds.run(index))
        yield
        rounds.stop.set()


class Told:
    """The lines that the rounds have printed so far."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capture
        self._lines: list[dict[str, Any]] = []

    def __call__(self) -> list[dict[str, Any]]:
        self._lines += map(orjson.loads, self._capture.readouterr().out.splitlines())
        return self._lines


@pytest.fixture
def told(capfdbinary: pytest.CaptureFixture[bytes]) -> Told:
    return Told(capfdbinary)


async def test_each_change_is_a_round(index: Index, folder: Path, told: Told) -> None:
    rounds = make_rounds(make_mirror(folder))
    async with running(rounds, index):
        await until(lambda: len(told()) == 1, most_seconds=SECONDS)
        (folder / "b.md").write_text("# Two\n\nIt says two.\n")
        rounds.changed.set()
        await until(lambda: len(told()) == 2, most_seconds=SECONDS)

    assert [line["added"] for line in told()] == [1, 1]


async def test_without_a_change_there_is_a_round_now_and_then(
    index: Index, folder: Path, told: Told
) -> None:
    async with running(make_rounds(make_mirror(folder), every_seconds=0.05), index):
        await until(lambda: len(told()) >= 3, most_seconds=SECONDS)

    assert [line["unchanged"] for line in told()[:3]] == [0, 1, 1]


async def test_a_model_that_fails_is_told_and_asked_again(
    index: Index, folder: Path, told: Told
) -> None:
    embedder = CountingEmbedder(calls=0)
    async with running(make_rounds(make_mirror(folder)), replace(index, embedder=embedder)):
        await until(lambda: len(told()) >= 2, most_seconds=SECONDS)
        embedder.left = 10
        await until(lambda: told()[-1]["error"] is None, most_seconds=SECONDS)

    assert told()[0]["error"] == "EmbeddingUnavailableError"
    assert len((await read_held(index)).texts) == 1


class FullDiskEmbedder(WordEmbedder):
    """Fails, once, with an error that is none of ours."""

    full = True

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        if self.full:
            self.full = False
            raise OSError(28, "No space left on device")
        return await super().embed(texts)


async def test_a_full_disk_is_told_and_does_not_end_the_watch(
    index: Index, folder: Path, told: Told
) -> None:
    rounds = make_rounds(make_mirror(folder))
    async with running(rounds, replace(index, embedder=FullDiskEmbedder())):
        await until(lambda: len(told()) == 2, most_seconds=SECONDS)

    assert told()[0] == {"error": "OSError", "detail": "[Errno 28] No space left on device"}
    assert told()[1]["error"] is None


async def test_a_guard_that_trips_does_not_end_the_watch(
    index: Index, folder: Path, told: Told
) -> None:
    rounds = make_rounds(make_mirror(folder, guard="0"))
    async with running(rounds, index):
        await until(lambda: len(told()) == 1, most_seconds=SECONDS)
        (folder / "a.md").rename(folder / "gone")
        rounds.changed.set()
        await until(lambda: len(told()) == 2, most_seconds=SECONDS)
        (folder / "gone").rename(folder / "b.md")
        rounds.changed.set()
        await until(lambda: len(told()) == 3, most_seconds=SECONDS)

    assert told()[1]["error"] == "TooManyRemovalsError"
    assert len(told()[2]["renamed"]) == 1


def test_waits_grow_to_a_minute_and_begin_anew_after_a_success() -> None:
    backoff = Backoff()

    assert [backoff.fail() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.succeed()
    assert backoff.fail() == 1
