from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import pytest

from rag_api.index_library import remember_searches
from rag_core.documents import Passage
from rag_core.errors import VectorsUnavailableError
from rag_core.query import Found

PASSAGES = [
    Passage(
        chunk_id="d1-0",
        document_id="d1",
        collection="default",
        source="/cats.md",
        title="Cats",
        text="Cats purr.",
        start=0,
        end=10,
        page=None,
        heading_path=(),
        score=0.9,
        lexical_score=1.0,
        fused_score=0.8,
    )
]

Search = Callable[[], Coroutine[None, None, Found]]


def counting(begun: list[str], *, found: Sequence[Passage] = PASSAGES) -> Search:
    async def search() -> Found:
        begun.append("search")
        await asyncio.sleep(0)
        return Found(found)

    return search


async def test_those_who_ask_the_same_at_once_share_one_search() -> None:
    searches, begun = remember_searches(), list[str]()

    found = await asyncio.gather(*(searches.find("cats", counting(begun)) for _ in range(8)))

    assert found == [Found(PASSAGES)] * 8
    assert len(begun) == 1


async def test_what_was_found_is_kept_for_its_key_only() -> None:
    searches, begun = remember_searches(), list[str]()

    for key in (("cats", 1), ("cats", 1), ("cats", 2)):
        await searches.find(key, counting(begun))

    assert len(begun) == 2


async def test_what_is_too_old_is_searched_again() -> None:
    searches, begun = remember_searches(seconds=-1), list[str]()

    for _ in range(2):
        await searches.find("cats", counting(begun))

    assert len(begun) == 2


async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    searches, begun = remember_searches(), list[str]()

    async def fail() -> Sequence[Passage]:
        await asyncio.sleep(0)
        raise VectorsUnavailableError("gone")

    waiting = [asyncio.create_task(searches.find("cats", fail)) for _ in range(2)]
    for one in waiting:
        with pytest.raises(VectorsUnavailableError):
            await one

    assert await searches.find("cats", counting(begun)) == Found(PASSAGES)


async def test_who_leaves_does_not_stop_the_search_of_the_others() -> None:
    searches, begun = remember_searches(), list[str]()
    leaving = asyncio.create_task(searches.find("cats", counting(begun)))
    staying = asyncio.create_task(searches.find("cats", counting(begun)))
    await asyncio.sleep(0)

    leaving.cancel()

    assert await staying == Found(PASSAGES)
    assert len(begun) == 1


async def test_the_oldest_go_when_there_are_too_many() -> None:
    searches, begun = remember_searches(), list[str]()
    for number in range(5):
        await searches.find(number, counting(begun, found=PASSAGES * 1000))

    await searches.find(4, counting(begun))
    await searches.find(0, counting(begun))

    assert len(begun) == 6
