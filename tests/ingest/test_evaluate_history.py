from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from ingest.evaluate.history import choose_last, compare, folder_of, read_earlier, save, shorten
from tests.ingest.evaluate_support import evaluation, scored


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    saved = save(tmp_path / "a", evaluation(), [scored("q", 0.5)], "<html>")

    [earlier] = read_earlier(tmp_path / "a", "beir")

    assert saved.json_file == str(tmp_path / "a" / "2026-01-02T03-04-05.678Z.json")
    assert Path(saved.html_file or "").read_text() == "<html>"
    assert earlier.metrics["ndcg@10"] == 0.5
    assert earlier.by_question == {"q": {"ndcg@10": 0.5}}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"layout": "beir"}', b'{"layout": "beir", "metrics": 3}']
)
def test_files_that_nobody_can_read_are_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "2026.json").write_bytes(content)

    assert read_earlier(tmp_path, "beir") == []


def test_another_layout_is_another_dataset(tmp_path: Path) -> None:
    save(tmp_path, evaluation(), [], "")

    assert read_earlier(tmp_path, "questions") == []


def test_runs_are_in_the_order_of_their_times(tmp_path: Path) -> None:
    for day in ("2026-01-03", "2026-01-02"):
        save(tmp_path, evaluation(f"{day}T00:00:00.000Z"), [], "")

    assert [one.started_at[:10] for one in read_earlier(tmp_path, "beir")] == [
        "2026-01-02",
        "2026-01-03",
    ]


def test_a_run_is_compared_with_the_last_of_the_same_questions(tmp_path: Path) -> None:
    save(tmp_path, evaluation("2026-01-01T00:00:00.000Z"), [scored("q", 0.5)], "")
    save(tmp_path, evaluation("2026-01-02T00:00:00.000Z"), [scored("r", 0.5)], "")
    earlier = read_earlier(tmp_path, "beir")

    last, other = choose_last(earlier, [scored("q", 0.1)]), choose_last(earlier, [scored("s", 0.1)])

    assert last is earlier[0]
    assert other is earlier[1]
    assert choose_last([], []) is None


def test_questions_that_moved_are_named_most_first(tmp_path: Path) -> None:
    before = {"a": 0.1, "b": 0.5, "c": 0.9, "d": 0.3, "gone": 1.0}
    save(tmp_path, evaluation(ndcg_at_10=0.4), [scored(*one) for one in before.items()], "")
    [last] = read_earlier(tmp_path, "beir")
    now = {"a": 0.2, "b": 1.0, "c": 0.1, "d": 0.3, "new": 1.0}

    compared = compare(evaluation(f1=0.2), [scored(*one) for one in now.items()], last)

    assert [one.id for one in compared.better] == ["b", "a"]
    assert [(one.id, one.before, one.now) for one in compared.worse] == [("c", 0.9, 0.1)]
    assert compared.changes["ndcg@10"] == pytest.approx(0.1)
    assert "f1" not in compared.changes
    assert (compared.questions, compared.same) == (4, False)


def test_only_the_most_moved_are_kept(tmp_path: Path) -> None:
    save(tmp_path, evaluation(), [scored(str(at), 0.0) for at in range(50)], "")
    [last] = read_earlier(tmp_path, "beir")

    compared = compare(evaluation(), [scored(str(at), 1.0) for at in range(50)], last)

    assert len(compared.better) == 50
    short = shorten(compared)
    assert short is not None
    assert len(short.better) == 20


@pytest.mark.parametrize(
    ("name", "folder"),
    [("scifact", "scifact"), ("../x", "_/x"), ("a\0b\n", "a_b_"), ("..", "_"), ("", "dataset")],
)
def test_a_name_stays_below_its_folder(tmp_path: Path, name: str, folder: str) -> None:
    found = folder_of(tmp_path, name)

    assert found == tmp_path / "evaluations" / folder.replace("/", "_")


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    saved = save(tmp_path / "file" / "below", evaluation(), [], "")

    assert saved.problem is not None
    assert "cannot write to" in saved.problem
    assert (saved.json_file, saved.exit_code) == (None, 1)


def test_the_file_has_every_question(tmp_path: Path) -> None:
    saved = save(tmp_path, evaluation(), [scored("q", 0.5, "<b>Who?</b>")], "")

    kept = orjson.loads(Path(saved.json_file or "").read_bytes())

    assert kept["by_question"][0]["question"] == "<b>Who?</b>"
    assert kept["json_file"] == saved.json_file
