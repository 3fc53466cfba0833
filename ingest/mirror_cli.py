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
    from ingest import mirror_wish, mirroring, preview, sources, watching
    from ingest.mirror_wish import Wish
    from rag_core.settings import Settings
else:
    mirror_wish, mirroring = lazily("ingest.mirror_wish"), lazily("ingest.mirroring")
    preview = lazily("ingest.preview")
    sources, watching = lazily("ingest.sources"), lazily("ingest.watching")

app = typer.Typer()

Given = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH|URL...",
        help="Files, archives, folders with all below them, web pages, sitemaps, object stores.",
    ),
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
class _Caution(Reporting):
    """The options that keep a sync from doing too much, and say what it writes down."""

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
@gathered(OrderOptions, "asked")
@gathered(SelectionOptions, "wanted")
@gathered(Reach, "reach")
@gathered(_Caution, "caution")
def sync(
    given: Given,
    *,
    asked: OrderOptions,
    wanted: SelectionOptions,
    reach: Reach,
    caution: _Caution,
    as_json: AsJson = False,
) -> None:
    """Make what a collection has of sources equal to them: add, update, rename, remove.

    Documents that lie below none of the sources are left alone. What lies below a folder that
    cannot be read stays. Removed texts are looked for in all three stores afterwards: exit code 1
    if one has anything of them. More removals than --max-delete allows are exit code 2.

    Keys of --json: those of `add`, renamed [source, to], removed [id, source], kept, proof [proven,
    documents, chunks, deleted_vectors, in_catalog, in_vectors, in_words, detail]. Of --dry-run:
    collection, files, added, updated, unread, renamed [source, to], removed, kept, unchanged,
    failed [source, error, detail], skipped [reason, files], refusal, estimate [files, sampled,
    failed, chunks, tokens, seconds], price, seconds.
    """

    def wish(settings: Settings) -> Wish:
        return mirror_wish.Wish(
            sources.Intake(given, wanted.selection(), reach),
            asked.order(settings),
            max_delete=caution.max_delete,
            embed_renamed=caution.embed_renamed,
        )

    if caution.dry_run:
        run(
            lambda settings, screen: preview.preview_sources(settings, screen, wish=wish(settings)),
            as_json=as_json,
        )
    run(
        lambda settings, screen: mirroring.mirror_sources(
            settings, screen, wish=wish(settings), reporting=caution
        ),
        as_json=as_json,
    )


@dataclass(frozen=True, slots=True)
class _Pace:
    """The options that say how soon and how often a watch looks."""

    settle: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="A change counts when none follows so long."),
    ] = 1.0
    every: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=1,
            help="Read every file again so often, whatever the file system tells.",
        ),
    ] = 300.0
    max_delete: MaxDelete = None
    embed_renamed: EmbedRenamed = False


@app.command(epilog=EXIT_CODES)
@gathered(OrderOptions, "asked")
@gathered(SelectionOptions, "wanted")
@gathered(Reach, "reach")
@gathered(_Pace, "pace")
def watch(
    given: Given,
    *,
    asked: OrderOptions,
    wanted: SelectionOptions,
    reach: Reach,
    pace: _Pace,
    as_json: AsJson = False,
) -> None:
    """Do as `sync` does, again and again, whenever files change; Ctrl-C or SIGTERM ends it.

    What fails, such as a database that does not answer or a file that cannot be read, is told,
    and the watch goes on: it tries again after a second, then later and later, up to a minute.

    With --json a line for each round, with the keys of `sync`, or error and detail.
    """
    run(
        lambda settings, screen: watching.watch_sources(
            settings,
            screen,
            wish=mirror_wish.Wish(
                sources.Intake(given, wanted.selection(), reach),
                asked.order(settings),
                max_delete=pace.max_delete,
                embed_renamed=pace.embed_renamed,
            ),
            pace=watching.Pace(pace.settle, pace.every),
        ),
        as_json=as_json,
    )
