"""A dataset to the collection that its questions are asked of, brought up to date."""

from __future__ import annotations

from ingest.evaluate.dataset import Dataset
from ingest.evaluate.filling import fill
from ingest.evaluate.subject import Subject, find_subject
from ingest.evaluate.work import Work
from ingest.progress import drawing


async def prepare(work: Work, dataset: Dataset, *, collection: str | None) -> Subject | None:
    """Ingest the dataset's own documents, unless a collection is named; None when stopped.

    Raises:
        DatasetError: the questions expect what the collection does not have.
        RagError: it cannot be read, or the documents not be ingested.
    """
    index, settings, screen = work.index, work.settings, work.screen
    ingested = None
    if not dataset.has_documents:
        collection = settings.collection if collection is None else collection
    elif collection is None:
        with drawing(screen.aside, quiet=screen.as_json) as progress:
            ingested = await fill(
                index, dataset, home=settings.home, progress=progress, stop=work.stop
            )
    if work.stop.is_set():
        return None
    return await find_subject(index, dataset, collection=collection, ingested=ingested)
