from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest

from ingest.cluster import tasks
from ingest.cluster.tasks import FILE, TEXTS, Job, embed_texts, parse_files, read_vectors
from rag_core.documents import DEFAULT_SPLITTING
from tests.embeddings import word_vectors

FINGERPRINT = "langchain/tests.embeddings.WordEmbeddings(words)/64"
JOB = Job(FINGERPRINT, DEFAULT_SPLITTING)


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """As the environment of a worker is; its temporary folder is ours."""
    monkeypatch.setenv("EMBEDDING_MODEL", "langchain:tests.embeddings.WordEmbeddings")
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tasks._the_worker.cache_clear()
    yield
    if tasks._the_worker.cache_info().currsize:
        tasks._the_worker(JOB).close()
        tasks._the_worker.cache_clear()


def file(content: bytes, name: str = "a.md") -> pa.Table:
    row = {"number": 3, "key": "k", "name": name, "source": f"/there/{name}", "content": content}
    return pa.Table.from_pylist([row], FILE)


def texts(*texts: str) -> pa.Table:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return pa.Table.from_pylist([{"number": 5, "key": "k", "texts": encoded}], TEXTS)


def test_a_file_is_parsed_and_cut_under_the_name_that_it_has_elsewhere() -> None:
    (row,) = parse_files(file(b"# Rhine\n\nA river.\n"), JOB).to_pylist()

    answer = orjson.loads(row["answer"])["answer"]
    assert (row["number"], row["error"]) == (3, None)
    assert answer["document"]["source"] == "/there/a.md"
    assert answer["size_bytes"] == 18
    assert len(answer["cuts"]) == 1


def test_a_file_that_cannot_be_parsed_is_an_answer() -> None:
    (row,) = parse_files(file(b"%PDF-1.7 garbage", "a.pdf"), JOB).to_pylist()

    assert orjson.loads(row["answer"])["answer"]["error"] == "UnreadableDocumentError"


def test_texts_become_vectors_in_their_order_half_characters_too() -> None:
    (row,) = embed_texts(texts("one \ud800", "two"), JOB).to_pylist()

    vectors = read_vectors(row["answer"], 2)
    assert row["number"] == 5
    np.testing.assert_allclose(3 * vectors, word_vectors(["one \ud800", "two"]), atol=1e-5)


def test_a_worker_with_another_model_does_nothing_and_says_so() -> None:
    job = Job("local/other/384", DEFAULT_SPLITTING)

    (row,) = embed_texts(texts("one"), job).to_pylist()

    assert (row["answer"], row["error"]) == (None, "ConfigurationError")
    assert FINGERPRINT in row["detail"]
    assert "local/other/384" in row["detail"]


def test_a_file_that_has_killed_its_workers_is_given_up(tmp_path: Path) -> None:
    mark = tmp_path / "ingest-k"
    mark.write_bytes(b"...")

    (row,) = parse_files(file(b"# Rhine\n\nA river."), JOB).to_pylist()

    assert (row["error"], mark.exists()) == ("UnavailableDocumentError", False)
    assert "3 workers died" in row["detail"]


def test_a_worker_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    parse_files(file(b"# Rhine\n\nA river."), JOB)

    assert not list(tmp_path.glob("ingest-*"))
