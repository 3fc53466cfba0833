"""Small datasets on disk, and questions as an evaluation has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import orjson

from ingest.evaluate.api import AnswerView, CitationView, PassageView
from ingest.evaluate.dataset import Question
from ingest.evaluate.evaluation import Evaluation, Scored
from ingest.evaluate.judging import Judged, Shown
from rag_core.catalog.feedback import Quote, RatedAnswer
from rag_core.documents import Passage

RIVERS = {
    "rhine": "The Rhine flows through Basel and Cologne. It ends in the North Sea.",
    "danube": "The Danube flows through Vienna and Budapest. It ends in the Black Sea.",
    "elbe": "The Elbe flows through Dresden and Hamburg.",
}
QUERIES = {
    "q1": ("Which river flows through Cologne?", "rhine"),
    "q2": ("Which river flows through Budapest?", "danube"),
    "q3": ("Which river flows through Dresden?", "elbe"),
}

COLOGNE = "The Rhine flows through Basel and Cologne."
ANSWER = RatedAnswer(
    question="And Cologne?",
    query="Which river flows through Cologne?",
    collections=("default",),
    text=f"{COLOGNE} [1]",
    outcome="answered",
    model="tiny",
    quotes=(Quote("default", "d1", "rhine", 0, len(COLOGNE), COLOGNE),),
    passages=(),
    verified=True,
)
"""Which a reader rates."""


def write_lines(file: Path, lines: Sequence[object]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return file


def write_beir(folder: Path, texts: Mapping[str, str] = RIVERS) -> Path:
    write_lines(
        folder / "corpus.jsonl",
        [{"_id": name, "title": name, "text": text} for name, text in texts.items()],
    )
    write_lines(
        folder / "queries.jsonl",
        [{"_id": name, "text": text} for name, (text, _) in QUERIES.items()],
    )
    write_qrels(folder, [f"{name}\t{river}\t1" for name, (_, river) in QUERIES.items()])
    return folder


def write_qrels(folder: Path, lines: Sequence[str], split: str = "test") -> Path:
    file = folder / "qrels" / f"{split}.tsv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["query-id\tcorpus-id\tscore", *lines, ""]))
    return file


def passage(source: str, text: str, *, start: int = 0, score: float = 0.5) -> Passage:
    return Passage(
        chunk_id=f"{source}-{start}",
        document_id=source,
        collection="c",
        source=source,
        title="",
        text=text,
        start=start,
        end=start + len(text),
        page=None,
        heading_path=(),
        score=score,
        lexical_score=1.0,
        fused_score=score,
    )


def judged(
    question: Question,
    documents: Sequence[str] = (),
    *,
    score: float = 0.5,
    ranks: Sequence[int | None] = (),
    error: str | None = None,
) -> Judged:
    return Judged(
        question=question,
        documents=tuple(documents),
        ranks=tuple(ranks),
        passages=max(len(documents), 10 if ranks else 0),
        best_score=score,
        milliseconds=10.0,
        shown=(),
        error=error,
    )


def scored(name: str, ndcg: float, text: str = "Who?") -> Scored:
    shown = Shown("a.md", "A", "some words", 0.5, expected=True)
    return Scored(
        id=name,
        question=text,
        answerable=True,
        metrics={"ndcg@10": ndcg},
        best_score=0.5,
        milliseconds=10.0,
        expected=("a.md",),
        found=(shown,),
    )


EVALUATION = Evaluation(
    dataset="rivers",
    layout="beir",
    path="/data/rivers",
    collection="eval-rivers",
    fingerprint="fake/words/64",
    splitting="256 tokens",
    started_at="2026-01-02T03:04:05.678Z",
    seconds=1.0,
    questions=2,
    judged=2,
    unanswerable=0,
    failed=0,
    documents=3,
    top_k=100,
    callers=1,
    metrics={"ndcg@10": 0.5, "recall@1": 0.4, "ndcg@1": 0.4, "latency_p50_ms": 10.0},
    abstention=None,
    ingested=None,
    answers=None,
)


def evaluation(started_at: str = EVALUATION.started_at, **metrics: float) -> Evaluation:
    named = {name.replace("_at_", "@"): value for name, value in metrics.items()}
    return replace(EVALUATION, started_at=started_at, metrics={**EVALUATION.metrics, **named})


def view(
    answer: str,
    *,
    quotes: Sequence[tuple[str, int]] = (),
    source: str = "rhine",
    outcome: str = "answered",
    model: str = "tiny",
) -> AnswerView:
    """An answer that cites its one passage with these quotes, each with its marker's place."""
    return AnswerView(
        answer=answer,
        outcome=outcome,
        model=model,
        citations=tuple(
            CitationView(
                number=1,
                source=source,
                start=RIVERS[source].find(quote),
                end=RIVERS[source].find(quote) + len(quote),
                quote=quote,
                answer_start=at,
            )
            for quote, at in quotes
        ),
        passages=(PassageView(number=1, text=RIVERS[source]),),
    )
