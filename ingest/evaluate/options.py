"""The options of `ingest eval`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ingest.options import check_text


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """What is asked, of what, and what is made of it."""

    collection: Annotated[
        str | None,
        typer.Option(
            "--collection",
            "-c",
            callback=check_text,
            help="Ask this one as it is. When not given: one of the dataset's own documents, or "
            "RAG_COLLECTION where it brings none.",
        ),
    ] = None
    split: Annotated[
        str, typer.Option(callback=check_text, help="Of BEIR's qrels: the name of their file.")
    ] = "test"
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Ask only N questions, spread over all of them."),
    ] = None
    top_k: Annotated[
        int, typer.Option("--top-k", "-k", min=1, max=1000, help="Passages of each question.")
    ] = 100
    callers: Annotated[int, typer.Option(min=1, max=64, help="How many ask at once.")] = 1
    minimum: Annotated[
        list[str] | None,
        typer.Option(
            "--min",
            metavar="METRIC=VALUE",
            callback=check_text,
            help="Exit code 1 when it is lower, such as ndcg@10=0.70; may be given several times.",
        ),
    ] = None
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Choose the least score, and keep it with the collection."
        ),
    ] = False
    keep: Annotated[
        float,
        typer.Option(
            metavar="SHARE", min=0.5, max=1.0, help="Of answerable questions, by --calibrate."
        ),
    ] = 0.98
    answers: Annotated[
        str | None,
        typer.Option(
            metavar="URL|auto",
            callback=check_text,
            help="Ask the API there, too, and score its answers; auto is RAG_HOST and RAG_PORT.",
        ),
    ] = None
    from_feedback: Annotated[
        bool,
        typer.Option(
            "--from-feedback",
            help="In place of a DATASET: what was asked of the collection and rated by readers.",
        ),
    ] = False
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            resolve_path=True,
            help="Only write the questions of --from-feedback to FILE, as JSON lines.",
        ),
    ] = None
    judge: Annotated[
        bool, typer.Option("--judge", help="Let CHAT_MODEL judge the answers, too.")
    ] = False
