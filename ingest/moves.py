"""Carries out what of a difference needs no file: renames and removals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.carry import carry_vectors
from ingest.compare import Difference
from ingest.notes import read_notes, write_notes
from ingest.stored import forget_below
from rag_core.catalog import documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.engine import Catalog
from rag_core.catalog.remains import Traces, find_traces
from rag_core.catalog.renames import UNREAD, Rename, rename_documents
from rag_core.errors import CatalogUnavailableError


@dataclass(frozen=True, slots=True)
class Moves:
    """What was renamed and removed, and by what to look for all that is to be gone."""

    renamed: Sequence[Rename]
    removed: Sequence[DocumentSummary]
    kept: Sequence[DocumentSummary]
    traces: Traces
    """Of the removed, and of what the files that are ingested next will take the place of."""


@dataclass(frozen=True, slots=True)
class Way:
    """How renames and removals are carried out."""

    tops: Sequence[str]
    """The sources: below them files that are gone are forgotten by the quarantine, too."""
    notes: Path
    """Where the hashes of what is to be deleted are kept."""
    carry: bool
    """Renamed files whose title is their name keep the vectors of the old name."""


async def move_documents(
    catalog: Catalog, collection: Collection, difference: Difference, way: Way
) -> Moves:
    """Rename and remove; may be killed at any moment, the next comparison finds the rest.

    The vectors that are to be deleted in the end are noted down first, with those that an earlier
    run has left: only once the new files are ingested it is known which of them nobody uses.
    """
    left = await documents.dead_ids(catalog, collection)  # of a run that was killed
    going = [one.id for one in (*difference.removed, *difference.outdated)]
    traces = await find_traces(catalog, list(dict.fromkeys([*left, *going])))
    traces.hashes.update(read_notes(way.notes))
    if traces.hashes:
        write_notes(way.notes, traces.hashes)
    if way.carry:
        await carry_vectors(catalog, collection, difference.renames)
    renames = await rename_documents(catalog, collection, difference.renames)
    removed = [one.id for one in difference.removed]
    await documents.remove_documents(catalog, collection, removed)
    await forget_below(catalog, collection, way.tops)
    return Moves(renames.done, difference.removed, difference.kept, traces)


async def count_reread(catalog: Catalog, collection: Collection, moves: Moves) -> int:
    """How many of the renamed files have been read again; the others failed, or wait.

    A catalog that has gone by now tells of none: what was done before is to be reported all the
    same, and the proof says that it has gone.
    """
    sources = [one.to for one in moves.renamed if one.reread]
    try:
        live = await documents.find_live(catalog, collection, sources)
    except CatalogUnavailableError:
        return 0
    return sum(one.content_hash != UNREAD for one in live.values())
