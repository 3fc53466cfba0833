"""The command that does the API's jobs, as a word of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.options import EXIT_CODES, AsJson, lazily, run

if TYPE_CHECKING:
    from ingest import worker
else:
    worker = lazily("ingest.worker")

app = typer.Typer()


@app.command("worker", epilog=EXIT_CODES)
def do_jobs(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when no job is due.")] = False,
    low_priority: Annotated[
        bool,
        typer.Option("--low-priority", help="Let every other process of the machine go first."),
    ] = False,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
    as_json: AsJson = False,
) -> None:
    """Ingest what was uploaded to the API, until stopped.

    `rag-api serve` starts one of itself, with low priority. Any number may run, on any number of
    machines that share DATABASE_URL, CHROMA_URL and RAG_HOME. SIGTERM or Ctrl-C finishes the batch
    in flight, puts the job back, and ends it with exit code 0.

    Keys of --json: done, failed, cancelled, put_back.
    """
    run(
        lambda settings, screen: worker.work(
            settings, screen, worker.Wish(once=once, low_priority=low_priority, parent=parent)
        ),
        as_json=as_json,
    )
