"""The command that tells how well questions are answered, as a word of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.evaluate.options import EvaluationOptions
from ingest.options import EXIT_CODES, AsJson, gathered, lazily, run

if TYPE_CHECKING:
    from ingest.evaluate import command, feedback_export, reading
    from ingest.screen import Screen
    from rag_core.settings import Settings
else:
    command, reading = lazily("ingest.evaluate.command"), lazily("ingest.evaluate.reading")
    feedback_export = lazily("ingest.evaluate.feedback_export")

app = typer.Typer()


@app.command("eval", epilog=EXIT_CODES)
@gathered(EvaluationOptions, "options")
def evaluate(
    dataset: Annotated[
        Path | None,
        typer.Argument(metavar="DATASET", help="A folder, or a file of JSON lines."),
    ] = None,
    *,
    options: EvaluationOptions,
    as_json: AsJson = False,
) -> None:
    """Ask questions whose answers are known, and say how well the search does.

    DATASET is a folder in BEIR's layout (corpus.jsonl, queries.jsonl, qrels/test.tsv), a folder
    with questions.jsonl and a corpus.jsonl or files/, or JSON lines of questions about a
    collection that is there: {"question", "documents"?, "evidence"?, "answers"?, "answerable"?}.
    Its own documents are kept in a collection `eval-NAME`; what has not changed is not embedded
    again. With --from-feedback the questions are those whose answers readers rated: what liked
    answers cite should be found. Prints nDCG, recall, precision and MRR as trec_eval counts them,
    how well scores tell what cannot be answered (AUROC), latency, and the changes since the last
    run; writes JSON and a page of HTML to RAG_HOME/evaluations. Exit code 1 when a --min is not
    reached.

    Keys of --json: dataset, layout, path, collection, fingerprint, splitting, started_at, seconds,
    questions, judged, unanswerable, failed, documents, top_k, callers, metrics [by name],
    abstention [answerable, unanswerable, auroc, now, chosen], ingested [added, updated, unchanged,
    removed, failed, embedded, seconds], answers [url, model, asked, failed, example], compared
    [file, started_at, metric, questions, same, changes, better, worse], missed [metric, value,
    least], doubts, feedback [up, down, left_out, rated_down [id, question, comment, answer,
    outcome, model, cited, rated_at]], json_file, html_file, problem. With --export: collection,
    file, questions, judged, unanswerable, up, down, left_out.
    """

    async def work(settings: Settings, screen: Screen) -> int:
        reading.check_source(dataset, options)
        if options.export is None:
            return await command.evaluate(settings, screen, dataset, options)
        return await feedback_export.export(
            settings, screen, options.export, collection=options.collection
        )

    run(work, as_json=as_json)
