"""An Evaluation as lines that a person reads on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.evaluate.abstention import Abstention
from ingest.evaluate.evaluation import (
    LOWER_IS_BETTER,
    Answered,
    Compared,
    Evaluation,
    Missed,
    Moved,
    Rated,
)
from ingest.report import count

COLUMNS = ("metric", "value", "last run", "change")
SHOWN = (
    *("ndcg@3", "ndcg@5", "ndcg@10", "recall@1", "recall@5", "recall@10", "recall@100"),
    *("precision@1", "precision@5", "mrr@10", "map@100"),
    *("passage_ndcg@10", "passage_recall@1", "passage_recall@5", "passage_recall@10"),
    *("passage_mrr@10", "auroc", "citation_precision", "citation_recall", "exact_match", "f1"),
    *(
        "gold_in_answer",
        "faithfulness",
        "judged_faithfulness",
        "judged_correctness",
        "answered",
        "abstained",
    ),
    *("latency_p50_ms", "latency_p90_ms", "latency_p99_ms", "answer_latency_p50_ms"),
    "answer_latency_p99_ms",
)
"""What the table has of the metrics; the files have all."""
_MOVED = 5
_RATED_DOWN = 10
_QUESTION_CHARACTERS = 90
_CHANGED = 0.0005


def head(evaluation: Evaluation) -> list[str]:
    """What was evaluated."""
    one = evaluation
    asked = f"{count(one.questions, 'question')}"
    if one.unanswerable:
        asked += f", {one.unanswerable} of them unanswerable"
    held = f"{count(one.documents, 'document')} in collection {one.collection!r}"
    found = f"the best {one.top_k} passages of each, {count(one.callers, 'caller')}"
    lines = [
        f"{one.dataset}: {asked}; {held}",
        f"{one.fingerprint}, chunks of {one.splitting}; {found}, {one.seconds:.1f} s",
    ]
    if one.ingested is not None:
        done = one.ingested
        changed = f"{done.added} added, {done.updated} updated, {done.removed} removed"
        lines.append(
            f"documents: {changed}, {done.unchanged} unchanged, {done.failed} failed; "
            f"{done.embedded} chunks embedded in {done.seconds:.1f} s"
        )
    return [*lines, ""]


def rows(evaluation: Evaluation) -> Iterator[tuple[str, str, str, str]]:
    """One for each metric: its value, that of the last run, and the change."""
    changes = evaluation.compared.changes if evaluation.compared else {}
    for name in SHOWN:
        if name not in evaluation.metrics:
            continue
        value, change = evaluation.metrics[name], changes.get(name)
        digits = 1 if name.startswith(LOWER_IS_BETTER) else 3
        if change is None:
            yield name, f"{value:.{digits}f}", "", ""
            continue
        shown = f"{change:+.{digits}f}" if abs(change) >= _CHANGED else "="
        yield name, f"{value:.{digits}f}", f"{value - change:.{digits}f}", shown


def tail(evaluation: Evaluation) -> list[str]:
    """What there is to say beside the figures, and where the files are."""
    lines = ["", *evaluation.doubts]
    if evaluation.abstention is not None:
        lines += list(_tell_abstention(evaluation.abstention))
    if evaluation.answers is not None:
        lines += list(_tell_answers(evaluation.answers))
    if evaluation.compared is not None:
        lines += list(_tell_moved(evaluation.compared))
    if evaluation.failed:
        failed = f"{evaluation.failed} of {evaluation.questions} searches"
        lines.append(f"failed: {failed}; the JSON says why")
    lines += map(_tell_missed, evaluation.missed)
    if evaluation.feedback is not None:
        lines += list(_tell_feedback(evaluation.feedback))
    if evaluation.problem is not None:
        lines.append(evaluation.problem)
    if evaluation.html_file is not None:
        lines += [f"report: {evaluation.html_file}", f"JSON: {evaluation.json_file}"]
    return lines


def _tell_feedback(rated: Rated) -> Iterator[str]:
    yield f"feedback: {rated.up} rated up, {rated.down} rated down"
    if rated.left_out:
        yield f"left out: {rated.left_out} rated up, whose cited words are gone from the documents"
    for one in rated.rated_down[:_RATED_DOWN]:
        comment = f": {_shorten(one.comment)}" if one.comment else ""
        yield f"  down {one.rated_at[:10]}  {_shorten(one.question)}{comment} ({one.outcome})"
    more = len(rated.rated_down) - _RATED_DOWN
    if more > 0:
        yield f"  and {more} more, in the report"


def _tell_missed(missed: Missed) -> str:
    return f"too low: {missed.metric} is {missed.value:.4f}, --min is {missed.least:g}"


def _tell_answers(answers: Answered) -> Iterator[str]:
    yield f"answers: {answers.asked} of {answers.model} at {answers.url}"
    if answers.failed:
        yield f"failed: {count(answers.failed, 'answer')}, such as {answers.example}"


def _tell_abstention(abstention: Abstention) -> Iterator[str]:
    if abstention.auroc is None:
        yield "auroc: none, for it takes unanswerable questions (`answerable: false`)"
    for name, one in (("now", abstention.now), ("chosen", abstention.chosen)):
        if one is None:
            continue
        rejected = "" if one.rejected is None else f", rejects {one.rejected:.1%} of the others"
        kept = f"keeps {one.kept:.1%} of the answerable"
        yield f"least score {name}: {one.least_score:.3f} {kept}{rejected}"
    if abstention.chosen is not None:
        yield "it is stored with the collection; answers hold to it from now on"


def _tell_moved(compared: Compared) -> Iterator[str]:
    if not compared.same:
        yield "the last run asked other questions: take its figures with care"
    yield (
        f"since {compared.started_at}: {compared.metric} better for {len(compared.better)}, worse "
        f"for {len(compared.worse)} of {count(compared.questions, 'question')}"
    )
    for word, moved in (("better", compared.better), ("worse", compared.worse)):
        for one in moved[:_MOVED]:
            yield f"  {word} {one.before:.2f} → {one.now:.2f}  {_short(one)}"


def _short(moved: Moved) -> str:
    return f"{_shorten(moved.question)} ({moved.id})"


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _QUESTION_CHARACTERS else f"{text[:_QUESTION_CHARACTERS]}…"
