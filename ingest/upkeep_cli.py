"""The commands that keep the stores sound, as words of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.options import (
    EXIT_CODES,
    AsJson,
    Collection,
    OneCollection,
    check_text,
    gathered,
    lazily,
    run,
)
from ingest.reindex_options import ReindexOptions

if TYPE_CHECKING:
    from ingest import compaction, reindexing, soundness, transfer
else:
    compaction, reindexing = lazily("ingest.compaction"), lazily("ingest.reindexing")
    soundness, transfer = lazily("ingest.soundness"), lazily("ingest.transfer")

app = typer.Typer()


@app.command(epilog=EXIT_CODES)
def verify(*, collection: OneCollection = None, as_json: AsJson = False) -> None:
    """Check catalog, Chroma and lexical index against each other; changes nothing.

    Every chunk's text, offsets, page, hash and vector, whether Chroma and the lexical index have
    it, whether a search by its vector finds it (of 200), and whether they have anything else.
    Exit code 1 when something is wrong; each fault names the command that mends it.

    Keys of --json: collections [collection, documents, chunks, vectors_tried, findings [check,
    count, detail, examples, mend], seconds].
    """
    run(
        lambda settings, screen: soundness.verify(settings, screen, collection=collection),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
def repair(*, collection: OneCollection = None, as_json: AsJson = False) -> None:
    """Mend what `verify` finds, from the catalog.

    Embeds only texts whose vectors the catalog has lost. Exit code 1 when something is left.

    Keys of --json: collections [collection, found, embedded, added, rebuilt, left]; found and left
    as the findings of `verify`.
    """
    run(
        lambda settings, screen: soundness.repair(settings, screen, collection=collection),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
def rebuild(*, collection: OneCollection = None, as_json: AsJson = False) -> None:
    """Make Chroma's and the lexical index anew from the catalog, beside the live ones.

    Nothing is embedded, and searches go on: they see the old indexes until the new are whole.

    Keys of --json: collections [collection, seconds].
    """
    run(
        lambda settings, screen: soundness.rebuild(settings, screen, collection=collection),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
@gathered(ReindexOptions, "options")
def reindex(
    *, collection: Collection = None, options: ReindexOptions, as_json: AsJson = False
) -> None:
    """Change the embedding model of a collection, or how its documents are cut.

    The new version is built beside the live one from the texts in the catalog, so no file is
    read, and takes its place in one step; only what was never embedded with its model is
    embedded. Documents may come in meanwhile. Killed, it goes on when it is run again. The
    version before is kept for --rollback until the next reindex or `ingest compact`. What is not
    given stays as it is.

    Keys of --json: collection, switched, fingerprint, chunk_tokens, overlap_tokens, strategy,
    fields, previous [fingerprint, chunk_tokens, overlap_tokens, strategy, fields], documents,
    embedded, reused, seconds.
    """
    change = options.change()
    run(
        lambda settings, screen: reindexing.reindex(
            settings, screen, collection=collection, change=change
        ),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", resolve_path=True, help="Such as papers.zip.")
    ],
    *,
    collection: Collection = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Put it in the place of a file that is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a collection with its vectors to one file, for `ingest import` on another machine.

    The file holds one moment of the collection, also while documents come in. It appears when it
    is whole.

    Keys of --json: collection, file, documents, chunks, size_bytes, seconds.
    """
    run(
        lambda settings, screen: transfer.export(
            settings, screen, file=file, collection=collection, overwrite=overwrite
        ),
        as_json=as_json,
    )


@app.command("import", epilog=EXIT_CODES)
def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", resolve_path=True, help="Made by `ingest export`.")
    ],
    *,
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection", "-c", callback=check_text, help="As in the file when not given."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a collection from a file; nothing is embedded.

    All its documents are seen from one moment on. Documents that are there already with the same
    content stay, others of the same source are replaced, and the rest is left alone. A damaged
    file, or one of another embedding model, changes nothing and is exit code 2.

    Keys of --json: collection, file, documents, added, updated, unchanged, chunks, seconds.
    """
    run(
        lambda settings, screen: transfer.import_file(
            settings, screen, file=file, collection=collection
        ),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
def compact(
    *,
    unused_vectors: Annotated[
        bool,
        typer.Option(
            "--unused-vectors",
            help="Also delete vectors of texts that are stored no more; not while ingesting.",
        ),
    ] = False,
    broken_stores: Annotated[
        bool,
        typer.Option("--broken-stores", help="Also delete stores of Chroma that were moved aside."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give back the space of what nobody needs any more.

    Replaced and removed documents, the marks that Chroma keeps of them, old changes, imports that
    were abandoned a day ago, versions from before a reindex; then the database is made smaller.
    Exit code 1 when it could not be.

    Keys of --json: collections [collection, removed_vectors, changes, abandoned, versions],
    fetches, unused_vectors, unused_vector_bytes, deleted_vectors, broken_stores [path,
    size_bytes, deleted], catalog_bytes_before, catalog_bytes_after, problem, seconds.
    """
    run(
        lambda settings, screen: compaction.compact(
            settings,
            screen,
            wish=compaction.Wish(unused_vectors=unused_vectors, broken_stores=broken_stores),
        ),
        as_json=as_json,
    )
