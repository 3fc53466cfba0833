from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag_api.index_library import IndexLibrary, for_questions
from rag_core.catalog import collections, documents
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.renames import Rename, rename_documents
from rag_core.documents import Passage
from rag_core.errors import CollectionNotFoundError, DocumentNotFoundError
from rag_core.filters import read_filter
from rag_core.index import Index
from rag_core.lexical.engine import Lexical
from rag_core.query import Query
from tests.fakes import MemoryVectors, WordEmbedder, collection_of, publish, stage

TEXT = "Cats purr.\n\nDogs bark."


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[IndexLibrary]:
    async with open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as catalog:
        index = Index(catalog, WordEmbedder(), MemoryVectors(tmp_path), Lexical(tmp_path))
        collection = await collection_of(index)
        ids = await stage(catalog, collection, index.embedder, {"/pets": TEXT})
        await publish(index, collection, ids)
        yield IndexLibrary(index, tmp_path)


async def found(
    library: IndexLibrary, text: str, *collections: str, top_k: int
) -> Sequence[Passage]:
    weights = dict.fromkeys(collections, 1.0)
    return (await library.search(Query(text, top_k), collections=weights)).passages


async def test_a_passage_that_is_found_can_be_read_in_its_document(library: IndexLibrary) -> None:
    passage, *_ = await found(library, "dogs bark", "default", top_k=2)

    source = await library.read_source(passage.chunk_id)
    document = await library.read_document(source.document_id)

    assert source.text == "Dogs bark."
    assert document.text[source.start : source.end] == source.text
    assert (document.source, document.chunks) == ("/pets", 2)


async def test_several_collections_are_searched_at_once(library: IndexLibrary) -> None:
    await collections.ensure_collection(
        library.index.catalog, "empty", fingerprint=WordEmbedder.fingerprint, dimension=64
    )

    both = await found(library, "dogs bark", "empty", "default", top_k=2)

    assert [one.collection for one in both] == ["default", "default"]


async def test_collections_are_counted(library: IndexLibrary) -> None:
    (collection,) = await library.list_collections()

    assert (collection.name, collection.documents, collection.chunks) == ("default", 1, 2)


async def test_a_renamed_document_is_filtered_by_its_new_source_at_once(
    library: IndexLibrary,
) -> None:
    new = read_filter({"type": "eq", "key": "source", "value": "/animals"})
    wanted = Query("dogs bark", 1, filter=new)
    before = await library.search(wanted, collections={"default": 1.0})
    catalog = library.index.catalog
    collection = await collections.get_collection(catalog, "default")
    passage, *_ = await found(library, "dogs bark", "default", top_k=1)

    rename = Rename(passage.document_id, "/pets", "/animals", reread=False)
    await rename_documents(catalog, collection, [rename])
    after = await library.search(wanted, collections={"default": 1.0})

    assert before.empty == "filtered_out"
    assert [one.source for one in after.passages] == ["/animals"]


async def test_what_is_not_there_is_an_error_of_its_kind(library: IndexLibrary) -> None:
    with pytest.raises(CollectionNotFoundError):
        await found(library, "x", "other", top_k=1)
    with pytest.raises(DocumentNotFoundError):
        await library.read_document("none")
    with pytest.raises(DocumentNotFoundError):
        await library.read_source("none-0")


async def test_a_removed_document_is_never_found_again(library: IndexLibrary) -> None:
    (passage, *_) = await found(library, "dogs", "default", top_k=2)
    catalog = library.index.catalog
    collection = await collections.get_collection(catalog, "default")

    await documents.remove_documents(catalog, collection, [passage.document_id])

    assert not await found(library, "dogs", "default", top_k=2)


async def test_a_removed_document_is_found_no_more(library: IndexLibrary) -> None:
    passage, *_ = await found(library, "dogs bark", "default", top_k=1)

    await library.remove_document(passage.document_id)

    assert await found(library, "dogs bark", "default", top_k=2) == ()
    with pytest.raises(DocumentNotFoundError):
        await library.remove_document(passage.document_id)
    collection = await collections.get_collection(library.index.catalog, "default")
    assert await documents.dead_ids(library.index.catalog, collection) == []


async def test_wordings_of_one_query_are_embedded_in_one_call(library: IndexLibrary) -> None:
    counting = CountingEmbedder()
    library = replace(library, index=for_questions(replace(library.index, embedder=counting)))

    found = await library.search(Query("dogs", 2, ("bark", "cats")), collections={"default": 1.0})

    assert counting.calls == [["dogs", "bark", "cats"]]
    assert len(found.passages) == 2


class CountingEmbedder(WordEmbedder):
    """Keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.calls.append(list(texts))
        return await super().embed(texts)
