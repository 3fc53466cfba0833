"""Real questions over real documents: how well the search does must not get worse unseen."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from ingest.cli import app

DATASET = Path(__file__).parents[2] / "shared" / "data" / "beir" / "xquad_en"
MINIMUMS = ("ndcg@10=0.96", "recall@10=0.98", "mrr@10=0.95")
"""Measured: .979, .997 and .974; some hundredths are left for what changes other sets' rank."""


@pytest.mark.skipif(not DATASET.is_dir(), reason="the evaluation data is not there")
def test_the_search_is_as_good_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_HOME", str(tmp_path))
    monkeypatch.setenv("EMBEDDING_MODEL", "local")
    monkeypatch.chdir(tmp_path)
    minimums = [word for least in MINIMUMS for word in ("--min", least)]

    result = CliRunner().invoke(app, ["eval", str(DATASET), "--limit", "300", "--json", *minimums])

    found = orjson.loads(result.stdout)
    assert (result.exit_code, found["missed"]) == (0, [])
    assert found["questions"] == 300
