"""The commands that keep a collection equal to its sources, as words of the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.options import EXIT_CODES, AsJson, gathered, lazily, run
from ingest.order_options import OrderOptions, SelectionOptions
from ingest.reach import Reach
from ingest.report_options import Reporting

if TYPE_CHECKING:
    from ingest import mirror_wish, mirroring, sources, watching
else:
    mirror_wish, mirroring = lazily("ingest.mirror_wish"), lazily("ingest.mirroring")
    sources, watching = lazily("ingest.sources"), lazily("ingest.watching")

app = typer.Typer()

Sources = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE...", help="Files, archives, folders with all below them, URLs."),
]
MaxDelete = Annotated[
    str | None,
    typer.Option(
        metavar="N|N%",
        help="Remove at most so many documents, or this share of those below the sources; when "
        "more would go, nothing is changed. When not given 20%, or 5 documents if that is more, "
        "and never all that a source has.",
    ),
]
EmbedRenamed = Annotated[
    bool,
    typer.Option(
        "--embed-renamed",
        help="Embed renamed files whose title is their name anew; without this they keep the "
        "vectors of the old name.",
    ),
]


@dataclass(frozen=True, slots=True)
class _Once:
    """What one sync is given."""

    sources: Sources
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only say what would change, how many tokens it is, how long it takes.",
        ),
    ] = False
    max_delete: MaxDelete = None
    embed_renamed: EmbedRenamed = False


@app.command(epilog=EXIT_CODES)
@gathered(_Once, "given")
@gathered(OrderOptions, "asked")
@gathered(SelectionOptions, "wanted")
@gathered(Reach, "reach")
@gathered(Reporting, "reporting")
def sync(
    *,
    given: _Once,
    asked: OrderOptions,
    wanted: SelectionOptions,
    reach: Reach,
    reporting: Reporting,
    as_json: AsJson = False,
) -> None:
    """Make what a collection has of sources equal to them: add, update, rename, remove.

    Documents that lie below none of the sources are left alone. What lies below a folder that
    cannot be read stays; of the web nothing is removed. Removed texts are looked for in all three
    stores afterwards: exit code 1 if one has anything of them. More removals than --max-delete
    allows are exit code 2.

    Keys of --json: those of `add`, renamed [source, to], removed [id, source], kept, proof [proven,
    documents, chunks, deleted_vectors, in_catalog, in_vectors, in_words, detail]. Of --dry-run:
    collection, files, added, updated, unread, renamed [source, to], removed, kept, unchanged,
    failed [source, error, detail], skipped [reason, files], refusal, estimate [files, sampled,
    failed, chunks, tokens, seconds], price, seconds.
    """
    intake = sources.Intake(given.sources, wanted.selection(), reach)
    wish = mirror_wish.Wish(intake, given.max_delete, given.embed_renamed)
    if given.dry_run:
        run(
            lambda settings, screen: mirroring.preview_sources(
                settings, screen, wish=wish, order=asked.order(settings)
            ),
            as_json=as_json,
        )
    run(
        lambda settings, screen: mirroring.mirror_sources(
            settings, screen, wish=wish, order=asked.order(settings), reporting=reporting
        ),
        as_json=as_json,
    )


@dataclass(frozen=True, slots=True)
class _Always:
    """What a watch is given."""

    sources: Sources
    settle: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="A change counts when none follows so long."),
    ] = 1.0
    every: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=1,
            help="Read every file again, and fetch URLs, so often, whatever the file system tells.",
        ),
    ] = 300.0
    max_delete: MaxDelete = None
    embed_renamed: EmbedRenamed = False


@app.command(epilog=EXIT_CODES)
@gathered(_Always, "given")
@gathered(OrderOptions, "asked")
@gathered(SelectionOptions, "wanted")
@gathered(Reach, "reach")
def watch(
    *,
    given: _Always,
    asked: OrderOptions,
    wanted: SelectionOptions,
    reach: Reach,
    as_json: AsJson = False,
) -> None:
    """Do as `sync` does, again and again, whenever files change; Ctrl-C or SIGTERM ends it.

    What fails, such as a database that does not answer or a file that cannot be read, is told,
    and the watch goes on: it tries again after a second, then later and later, up to a minute.

    With --json a line for each round, with the keys of `sync`, or error and detail.
    """
    intake = sources.Intake(given.sources, wanted.selection(), reach)
    wish = mirror_wish.Wish(intake, given.max_delete, given.embed_renamed)
    run(
        lambda settings, screen: watching.watch_sources(
            settings,
            screen,
            mirror=wish.mirror(settings, asked.order(settings)),
            pace=watching.Pace(given.settle, given.every),
        ),
        as_json=as_json,
    )
