"""The larger a collection, the more of it HNSW is told to look at."""

from __future__ import annotations

import pytest

from rag_core.vectors.beams import Beams


@pytest.mark.parametrize(("vectors", "beam"), [(0, 0), (999, 0), (300_000, 300), (10**7, 5_000)])
async def test_more_are_asked_for_the_more_there_are(vectors: int, beam: int) -> None:
    async def count(_: str) -> int:
        return vectors

    assert await Beams(count).find("a") == beam


async def test_each_collection_is_counted_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    async def count(name: str) -> int:
        counted.append(name)
        return 0

    beams = Beams(count)
    for name in ("a", "b", "a", "b"):
        await beams.find(name)
    monkeypatch.setattr("rag_core.vectors.beams._COUNTED_SECONDS", 0.0)
    await beams.find("a")

    assert counted == ["a", "b", "a"]
