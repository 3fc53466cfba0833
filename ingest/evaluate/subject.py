"""What is evaluated: a collection, and questions that name its documents as it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.evaluate.corpus import own_collection, sources_of
from ingest.evaluate.dataset import Dataset, Question, Record
from ingest.evaluate.doubts import find_doubts
from ingest.evaluate.errors import DatasetError
from ingest.evaluate.evaluation import Ingested
from ingest.evaluate.naming import Names, make_names, resolve
from ingest.stored import each_document
from rag_core.catalog.collections import Collection, visible_name
from rag_core.index import Index
from rag_core.search import find_collection


@dataclass(frozen=True, slots=True)
class Subject:
    """A collection, and the questions with their documents named by their sources in it."""

    collection: Collection
    documents: int
    questions: Sequence[Question]
    ingested: Ingested | None
    doubts: tuple[str, ...]
    """What is amiss with the questions, one sentence each."""

    @property
    def name(self) -> str:
        """As users know the collection."""
        return visible_name(self.collection.name)


async def find_subject(
    index: Index, dataset: Dataset, *, collection: str | None, ingested: Ingested | None
) -> Subject:
    """Take the collection of this name; None means the one of the dataset's own documents.

    Raises:
        CollectionNotFoundError: there is none.
        DatasetError: the questions expect documents that it does not have.
    """
    name = own_collection(dataset) if collection is None else collection
    found = await find_collection(index, name)
    known = [(one.id, one.source) async for one in each_document(index.catalog, found)]
    if not known:
        raise DatasetError(f"collection {name!r} holds no documents to ask about")
    names = make_names(name, known)
    if collection is None and dataset.records is not None:
        names = _names_of(dataset.records, name)
    questions = [resolve(question, names) for question in dataset.questions]
    ids = {source: one for one, source in known}
    doubts = await find_doubts(index.catalog, questions, ids, layout=dataset.layout)
    return Subject(found, len(known), questions, ingested, doubts)


def _names_of(records: Sequence[Record], collection: str) -> Names:
    """Ids alone; of those without text, too, which nobody will find."""
    sources = sources_of(records)
    return Names(collection, {one: frozenset([source]) for one, source in sources.items()})
