"""What a sync would do, as lines for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ingest.estimate import Estimate
from ingest.preview import Preview
from ingest.report import count


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
