from __future__ import annotations

from dataclasses import replace

from ingest.evaluate.abstention import Abstention, Threshold
from ingest.evaluate.evaluation import Answered, Compared, Ingested, Missed, Moved
from ingest.evaluate.table import head, rows, tail
from tests.ingest.evaluate_support import EVALUATION, evaluation

COMPARED = Compared(
    file="/x.json",
    started_at="2026-01-01",
    metric="ndcg@10",
    questions=9,
    same=True,
    changes={"ndcg@10": 0.1, "recall@1": 0.0, "latency_p50_ms": -2.0},
    better=(Moved("q1", "Which\nriver?", 0.0, 1.0),),
    worse=(),
)


def test_a_row_says_what_changed() -> None:
    shown = list(rows(replace(EVALUATION, compared=COMPARED)))

    assert ("ndcg@10", "0.500", "0.400", "+0.100") in shown
    assert ("recall@1", "0.400", "0.400", "=") in shown
    assert ("latency_p50_ms", "10.0", "12.0", "-2.0") in shown


def test_without_a_last_run_there_are_only_values() -> None:
    assert ("ndcg@10", "0.500", "", "") in list(rows(EVALUATION))


def test_the_head_says_what_was_asked_of_what() -> None:
    lines = head(replace(EVALUATION, unanswerable=1, ingested=Ingested(3, 0, 0, 1, 0, 3, 1.0)))

    assert "2 questions, 1 of them unanswerable; 3 documents in collection" in lines[0]
    assert "3 added, 0 updated, 1 removed, 0 unchanged" in lines[2]


def test_the_tail_names_what_is_too_low_and_what_failed() -> None:
    bad = replace(
        EVALUATION,
        failed=1,
        missed=(Missed("ndcg@10", 0.5, 0.7),),
        answers=Answered("http://x", "tiny", 3, 2, "it broke"),
    )

    lines = "\n".join(tail(bad))

    assert "too low: ndcg@10 is 0.5000, --min is 0.7" in lines
    assert "failed: 2 answers, such as it broke" in lines
    assert "failed: 1 of 2 searches" in lines
    assert bad.exit_code == 1


def test_questions_that_moved_stand_on_a_line_each() -> None:
    lines = tail(replace(EVALUATION, compared=COMPARED))

    assert "since 2026-01-01: ndcg@10 better for 1, worse for 0 of 9 questions" in lines
    assert "  better 0.00 → 1.00  Which river? (q1)" in lines


def test_other_questions_are_a_warning() -> None:
    lines = tail(replace(EVALUATION, compared=replace(COMPARED, same=False)))

    assert "the last run asked other questions: take its figures with care" in lines


def test_without_unanswerable_questions_the_absence_is_said() -> None:
    abstention = Abstention(20, 0, None, Threshold(0.235, 1.0, None))

    lines = tail(replace(EVALUATION, abstention=abstention))

    assert any(line.startswith("auroc: none") for line in lines)
    assert "least score now: 0.235 keeps 100.0% of the answerable" in lines


def test_a_calibration_says_what_it_does() -> None:
    chosen = Threshold(0.31, 0.98, 0.9)
    abstention = Abstention(20, 5, 0.9, Threshold(0.235, 1.0, 0.5), chosen)

    lines = tail(replace(EVALUATION, abstention=abstention))

    assert (
        "least score chosen: 0.310 keeps 98.0% of the answerable, rejects 90.0% of the others"
        in lines
    )


def test_all_well_is_exit_code_0() -> None:
    assert evaluation().exit_code == 0
