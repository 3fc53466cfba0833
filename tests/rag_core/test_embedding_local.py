from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from rag_core.embedding.local import LocalEmbedder, open_embedder
from rag_core.errors import ConfigurationError
from rag_core.settings import Settings
from rag_core.tokens import open_counter
from tests.bert import TINY, reference_vector, tiny_tensors, write_tiny_model

_CHUNK = "Retrieval finds the passages that answer a question, and the model quotes them. " * 10


def settings_for(home: Path, model: Path | str, precision: str = "int8") -> Settings:
    values = {"RAG_HOME": home, "EMBEDDING_MODEL": str(model), "EMBEDDING_PRECISION": precision}
    return Settings(_env_file=None, **values)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
async def minilm(home: Path) -> AsyncIterator[LocalEmbedder]:
    async with open_embedder(settings_for(home, "local")) as embedder:
        yield embedder


@pytest.fixture
async def tiny(tmp_path: Path) -> AsyncIterator[LocalEmbedder]:
    folder = write_tiny_model(tmp_path / "tiny")
    async with open_embedder(settings_for(tmp_path, folder, "fp32")) as embedder:
        yield embedder


async def test_related_texts_lie_closer_than_others(minilm: LocalEmbedder) -> None:
    texts = ["How do I reset my password?", "I cannot log in to my account", "The cake is baked"]

    question, related, other = await minilm.embed(texts)

    assert question @ related > 0.4
    assert question @ other < 0.2


async def test_the_fast_vectors_lie_close_to_the_exact_ones(
    minilm: LocalEmbedder, home: Path
) -> None:
    texts = ["red", _CHUNK, "def run(self): ...", "Übermäßig größer", "1,024 ÷ 768 = 4 / 3"]

    async with open_embedder(settings_for(home, "local", "fp32")) as exact:
        cosines = (await exact.embed(texts) * await minilm.embed(texts)).sum(axis=1)

    assert cosines.min() >= 0.98


async def test_the_fingerprint_names_model_weights_precision_and_dimension(
    minilm: LocalEmbedder, tiny: LocalEmbedder
) -> None:
    assert minilm.fingerprint == "local/all-MiniLM-L6-v2@53aa5117/int8.2/384"
    assert tiny.fingerprint.startswith("local/tiny@")
    assert tiny.fingerprint.endswith("/fp32/16")


async def test_a_folder_of_model_files_is_embedded_with(tiny: LocalEmbedder) -> None:
    (vector,) = await tiny.embed(["Red cats"])

    assert np.allclose(vector, reference_vector(tiny_tensors(), TINY, [2, 4, 6, 9, 3]), atol=1e-5)


async def test_a_text_longer_than_the_model_is_cut_at_its_last_position(
    tiny: LocalEmbedder,
) -> None:
    whole, longer = await tiny.embed(["cat " * (TINY.positions - 2), "cat " * 500])

    assert np.array_equal(whole, longer)


async def test_the_tokenizer_named_counts_as_the_model_does(tiny: LocalEmbedder) -> None:
    assert open_counter(tiny.tokenizer).count("Red cats run.") == 5


async def test_a_query_does_not_wait_behind_a_bulk_of_documents(minilm: LocalEmbedder) -> None:
    bulk = asyncio.create_task(minilm.embed([_CHUNK] * 400))
    await asyncio.sleep(0.1)
    begun = time.monotonic()

    await minilm.embed(["a question"])
    waited = time.monotonic() - begun

    assert not bulk.done()
    assert waited < 1.5
    bulk.cancel()
    await asyncio.gather(bulk, return_exceptions=True)


def test_a_warm_start_imports_only_what_it_needs(minilm: LocalEmbedder, home: Path) -> None:
    assert minilm.dimension == 384
    code = (
        "import asyncio, sys; from pathlib import Path; from rag_core.settings import Settings\n"
        "from rag_core.embedding import open_embedder\n"
        "async def main():\n"
        f"    async with open_embedder(Settings(RAG_HOME=Path({str(home)!r}), _env_file=None)):\n"
        "        print([name in sys.modules for name in ('onnx', 'openai', 'langchain_core')])\n"
        "asyncio.run(main())"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[False, False, False]"


async def test_starters_at_the_same_time_make_one_graph(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, write_tiny_model(tmp_path / "tiny"))

    async def start() -> np.ndarray:
        async with open_embedder(settings) as embedder:
            return await embedder.embed(["red cat"])

    first, *others = await asyncio.gather(*(start() for _ in range(4)))

    assert all(np.array_equal(first, other) for other in others)
    kept = sorted(path.suffix for path in (tmp_path / "models").iterdir())
    assert kept == [".json", ".lock", ".onnx"]


async def test_a_broken_graph_is_named(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, write_tiny_model(tmp_path / "tiny"))
    async with open_embedder(settings):
        pass
    (graph,) = (tmp_path / "models").glob("*.onnx")
    graph.write_bytes(b"no graph")

    with pytest.raises(ConfigurationError, match="delete it and start again"):
        async with open_embedder(settings):
            pass


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
async def test_a_file_of_another_kind_is_named(tmp_path: Path, name: str) -> None:
    folder = write_tiny_model(tmp_path / "tiny")
    (folder / name).write_bytes(b"something else")

    with pytest.raises(ConfigurationError, match=name):
        async with open_embedder(settings_for(tmp_path, folder)):
            pass


async def test_a_home_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")

    with pytest.raises(ConfigurationError, match="cannot be prepared"):
        async with open_embedder(settings_for(tmp_path, write_tiny_model(tmp_path / "tiny"))):
            pass
