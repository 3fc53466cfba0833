from __future__ import annotations

import asyncio

from ingest.allowance import Allowance
from ingest.embedded import Embedding
from ingest.flow import Flow, _Passing
from ingest.limits import Limits
from ingest.quarantine import Quarantine, Terms
from ingest.report import Tally
from ingest.sandbox import Sandbox
from rag_core.catalog import collections, documents
from rag_core.index import Index
from tests.fakes import find_passages
from tests.rag_core.catalog_support import make_document


async def test_vectors_that_were_deleted_meanwhile_are_embedded_again(index: Index) -> None:
    collection = await collections.ensure_collection(
        index.catalog, "notes", fingerprint=index.embedder.fingerprint, dimension=64
    )
    sandbox = Sandbox("estimate", 64, Limits(), asyncio.Semaphore(1), Allowance(1))
    quarantine = Quarantine(index.catalog, collection, sandbox, Terms("estimate", 64), "1.0")
    flow = Flow(
        index=index,
        collection=collection,
        quarantine=quarantine,
        embedding=Embedding(index.catalog, index.embedder),
        live={},
        metadata=None,
        tally=Tally("notes"),
        progress=lambda _: None,
        stop=asyncio.Event(),
    )

    await flow._commit([_Passing(make_document("a", "One river.", "Two rivers."), 0, 0)])

    await index.lexical.follow(index.catalog, collection)
    assert (flow.tally.added, flow.tally.embedded) == (1, 2)
    assert len(await find_passages(index, "notes", "Two rivers", top_k=9)) == 2
    assert await documents.staged_ids(index.catalog, collection) == []
