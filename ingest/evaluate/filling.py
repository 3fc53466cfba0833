"""A dataset's own documents into the collection that is kept for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ingest.evaluate.corpus import own_collection, plan_documents
from ingest.evaluate.dataset import Dataset
from ingest.evaluate.errors import DatasetError
from ingest.evaluate.evaluation import Ingested
from ingest.evaluate.outdated import remove_others
from ingest.pipeline import Order, ingest_plan
from ingest.report import Progress, Report
from rag_core.errors import RagError
from rag_core.index import Index

_FAULTS_SHOWN = 3


async def fill(
    index: Index, dataset: Dataset, *, home: Path, progress: Progress, stop: asyncio.Event
) -> Ingested:
    """Ingest what has changed, and remove what is there no more.

    Raises:
        DatasetError: none of the documents can be ingested.
        RagError: the ingest stopped in the middle.
    """
    plan, engine = await asyncio.to_thread(plan_documents, dataset, home=home)
    name = own_collection(dataset)
    order = Order(name, engine=engine)
    report = await ingest_plan(index, plan, order, progress=progress, stop=stop)
    _check(report)
    removed = 0
    if not report.interrupted:
        removed = await remove_others(index, name, {file.source for file in plan.files})
    return Ingested(
        added=report.added,
        updated=report.updated,
        unchanged=report.unchanged,
        removed=removed,
        failed=len(report.failed) + len(report.quarantined),
        embedded=report.embedded,
        seconds=report.seconds,
    )


def _check(report: Report) -> None:
    if report.error is not None:
        raise RagError(f"the documents could not be ingested: {report.detail}")
    if not report.added + report.updated + report.unchanged and not report.interrupted:
        faults = [f"{one.source}: {one.detail}" for one in report.failed]
        faults += [f"{one.source}: {one.detail}" for one in report.quarantined]
        why = "; ".join(faults[:_FAULTS_SHOWN])
        raise DatasetError(f"none of the documents can be ingested: {why or 'there are none'}")
