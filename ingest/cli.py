"""The command line, `ingest`: words to calls of the commands.

Exit codes, of every command: 0 all done; 1 a part failed, or the work stopped in the middle; 2
wrong usage, or nothing could be done; 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from ingest.evaluate_cli import app as evaluate_app
from ingest.mirror_cli import app as mirror_app
from ingest.options import EXIT_CODES, AsJson, Collection, check_text, gathered, lazily, run
from ingest.order_options import Given, OrderOptions, SelectionOptions
from ingest.quarantine_cli import app as quarantine_app
from ingest.reach import Reach
from ingest.report_options import Reporting
from ingest.upkeep_cli import app as upkeep_app
from ingest.worker_cli import app as worker_app

if TYPE_CHECKING:
    from ingest import addition, health, lookups, removal, running, searching, sources
else:
    running, lookups = lazily("ingest.running"), lazily("ingest.lookups")
    addition, removal = lazily("ingest.addition"), lazily("ingest.removal")
    searching = lazily("ingest.searching")
    health, sources = lazily("ingest.health"), lazily("ingest.sources")

app = typer.Typer(
    name="ingest",
    help="Take documents into the index that answers are given from.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_WRONG_USAGE = 2


@app.command(epilog=EXIT_CODES)
@gathered(Given, "given")
@gathered(OrderOptions, "asked")
@gathered(SelectionOptions, "wanted")
@gathered(Reach, "reach")
@gathered(Reporting, "reporting")
def add(
    *,
    given: Given,
    asked: OrderOptions,
    wanted: SelectionOptions,
    reach: Reach,
    reporting: Reporting,
    as_json: AsJson = False,
) -> None:
    """Ingest files, folders and what is behind URLs; what has not changed is skipped.

    From folders, hidden files, types without a loader and what .gitignore and .ingestignore name
    are passed over and counted. Zip and tar archives are taken apart. A file that cannot be read
    is reported, and the rest goes on; while its bytes stay the same it is in quarantine and not
    parsed again (`ingest retry`). A folder without a file to ingest is exit code 2. How documents
    are cut into chunks is said when a collection is new; `ingest reindex` changes it.

    Keys of --json: collection, files, added, updated, unchanged, failed [source, error, detail],
    skipped [reason, files], warnings [source, detail], chunks, embedded, reused, seconds,
    interrupted, error, detail, quarantined [source, error, detail, failures, last_failed_at],
    slowest [source, seconds], log, report_problem, outcomes [those of a line of --report].
    """
    run(
        lambda settings, screen: addition.add(
            settings,
            screen,
            intake=sources.Intake(given.sources, wanted.selection(given.name), reach),
            order=asked.order(settings),
            reporting=reporting,
        ),
        as_json=as_json,
    )


@app.command("list", epilog=EXIT_CODES)
def list_documents(
    *,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """List the documents of a collection.

    Keys of --json: collection, chunk_tokens, overlap_tokens, strategy, fields, documents [id,
    source, title, media_type, size_bytes, chunks, tokens, metadata, content_hash, created_at,
    language].
    """
    run(
        lambda settings, screen: lookups.list_documents(settings, screen, collection=collection),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
def show(
    document: Annotated[str, typer.Argument(metavar="ID|SOURCE", callback=check_text)],
    *,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Show a document: what is known of it, and the text that citations count in.

    Keys of --json: those of a document in `list`, text, page_starts.
    """
    run(
        lambda settings, screen: lookups.show(
            settings, screen, wanted=document, collection=collection
        ),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
def remove(
    wanted: Annotated[
        list[str], typer.Argument(metavar="ID|SOURCE|FOLDER|ARCHIVE...", callback=check_text)
    ],
    *,
    collection: Collection = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove documents from a collection; a folder or an archive means all in it.

    More than one document is removed only with --yes, or when a person says so at the terminal.

    A file that failed is forgotten: it is tried again when it is given again.

    Keys of --json: collection, removed [id, source], missing, forgotten.
    """
    run(
        lambda settings, screen: removal.remove(
            settings, screen, wanted=wanted, collection=collection, sure=yes
        ),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", callback=check_text)],
    *,
    collection: Collection = None,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, max=1000)] = 5,
    filtered_by: Annotated[
        str | None,
        typer.Option(
            "--filter",
            metavar="FILTER",
            callback=check_text,
            help="Only in documents of which this holds: 'year >= 2020 and author = \"Li Wei\"', "
            "or JSON as for the API.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the passages that fit a query best.

    Keys of --json: collection, query, passages [chunk_id, document_id, collection, source, title,
    text, start, end, page, heading_path, score, lexical_score, fused_score, confidence,
    metadata], empty.
    """
    run(
        lambda settings, screen: searching.find(
            settings,
            screen,
            query=query,
            collection=collection,
            top_k=top_k,
            filtered_by=filtered_by,
        ),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
def status(
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what is in the index, and whether its parts are well.

    Keys of --json: home, size_bytes, parts [part, state, detail], collections [name, documents,
    chunks, tokens, fingerprint, created_at, chunk_tokens, overlap_tokens, strategy,
    fields, least_score].
    """
    run(health.status, as_json=as_json)


# Last, so that help lists the everyday commands first.
app.add_typer(mirror_app)
app.add_typer(evaluate_app)
app.add_typer(quarantine_app)
app.add_typer(worker_app)
app.add_typer(upkeep_app)


def main() -> None:
    """Run the command line; with --json a wrong usage is a JSON object, too."""
    if "--json" not in sys.argv[1:]:
        app()
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        running.refuse(error.format_message())
        code = _WRONG_USAGE
    sys.exit(code)
