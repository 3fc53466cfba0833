import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from rag_core.catalog import changes, collections, documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog, open_catalog
from rag_core.lexical import feed
from rag_core.lexical.engine import Lexical
from rag_core.lexical.folder import Reached, index_folder
from rag_core.lexical.writer import IndexedChunk, Writer
from rag_core.locks import try_lock
from tests.fakes import WordEmbedder, stage
from tests.texts import QUERIES, TEXTS


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as catalog:
        yield catalog


@pytest.fixture
async def collection(catalog: Catalog) -> Collection:
    return await collections.ensure_collection(
        catalog, "default", fingerprint=WordEmbedder.fingerprint, dimension=WordEmbedder.dimension
    )


@pytest.fixture
def lexical(tmp_path: Path) -> Lexical:
    return Lexical(tmp_path)


async def publish(catalog: Catalog, collection: Collection, texts: Mapping[str, str]) -> list[str]:
    ids = await stage(catalog, collection, WordEmbedder(), texts)
    await documents.publish_documents(catalog, collection, ids)
    return ids


async def found(lexical: Lexical, collection: Collection, query: str) -> list[str]:
    return [chunk_id for chunk_id, _ in (await lexical.search(collection, query, 10)).best]


async def test_published_chunks_are_found(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    (cat,) = await publish(catalog, collection, {"cat": "A cat.\n\nA dog."})

    reached = await lexical.follow(catalog, collection)

    assert reached == 1
    assert await found(lexical, collection, "dogs") == [f"{cat}-1"]


async def test_each_part_of_a_document_is_found_in_its_language(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    text = "\n\n".join([TEXTS["en"], TEXTS["de"], TEXTS["ru"]])
    (made,) = await publish(catalog, collection, {"report": text})

    await lexical.follow(catalog, collection)

    for position, language in enumerate(["en", "de", "ru"]):
        assert (await found(lexical, collection, QUERIES[language]))[0] == f"{made}-{position}"


async def test_the_index_of_an_earlier_format_goes_when_the_new_one_is_whole(
    catalog: Catalog, collection: Collection, lexical: Lexical, tmp_path: Path
) -> None:
    older = tmp_path / "lexical" / f"{collection.id}-v1"
    older.mkdir(parents=True)
    other = tmp_path / "lexical" / f"{collection.id}1-v1"
    other.mkdir()
    await publish(catalog, collection, {"cat": "A cat."})

    await lexical.follow(catalog, collection)

    assert (older.exists(), other.exists()) == (False, True)
    assert len(await found(lexical, collection, "cat")) == 1


async def test_staged_documents_are_not_found(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    await stage(catalog, collection, WordEmbedder(), {"cat": "A cat."})

    assert await lexical.follow(catalog, collection) == 0
    assert await found(lexical, collection, "cat") == []


async def test_a_replaced_and_a_removed_document_are_gone(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    _, dog = await publish(catalog, collection, {"cat": "A cat.", "dog": "A dog."})
    await lexical.follow(catalog, collection)

    (bird,) = await publish(catalog, collection, {"cat": "A bird."})
    await documents.remove_documents(catalog, collection, [dog])
    await lexical.follow(catalog, collection)

    assert await found(lexical, collection, "cat dog bird") == [f"{bird}-0"]


async def test_following_again_changes_nothing(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    await publish(catalog, collection, {"cat": "A cat."})

    first = await lexical.follow(catalog, collection)
    again = await lexical.follow(catalog, collection)

    assert first == again == 1
    assert len(await found(lexical, collection, "cat")) == 1


async def test_many_changes_are_applied_in_batches(
    catalog: Catalog, collection: Collection, lexical: Lexical, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_BATCH", 3)
    await publish(catalog, collection, {str(n): f"Cat number{n}." for n in range(10)})

    await lexical.follow(catalog, collection)

    assert len(await found(lexical, collection, "cat")) == 10


async def test_one_collection_does_not_show_in_another(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    other = await collections.ensure_collection(
        catalog, "other", fingerprint=WordEmbedder.fingerprint, dimension=64
    )
    await publish(catalog, collection, {"cat": "A cat."})
    await lexical.follow(catalog, collection)
    await lexical.follow(catalog, other)

    assert await found(lexical, other, "cat") == []


async def test_while_another_process_writes_nothing_is_applied(
    catalog: Catalog, collection: Collection, lexical: Lexical, tmp_path: Path
) -> None:
    await publish(catalog, collection, {"cat": "A cat."})
    lock = try_lock(index_folder(tmp_path, collection.id).with_suffix(".lock"))

    while_locked = await lexical.follow(catalog, collection)
    os.close(lock or 0)
    after = await lexical.follow(catalog, collection)

    assert (while_locked, after) == (0, 1)


@pytest.mark.parametrize("name", ["meta.json", "*.term", "*.store", "*.idx"])
async def test_a_broken_index_is_made_anew(
    catalog: Catalog, collection: Collection, tmp_path: Path, name: str
) -> None:
    await publish(catalog, collection, {"cat": "A cat."})
    await Lexical(tmp_path).follow(catalog, collection)
    next(index_folder(tmp_path, collection.id).glob(name)).write_bytes(b"broken")
    lexical = Lexical(tmp_path)

    await lexical.follow(catalog, collection)

    assert len(await found(lexical, collection, "cat")) == 1


async def test_an_index_of_another_catalog_is_made_anew(
    catalog: Catalog, collection: Collection, lexical: Lexical, tmp_path: Path
) -> None:
    await publish(catalog, collection, {"cat": "A cat."})
    await lexical.follow(catalog, collection)

    async with open_catalog(f"sqlite:///{tmp_path}/other.sqlite3") as other:
        theirs = await collections.ensure_collection(
            other, "default", fingerprint=WordEmbedder.fingerprint, dimension=64
        )
        (dog,) = await publish(other, theirs, {"dog": "A dog."})
        await lexical.follow(other, theirs)

    assert await found(lexical, collection, "cat dog") == [f"{dog}-0"]


FOLLOW = """
import asyncio, sys
from pathlib import Path
from rag_core.catalog import collections
from rag_core.catalog.engine import open_catalog
from rag_core.lexical import feed
from rag_core.lexical.engine import Lexical

async def follow(home):
    feed._BATCH = 2
    async with open_catalog(f"sqlite:///{home}/catalog.sqlite3") as catalog:
        print("ready", flush=True)
        await Lexical(home).follow(catalog, await collections.get_collection(catalog, "default"))

asyncio.run(follow(Path(sys.argv[1])))
"""


async def test_an_index_survives_kill_9_at_any_moment(
    catalog: Catalog, collection: Collection, lexical: Lexical, tmp_path: Path
) -> None:
    await publish(catalog, collection, {str(n): f"Cat number{n}." for n in range(200)})

    for milliseconds in (50, 150, 250):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FOLLOW, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        await child.stdout.readline()
        await asyncio.sleep(milliseconds / 1000)
        child.kill()
        await child.communicate()
    reached = await lexical.follow(catalog, collection)
    hits = (await lexical.search(collection, "cat", 1000)).best

    assert reached == 200
    assert len(hits) == len(dict(hits)) == 200


async def test_following_can_be_cancelled_at_any_moment_and_goes_on_later(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    await publish(catalog, collection, {f"{n}": "A cat." for n in range(200)})

    for milliseconds in range(0, 40, 2):
        task = asyncio.create_task(lexical.follow(catalog, collection))
        await asyncio.sleep(milliseconds / 1000)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.result() == 200

    assert await lexical.follow(catalog, collection) == 200


async def test_a_rebuild_holds_what_is_live_once(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    await publish(catalog, collection, {"cat": "A cat.", "dog": "A dog."})
    (bird,) = await publish(catalog, collection, {"cat": "A bird."})
    await lexical.follow(catalog, collection)

    reached = await lexical.rebuild(catalog, collection)

    assert (reached, await lexical.size(collection)) == (4, 2)
    assert await lexical.held(collection, [f"{bird}-0", "none-0"]) == [f"{bird}-0"]
    assert await lexical.follow(catalog, collection) == 4


async def test_searches_see_the_old_index_until_the_new_one_is_whole(
    catalog: Catalog, collection: Collection, lexical: Lexical, tmp_path: Path
) -> None:
    await publish(catalog, collection, {"cat": "A cat."})
    await lexical.follow(catalog, collection)
    writer = Writer(index_folder(tmp_path, collection.id))
    writer.clear()
    writer.add([IndexedChunk("new", "new-0", "A dog.")])

    assert len(await found(lexical, collection, "cat")) == 1
    writer.commit(Reached(9, "new"))
    writer.close()
    assert await found(lexical, collection, "cat dog") == ["new-0"]


async def test_an_index_that_cannot_be_opened_is_rebuilt(
    catalog: Catalog, collection: Collection, lexical: Lexical, tmp_path: Path
) -> None:
    (cat,) = await publish(catalog, collection, {"cat": "A cat."})
    await lexical.follow(catalog, collection)
    (index_folder(tmp_path, collection.id) / "meta.json").write_text("{")

    await lexical.rebuild(catalog, collection)

    assert await found(lexical, collection, "cat") == [f"{cat}-0"]


async def test_a_new_index_needs_no_changes_that_were_pruned(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    await publish(catalog, collection, {"cat": "A cat.", "dog": "A dog."})
    (bird,) = await publish(catalog, collection, {"cat": "A bird."})
    current = await collections.get_collection(catalog, "default")
    await changes.prune_changes(catalog, current, keep=1)

    assert await lexical.follow(catalog, collection) == 4
    assert await found(lexical, collection, "bird cat") == [f"{bird}-0"]


async def test_an_index_behind_the_pruned_changes_is_made_anew(
    catalog: Catalog, collection: Collection, lexical: Lexical
) -> None:
    await publish(catalog, collection, {"cat": "A cat."})
    await lexical.follow(catalog, collection)
    (bird,) = await publish(catalog, collection, {"cat": "A bird."})
    current = await collections.get_collection(catalog, "default")
    await changes.prune_changes(catalog, current, keep=1)

    assert await lexical.follow(catalog, collection) == 3
    assert await found(lexical, collection, "bird cat") == [f"{bird}-0"]
