"""The command `ingest sync --dry-run`: what a sync would do, and what it would take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from ingest.contents import Contents
from ingest.estimate import Estimate
from ingest.mirror import Comparison, Mirror, look
from ingest.mirror_wish import Wish
from ingest.outcome import Fault, Skipped
from ingest.report import count
from ingest.sampler import open_sampler
from ingest.screen import Screen
from rag_core.settings import Settings

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


async def preview_sources(settings: Settings, screen: Screen, *, wish: Wish) -> int:
    """Say what making the collection equal to the sources would do."""
    seen = await preview(settings, wish.mirror(settings))
    screen.show(seen, describe_preview(seen))
    return seen.exit_code


async def preview(settings: Settings, mirror: Mirror) -> Preview:
    """Find out what a sync would do. Nothing is changed that a reader sees, Chroma is not asked.

    Raises:
        RagError: the collection is of another model, or something does not answer.
    """
    started = time.monotonic()
    async with (
        open_sampler(settings, mirror.order) as sampler,
        look(sampler.catalog, sampler.collection, mirror, Contents()) as found,
    ):
        difference = found.difference
        files = [*difference.added, *difference.changed, *difference.unread]
        estimate = await sampler.estimate(files)
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


def describe_preview(seen: Preview) -> list[str]:
    """Tell a person, in plain lines, what a sync would do."""
    counts = (
        f"{seen.collection}: would be {len(seen.added)} added, {len(seen.updated)} updated, "
        f"{len(seen.renamed)} renamed, {len(seen.removed)} removed; {seen.unchanged} unchanged"
    )
    lines = [counts]
    if seen.unread:
        lines.append(f"{len(seen.unread)} to be fetched before it is known whether they changed")
    if seen.kept:
        lines.append(f"{len(seen.kept)} kept below what could not be read")
    lines += [f"skipped {count(item.files, 'file')}: {item.reason}" for item in seen.skipped]
    lines += [f"would fail: {fault.source}: {fault.detail}" for fault in seen.failed]
    lines += _describe_estimate(seen.estimate, seen.price)
    if seen.refusal is not None:
        lines.append(f"would be refused: {seen.refusal}")
    return lines


def _describe_estimate(estimate: Estimate, price: float | None) -> Sequence[str]:
    if not estimate.files:
        return ["nothing to embed"]
    cost = (
        "set EMBEDDING_PRICE_PER_MILLION to see what it costs"
        if price is None
        else f"which cost {price:,.4f}"
    )
    takes = timedelta(seconds=round(estimate.seconds))
    amount = f"about {estimate.chunks:,} chunks, {estimate.tokens:,} tokens to embed ({cost})"
    sample = f"estimated from {estimate.sampled} of {estimate.files} files"
    return [f"{amount}, {takes} on this machine, {sample}"]
