"""The command `ingest sync --dry-run`: what a sync would do, and what it would take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.contents import Contents
from ingest.cutting import default_splitting
from ingest.estimate import Estimate, Sampler
from ingest.mirror import Comparison, Mirror, find_collection, looking
from ingest.outcome import Fault, Skipped
from ingest.sandbox import open_sandbox
from rag_core.catalog.engine import open_catalog
from rag_core.embedding import open_embedder
from rag_core.settings import Settings
from rag_core.tokens import open_counter

_NOTHING_DONE = 2


@dataclass(frozen=True, slots=True)
class Renaming:
    """A document whose file has another name now."""

    source: str
    to: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sync would do; its fields are the keys of `ingest sync --dry-run --json`."""

    collection: str
    files: int
    added: tuple[str, ...]
    updated: tuple[str, ...]
    unread: tuple[str, ...]
    """Of elsewhere: whether they have changed is found out when they are fetched."""
    renamed: tuple[Renaming, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    unchanged: int
    failed: tuple[Fault, ...]
    """Of the planning, and of the sample."""
    skipped: tuple[Skipped, ...]
    refusal: str | None
    """Why the sync would change nothing: it would remove too much."""
    estimate: Estimate
    price: float | None
    """Of the tokens, in the currency of EMBEDDING_PRICE_PER_MILLION; None when that is not set."""
    seconds: float

    @property
    def exit_code(self) -> int:
        """2 when no source can be read, else 0: what would fail is what was asked for."""
        return _NOTHING_DONE if self.failed and not self.files else 0


async def preview(settings: Settings, mirror: Mirror) -> Preview:
    """Find out what a sync would do. Nothing is changed that a reader sees, Chroma is not asked.

    Raises:
        RagError: the collection is of another model, or something does not answer.
    """
    started = time.monotonic()
    async with (
        open_catalog(settings.catalog_url) as catalog,
        open_embedder(settings) as embedder,
    ):
        collection = await find_collection(
            catalog, mirror.order.collection, fingerprint=embedder.fingerprint
        )
        wanted = default_splitting(embedder) if collection is None else collection.splitting
        splitting = mirror.order.splitting.over(wanted)
        counter = open_counter(embedder.tokenizer, cache_dir=settings.tiktoken_cache_dir)
        async with (
            looking(catalog, collection, mirror, Contents()) as found,
            open_sandbox(
                tokenizer=embedder.tokenizer,
                splitting=splitting,
                passwords=mirror.order.passwords,
            ) as sandbox,
        ):
            difference = found.difference
            files = [*difference.added, *difference.changed, *difference.unread]
            estimate = await Sampler(catalog, embedder, sandbox, counter).estimate(files)
    price = settings.embedding_price_per_million
    return _sum_up(
        mirror.order.collection,
        found,
        estimate,
        price=None if price is None else round(price * estimate.tokens / 1e6, 6),
        seconds=round(time.monotonic() - started, 3),
    )


def _sum_up(
    name: str, found: Comparison, estimate: Estimate, *, price: float | None, seconds: float
) -> Preview:
    plan, difference = found.plan, found.difference
    renames = [Renaming(one.source, one.to) for one in difference.renames]
    faults = [Fault(source, type(error).__name__, str(error)) for source, error in plan.faults]
    return Preview(
        collection=name,
        files=len(plan.files),
        added=_name(difference.added),
        updated=_name(difference.changed),
        unread=_name(difference.unread),
        renamed=tuple(sorted(renames, key=lambda one: one.source)),
        removed=_name(difference.removed),
        kept=_name(difference.kept),
        unchanged=difference.unchanged,
        failed=(*faults, *estimate.failed),
        skipped=tuple(Skipped(*item) for item in sorted(plan.skipped.items())),
        refusal=found.refusal,
        estimate=estimate,
        price=price,
        seconds=seconds,
    )


class _Sourced(Protocol):
    """A planned file, or a stored document."""

    @property
    def source(self) -> str: ...


def _name(found: Sequence[_Sourced]) -> tuple[str, ...]:
    return tuple(sorted(one.source for one in found))
