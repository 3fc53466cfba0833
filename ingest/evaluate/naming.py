"""Documents as a dataset names them to the sources that a collection knows them by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.evaluate.dataset import Question
from ingest.evaluate.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Names:
    """Every name that a collection's documents go by."""

    collection: str
    sources: Mapping[str, frozenset[str]]
    """Of each name."""

    def find(self, name: str, *, place: str) -> str:
        """The source of the document with this name.

        Raises:
            DatasetError: there is none, or there are several.
        """
        found = self.sources.get(name) or self.sources.get(Path(name).name) or frozenset()
        if len(found) == 1:
            return next(iter(found))
        if not found:
            raise DatasetError(
                f"{place}: expects the document {name!r}, which collection {self.collection!r} "
                "does not have: name it by source, file name or id"
            )
        raise DatasetError(
            f"{place}: {name!r} may be any of {', '.join(sorted(found)[:3])}: give more of its path"
        )


def make_names(collection: str, documents: Iterable[tuple[str, str]]) -> Names:
    """Gather the names of documents, given their ids and sources: these, and their paths' ends."""
    sources: dict[str, set[str]] = defaultdict(set)
    for document_id, source in documents:
        for name in _names(document_id, source):
            sources[name].add(source)
    exact = {name: frozenset([name]) for name in sources if name in sources[name]}
    return Names(collection, {**{name: frozenset(all_) for name, all_ in sources.items()}, **exact})


def _names(document_id: str, source: str) -> Iterator[str]:
    yield document_id
    yield source
    parts = source.split("/")
    for start in range(1, len(parts)):
        tail = "/".join(parts[start:])
        if tail:
            yield tail
    if "." in parts[-1]:
        yield parts[-1].rpartition(".")[0]


def resolve(question: Question, names: Names) -> Question:
    """Name the documents that a question expects by their sources.

    Raises:
        DatasetError: the collection does not have one of them.
    """
    known = {
        name: names.find(name, place=question.place)
        for name in dict.fromkeys(
            [*question.documents, *(one.document for one in question.passages if one.document)]
        )
    }
    documents: dict[str, int] = {}
    for name, grade in question.documents.items():
        documents[known[name]] = max(grade, documents.get(known[name], 0))
    passages = (
        replace(one, document=known[one.document]) if one.document else one
        for one in question.passages
    )
    return replace(question, documents=documents, passages=tuple(passages))
