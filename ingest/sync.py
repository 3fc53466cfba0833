"""Makes what a collection has of some sources equal to them, and proves what is gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ingest.cutting import ensure_cut
from ingest.mirror import Comparison, Mirror, looking
from ingest.moves import Way, count_reread, move_documents
from ingest.pipeline import ingest_plan
from ingest.proof import prove_gone
from ingest.synced import Outcome, Run
from rag_core.catalog.collections import Collection
from rag_core.index import Index
from rag_core.locks import in_turn
from rag_core.vectors import upkeep


async def sync(index: Index, mirror: Mirror, run: Run) -> Outcome:
    """Add, update, rename and remove documents until the collection has what the sources have.

    One at a time for each collection and machine. May be killed at any moment and run again.

    Raises:
        TooManyRemovalsError: more would go than the guard allows; nothing was changed.
        RagError: nothing could be begun.
    """
    order = mirror.order
    collection = await ensure_cut(index.catalog, index.embedder, order.collection, order.splitting)
    async with in_turn(_own_file(index, collection, "lock")):
        await upkeep.recover(index.catalog, index.vectors, collection)
        async with looking(index.catalog, collection, mirror, run.contents) as found:
            found.check()
            return await _apply(index, collection, mirror, found, run)


async def _apply(
    index: Index, collection: Collection, mirror: Mirror, found: Comparison, run: Run
) -> Outcome:
    notes = _own_file(index, collection, "hashes")
    way = Way(mirror.tops, notes, carry=mirror.carry)
    moves = await move_documents(index.catalog, collection, found.difference, way)
    plan = replace(found.plan, files=found.difference.to_ingest)
    report = await ingest_plan(index, plan, mirror.order, progress=run.progress, stop=run.stop)
    stopped = report.error is not None or report.interrupted
    # The files that a stopped run leaves to the next may have the very texts that were removed:
    # the vectors of these stay, with the notes of them, or they would be embedded twice.
    traces = replace(moves.traces, hashes=set()) if stopped else moves.traces
    proof = await prove_gone(index, collection.name, traces)
    if proof.proven and not stopped:
        notes.unlink(missing_ok=True)
    counted = replace(
        report,
        files=len(found.plan.files),
        updated=report.updated - await count_reread(index.catalog, collection, moves),
        unchanged=report.unchanged + found.difference.unchanged,
    )
    return Outcome(counted, moves, proof)


def _own_file(index: Index, collection: Collection, suffix: str) -> Path:
    return index.vectors.home / "mirror" / f"{collection.id}.{suffix}"
