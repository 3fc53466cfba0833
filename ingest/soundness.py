"""The commands that hold the stores to the catalog: verify, repair and rebuild."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ingest.findings import Finding
from ingest.mend import Repair, rebuild_collection, repair_collection
from ingest.screen import Screen
from ingest.verify import Stores, Verdict, open_stores, verify_collection
from rag_core.catalog import collections
from rag_core.embedding import open_embedder
from rag_core.settings import Settings
from rag_core.vectors import upkeep

_NONE = ["there is no collection yet"]


async def verify(settings: Settings, screen: Screen, *, collection: str | None) -> int:
    """Check collections against all three stores; changes nothing."""
    async with open_stores(settings) as stores:
        names = await _named(stores, collection)
        verdicts = [await verify_collection(stores, name) for name in names]
    lines = [line for verdict in verdicts for line in _describe_verdict(verdict)]
    screen.show({"collections": verdicts}, lines or _NONE)
    return 1 if any(verdict.findings for verdict in verdicts) else 0


async def repair(settings: Settings, screen: Screen, *, collection: str | None) -> int:
    """Check collections and mend what is wrong with them."""
    repairs = []
    async with open_stores(settings) as stores:
        for name in await _named(stores, collection):
            stored = await collections.get_collection(stores.catalog, name)
            await upkeep.recover(stores.catalog, stores.vectors, stored)
            verdict = await verify_collection(stores, name)
            done = await repair_collection(
                stores, verdict, open_model=lambda: open_embedder(settings)
            )
            repairs.append(done)
    lines = [line for done in repairs for line in _describe_repair(done)]
    screen.show({"collections": repairs}, lines or _NONE)
    return 1 if any(done.left for done in repairs) else 0


async def rebuild(settings: Settings, screen: Screen, *, collection: str | None) -> int:
    """Make the indexes of collections anew from the catalog."""
    rebuilt = []
    async with open_stores(settings) as stores:
        for name in await _named(stores, collection):
            started = time.monotonic()
            await rebuild_collection(stores, name)
            seconds = round(time.monotonic() - started, 3)
            rebuilt.append({"collection": name, "seconds": seconds})
    lines = [f"{one['collection']}: rebuilt in {one['seconds']} s" for one in rebuilt]
    screen.show({"collections": rebuilt}, lines or _NONE)
    return 0


async def _named(stores: Stores, collection: str | None) -> list[str]:
    """The one that was named, or all."""
    if collection is not None:
        return [collection]
    return [stored.name for stored in await collections.all_collections(stores.catalog)]


def _describe_verdict(verdict: Verdict) -> list[str]:
    state = "faulty" if verdict.findings else "well"
    looked_at = (
        f"{verdict.documents:,} documents, {verdict.chunks:,} chunks, "
        f"{verdict.vectors_tried:,} vectors searched for"
    )
    return [
        f"{verdict.collection}: {state}; {looked_at}, in {verdict.seconds:.1f} s",
        *_describe_findings(verdict.findings),
    ]


def _describe_repair(done: Repair) -> list[str]:
    if not done.found:
        return [f"{done.collection}: nothing to repair"]
    state = "repaired in part" if done.left else "repaired"
    anew = f", {' and '.join(done.rebuilt)} made anew" if done.rebuilt else ""
    return [
        f"{done.collection}: {state}: {done.embedded:,} embedded, {done.added:,} added{anew}",
        *(f"  found: {finding.detail}" for finding in done.found),
        *_describe_findings(done.left),
    ]


def _describe_findings(findings: Sequence[Finding]) -> list[str]:
    return [f"  {finding.detail}: {finding.mend}" for finding in findings]
