from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from ingest.cli import app
from ingest.stored import each_document
from rag_core.catalog.collections import get_collection
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.feedback import Quote, Thumb, rate
from rag_core.settings import read_settings
from tests.ingest.evaluate_support import ANSWER, write_beir, write_lines

KEYS = (
    "dataset layout path collection fingerprint splitting started_at seconds questions judged "
    "unanswerable failed documents top_k callers metrics abstention ingested answers compared "
    "missed doubts feedback json_file html_file problem"
)
QUESTIONS = [
    {"id": "a", "question": "Which river flows through Cologne?", "documents": ["rhine.md"]},
    {"id": "b", "question": "What does Vienna lie on?", "passages": ["through Vienna"]},
    {"id": "c", "question": "Who won the cup in 1954?", "answerable": False},
]


@pytest.fixture
def rivers(tmp_path: Path, home: Path) -> Path:
    assert home
    return write_beir(tmp_path / f"rivers-{time.monotonic_ns()}")


@pytest.fixture
def mine(tmp_path: Path, home: Path) -> Path:
    """Questions about a collection that is there."""
    assert home
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "rhine.md").write_text("# Rhine\n\nIt flows through Basel and Cologne.\n")
    (notes / "danube.md").write_text("# Danube\n\nIt flows through Vienna and Budapest.\n")
    assert run("add", notes).exit_code == 0
    return write_lines(tmp_path / f"mine-{time.monotonic_ns()}.jsonl", QUESTIONS)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict[str, Any]:
    result: dict[str, Any] = orjson.loads(run("eval", *arguments, "--json").stdout)
    return result


def test_a_beir_folder_is_ingested_asked_and_compared(rivers: Path) -> None:
    first = run_json(rivers)

    again = run_json(rivers)

    assert list(first) == KEYS.split()
    assert first["metrics"]["ndcg@10"] == 1.0
    assert first["ingested"]["embedded"] == 3
    assert first["compared"] is None
    assert again["ingested"]["unchanged"] == 3
    assert again["compared"]["changes"]["ndcg@10"] == 0.0
    assert Path(again["html_file"]).read_text().startswith("<!doctype html>")


def test_a_person_reads_a_table(rivers: Path) -> None:
    result = run("eval", rivers)

    assert result.exit_code == 0
    assert "ndcg@10\t1.000" in result.stdout
    assert "auroc: none" in result.stdout
    assert "report: " in result.stdout


def test_a_minimum_that_is_missed_is_exit_code_1(rivers: Path) -> None:
    assert run("eval", rivers, "--min", "ndcg@10=0.9").exit_code == 0

    result = run("eval", rivers, "--min", "ndcg@10=0.9", "--min", "precision@5=0.9")

    assert result.exit_code == 1
    assert "too low: precision@5 is 0.2000, --min is 0.9" in result.stdout


@pytest.mark.parametrize("least", ["auroc=0.5", "f1=0.5", "ndcg@7=0.5", "ndcg@10=x"])
def test_a_minimum_that_cannot_be_measured_is_exit_code_2(rivers: Path, least: str) -> None:
    result = run("eval", rivers, "--min", least)

    assert result.exit_code == 2
    assert "--min" in result.output


def test_questions_may_be_asked_of_a_collection_that_is_there(mine: Path) -> None:
    result = run_json(mine)

    assert result["ingested"] is None
    assert result["unanswerable"] == 1
    assert result["metrics"]["auroc"] == 1.0
    assert result["metrics"]["recall@1"] == 1.0
    assert result["metrics"]["passage_recall@1"] == 1.0


def test_a_document_that_the_collection_has_not_is_exit_code_2(mine: Path) -> None:
    write_lines(mine, [{"question": "a", "documents": ["nile.md"]}])

    result = run("eval", mine)

    assert result.exit_code == 2
    assert f"{mine}:1: expects the document 'nile.md'" in result.output


def test_a_dataset_may_be_asked_of_another_collection(rivers: Path, home: Path) -> None:
    assert home
    run("eval", rivers)

    result = run_json(rivers, "--collection", f"eval-{rivers.name}")

    assert result["ingested"] is None
    assert result["metrics"]["ndcg@10"] == 1.0


def test_a_calibration_is_kept_with_the_collection(mine: Path) -> None:
    write_lines(mine, [{**QUESTIONS[0], "id": str(at)} for at in range(20)])

    result = run_json(mine, "--calibrate")
    after = run_json(mine)

    chosen = result["abstention"]["chosen"]
    assert chosen["kept"] == 1.0
    assert after["abstention"]["now"] == chosen


def test_too_few_questions_calibrate_nothing(mine: Path) -> None:
    result = run("eval", mine, "--calibrate")

    assert result.exit_code == 2
    assert "needs 20 answerable questions or more, not 2" in result.output


def test_a_judge_without_answers_is_wrong_usage(rivers: Path) -> None:
    result = run("eval", rivers, "--judge")

    assert result.exit_code == 2
    assert "--judge judges answers: it needs --answers" in result.output


def test_nobody_at_the_url_is_one_sentence(rivers: Path) -> None:
    result = run("eval", rivers, "--answers", "http://127.0.0.1:9")

    assert result.exit_code == 2
    assert "http://127.0.0.1:9/healthz does not answer" in result.output


async def rate_answers() -> None:
    """What readers said of two answers about the rivers."""
    cologne = "It flows through Basel and Cologne."
    settings = read_settings()
    async with open_catalog(settings.catalog_url) as catalog:
        collection = await get_collection(catalog, settings.collection)
        (source,) = [
            one.source
            async for one in each_document(catalog, collection)
            if one.source.endswith("rhine.md")
        ]
        start, name = 9, collection.name
        quote = Quote(name, "gone", source, start, start + len(cologne), cologne)
        answer = replace(ANSWER, text=f"{cologne} [1]", collections=(name,), quotes=(quote,))
        await rate(catalog, Thumb("a", "", "up", None), answer)
        down = replace(answer, query="How long is it?", outcome="insufficient", quotes=())
        await rate(catalog, Thumb("b", "", "down", "865 km\tat Basel"), down)


def test_feedback_is_evaluated_and_its_file_too(mine: Path, tmp_path: Path) -> None:
    assert mine
    none = run("eval", "--from-feedback")
    asyncio.run(rate_answers())
    file = tmp_path / f"rated-{time.monotonic_ns()}.jsonl"

    told = run("eval", "--from-feedback")
    result = run_json("--from-feedback")
    written = run_json("--from-feedback", "--export", file)
    again = run_json(file)

    assert (none.exit_code, "there is no feedback on collection" in none.output) == (2, True)
    assert "865 km at Basel (insufficient)" in told.stdout
    assert (result["layout"], result["questions"], result["judged"]) == ("feedback", 2, 1)
    assert result["metrics"]["passage_recall@1"] == 1.0
    assert result["compared"]["same"]
    assert result["feedback"]["rated_down"][0]["id"] == "b"
    assert (written["questions"], written["judged"], written["down"]) == (2, 1, 1)
    assert again["metrics"]["passage_recall@1"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give a DATASET, or --from-feedback"),
        (("here", "--from-feedback"), "not both"),
        (("here", "--export", "there"), "--export writes the questions of --from-feedback"),
        (("--from-feedback", "--collection", "none"), "no collection 'none'"),
    ],
)
def test_questions_are_of_one_kind(home: Path, arguments: tuple[str, ...], said: str) -> None:
    assert home

    result = run("eval", *arguments)

    assert (result.exit_code, said in result.output) == (2, True)
