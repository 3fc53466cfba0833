"""What a sync did, as keys for a machine and as lines for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from ingest.report import count, summary
from ingest.synced import Outcome

_LISTED = 100


def as_object(outcome: Outcome) -> dict[str, object]:
    """The keys of `--json`: those of `ingest add` and what a mirror has besides."""
    report = outcome.ingested
    return {
        **{one.name: getattr(report, one.name) for one in fields(report)},
        "renamed": [{"source": one.source, "to": one.to} for one in outcome.moves.renamed],
        "removed": [{"id": one.id, "source": one.source} for one in outcome.moves.removed],
        "kept": [one.source for one in outcome.moves.kept],
        "proof": outcome.proof,
    }


def describe(outcome: Outcome) -> list[str]:
    """Tell a person, in plain lines, what came of a sync."""
    counts, *rest = summary(outcome.ingested)
    renames = [f"{one.source} -> {one.to}" for one in outcome.moves.renamed]
    removed = [one.source for one in outcome.moves.removed]
    lines = [counts]
    if renames or removed:
        lines.append(f"{len(renames)} renamed, {len(removed)} removed")
    lines += [*_list("renamed", renames), *_list("removed", removed)]
    if outcome.moves.kept:
        kept = count(len(outcome.moves.kept), "document")
        lines.append(f"kept: {kept} below what could not be read")
    return [*lines, *rest, *_describe_proof(outcome)]


def _list(what: str, names: Sequence[str]) -> list[str]:
    lines = [f"{what}: {name}" for name in names[:_LISTED]]
    if len(names) > _LISTED:
        lines.append(f"{what}: {len(names) - _LISTED} more, which --json lists")
    return lines


def _describe_proof(outcome: Outcome) -> list[str]:
    proof = outcome.proof
    if proof.proven and not proof.documents:
        return []
    texts = f"{count(proof.documents, 'removed or replaced text')} ({count(proof.chunks, 'chunk')})"
    if proof.proven:
        gone = f"{texts} proven gone from catalog, vectors and words"
        return [f"{gone}; {count(proof.deleted_vectors, 'cached vector')} deleted"]
    left = (
        f"{len(ids)} in {store} (such as {ids[0]})"
        for store, ids in (
            ("the catalog", proof.in_catalog),
            ("Chroma", proof.in_vectors),
            ("the lexical index", proof.in_words),
        )
        if ids
    )
    why = proof.detail or ", ".join(left)
    way_out = "no search shows them; run 'ingest repair', then 'ingest verify'"
    return [f"not proven gone: {texts}: {why}; {way_out}"]
