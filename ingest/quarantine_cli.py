"""The commands for files that failed, as words of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.options import (
    EXIT_CODES,
    AsJson,
    Collection,
    Passwords,
    check_text,
    gathered,
    lazily,
    run,
)
from ingest.reach import AllowPrivate
from ingest.report_options import Reporting

if TYPE_CHECKING:
    from ingest import lookups, pipeline, retrial
else:
    lookups, pipeline = lazily("ingest.lookups"), lazily("ingest.pipeline")
    retrial = lazily("ingest.retrial")

app = typer.Typer()


@app.command(epilog=EXIT_CODES)
def quarantine(*, collection: Collection = None, as_json: AsJson = False) -> None:
    """List the files that failed, each with its reason.

    They are not parsed again while their bytes, and this program, stay the same.

    Keys of --json: collection, quarantined [source, error, detail, failures, first_failed_at,
    last_failed_at, size_bytes, content_hash, program].
    """
    run(
        lambda settings, screen: lookups.list_quarantine(settings, screen, collection=collection),
        as_json=as_json,
    )


@app.command(epilog=EXIT_CODES)
@gathered(Reporting, "reporting")
def retry(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE|FOLDER...", callback=check_text, help="All when none is given."
        ),
    ] = None,
    *,
    collection: Collection = None,
    password: Passwords = None,
    allow_private: AllowPrivate = False,
    reporting: Reporting,
    as_json: AsJson = False,
) -> None:
    """Try files that are in quarantine again, with the metadata that they were to have.

    What is not there any more is reported and forgotten, as is what came by standard input or as
    an upload: it is tried when it is given again. Exit code 0 also when nothing is in quarantine;
    2 when a name that is given means nothing that is.

    Keys of --json: those of `add`.
    """
    run(
        lambda settings, screen: retrial.retry(
            settings,
            screen,
            wanted=sources or (),
            order=pipeline.Order(collection or settings.collection, passwords=password or ()),
            allow_private=allow_private,
            reporting=reporting,
        ),
        as_json=as_json,
    )
