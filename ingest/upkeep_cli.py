"""The commands that keep the stores sound, as words of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ingest.options import EXIT_CODES, AsJson, OneCollection, lazily, run

if TYPE_CHECKING:
    from ingest import soundness
else:
    soundness = lazily("ingest.soundness")

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
