"""The documents of a dataset to a plan for a collection of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from ingest.engines import LOCAL, Engine
from ingest.evaluate.dataset import Dataset, Record
from ingest.evaluate.records import RecordEngine, RecordOrigin, write_record
from ingest.plan import Plan, PlannedFile, plan_paths
from rag_core.catalog.storable import storable

_PREFIX = "eval-"


def own_collection(dataset: Dataset) -> str:
    """Name the collection that a dataset's documents are kept in between its evaluations."""
    return storable(f"{_PREFIX}{dataset.name}")


def plan_documents(dataset: Dataset, *, home: Path) -> tuple[Plan, Engine]:
    """What to ingest of a dataset with documents, and who does it.

    Records without any text are passed over: some corpora have them.
    """
    if dataset.records is None:
        return plan_paths([dataset.folder or dataset.path], home=home), LOCAL
    written = [_plan(record) for record in dataset.records if record.text.strip()]
    empty = len(dataset.records) - len(written)
    return Plan(tuple(written), {"no text": empty} if empty else {}, ()), RecordEngine()


def sources_of(records: Iterable[Record]) -> Mapping[str, str]:
    """The source of each record's document, by its id."""
    return {record.id: storable(record.id) for record in records}


def _plan(record: Record) -> PlannedFile:
    content = write_record(record)
    digest = hashlib.sha256(content).digest()
    return PlannedFile(storable(record.id), len(content), RecordOrigin(record), digest)
