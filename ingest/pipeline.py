"""A plan to live documents in a collection, and the report of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.cutting import ensure_cut
from ingest.embedded import Embedding
from ingest.engines import LOCAL, Engine
from ingest.flow import Flow, finish
from ingest.plan import Plan
from ingest.quarantine import Terms, open_quarantine
from ingest.report import Listener, Progress, Report, Tally, hear_nothing
from ingest.splitting import NO_WISH, Wish
from ingest.unchanged import Due, compare_files
from rag_core.vectors import upkeep

if TYPE_CHECKING:
    from rag_core.index import Index


@dataclass(frozen=True, slots=True)
class Order:
    """Where the files of a plan are to go."""

    collection: str
    metadata: Mapping[str, str] | None = None
    """For every file, in place of what it has; None leaves each what it has."""
    passwords: Sequence[str] = field(default=(), repr=False)
    """To try in turn where a file asks for one; never stored."""
    splitting: Wish = NO_WISH
    """Of a new collection; one that is there must have it already."""
    again: bool = False
    """Try what is in quarantine, too."""
    tell: Listener = hear_nothing
    """Hears of each file that is through."""
    engine: Engine = LOCAL
    """Where files are parsed and texts embedded; nothing is started there when none is due."""


def begin_tally(plan: Plan, order: Order) -> Tally:
    """Count what the planning found."""
    tally = Tally(
        order.collection,
        files=len(plan.files),
        total_bytes=sum(file.size_bytes for file in plan.files),
        skipped=plan.skipped,
        unplanned=len(plan.faults),
        tell=order.tell,
    )
    for source, error in plan.faults:
        tally.fail(source, error)
    return tally


async def ingest_plan(
    index: Index, plan: Plan, order: Order, *, progress: Progress, stop: asyncio.Event
) -> Report:
    """Ingest the files of a plan; may be run again at any time, also beside another.

    Files whose bytes and metadata are live already are skipped. What fails for one file, and
    what stops the ingest in the middle, is in the report. Setting `stop` finishes the batch in
    flight.

    Raises:
        RagError: nothing could be begun.
    """
    tally = begin_tally(plan, order)
    collection = await ensure_cut(index.catalog, index.embedder, order.collection, order.splitting)
    await upkeep.recover(index.catalog, index.vectors, collection)
    terms = Terms(
        tokenizer=index.embedder.tokenizer,
        splitting=collection.splitting,
        metadata=order.metadata,
        passwords=order.passwords,
        again=order.again,
    )
    async with open_quarantine(index.catalog, collection, terms) as quarantine:
        due = Due()
        async for compared in compare_files(index.catalog, collection, plan.files, order.metadata):
            due.add(compared)
            for known in compared.unchanged:
                tally.keep(known, size_bytes=known.size_bytes)
            await quarantine.release([known.source for known in compared.unchanged])
            progress(tally)
            if stop.is_set():
                break
        engine = order.engine if due.files else LOCAL
        async with engine.open(index.embedder, quarantine.sandbox) as crew:
            embedding = Embedding(index.catalog, crew.embedder)
            flow = Flow(
                *(index, collection, replace(quarantine, parser=crew.parser), embedding),
                due.live,
                order.metadata,
                tally,
                progress,
                stop,
                crew.pace,
            )
            await flow.run(due.files)
    tally.interrupted = stop.is_set() and tally.failure is None and tally.done < tally.files
    await finish(flow)
    return tally.report()
