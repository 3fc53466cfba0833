from __future__ import annotations

import asyncio
import math
from pathlib import Path
from types import ModuleType

import pytest

from rag_core.errors import ConfigurationError, MissingPackageError
from rag_core.rerank import open_reranker
from rag_core.settings import Settings
from tests.cross_encoder import write_cross_encoder

TEXTS = ["a blue dog", "the red cat runs", "", "red"]


def settings_for(home: Path, model: Path | str) -> Settings:
    return Settings(_env_file=None, RAG_HOME=home, RERANK_MODEL=str(model))


async def score(
    home: Path, model: Path, query: str = "red cat", texts: list[str] = TEXTS
) -> list[float]:
    async with open_reranker(settings_for(home, model)) as reranker:
        assert reranker is not None
        return await reranker.rerank(query, texts)


async def test_each_text_gets_the_models_own_score_in_its_place(tmp_path: Path) -> None:
    model = write_cross_encoder(tmp_path / "tiny")

    scores = await score(tmp_path, model)

    assert scores == pytest.approx([1 / (1 + math.exp(-shared)) for shared in (0, 2, 0, 1)])


@pytest.mark.parametrize("labels", [1, 2])
async def test_of_two_labels_the_second_says_how_well_it_fits(tmp_path: Path, labels: int) -> None:
    model = write_cross_encoder(tmp_path / "tiny", labels=labels)

    assert await score(tmp_path, model) == pytest.approx([0.5, 0.8808, 0.5, 0.7311], abs=1e-4)


async def test_a_model_laid_out_as_on_the_hub_is_found(tmp_path: Path) -> None:
    model = write_cross_encoder(tmp_path / "tiny", inside="onnx")

    assert max(await score(tmp_path, model)) > 0.8


async def test_many_texts_and_calls_at_the_same_time_keep_their_places(tmp_path: Path) -> None:
    async with open_reranker(settings_for(tmp_path, write_cross_encoder(tmp_path / "m"))) as one:
        assert one is not None
        assert one.name == "m"
        texts = ["cat" if place % 3 else "dog" for place in range(100)]
        first, second = await asyncio.gather(one.rerank("dog", texts), one.rerank("cat", texts))

    assert [value > 0.6 for value in first] == [place % 3 == 0 for place in range(100)]
    assert [value > 0.6 for value in second] == [place % 3 != 0 for place in range(100)]


@pytest.mark.parametrize("query", ["cat " * 10_000, "\ud800", "\0", ""])
async def test_a_hostile_query_or_text_gets_a_score(tmp_path: Path, query: str) -> None:
    model = write_cross_encoder(tmp_path / "tiny")

    scores = await score(tmp_path, model, query, [query, "cat " * 10_000])

    assert all(0 <= one <= 1 for one in scores)


async def test_logits_of_any_size_are_squashed(tmp_path: Path) -> None:
    model = write_cross_encoder(tmp_path / "tiny", factor=-1e30)

    assert await score(tmp_path, model) == pytest.approx([0.5, 0.0, 0.5, 0.0])


async def test_nothing_set_is_no_reranker(tmp_path: Path) -> None:
    async with open_reranker(Settings(_env_file=None, RAG_HOME=tmp_path)) as reranker:
        assert reranker is None


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("model.onnx", "holds no model.onnx or onnx/model.onnx"),
        ("tokenizer.json", "holds no tokenizer.json"),
    ],
)
async def test_a_missing_file_is_named(tmp_path: Path, missing: str, said: str) -> None:
    model = write_cross_encoder(tmp_path / "tiny")
    (model / missing).unlink()

    with pytest.raises(ConfigurationError, match=said):
        await score(tmp_path, model)


@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json"])
async def test_a_broken_file_is_named(tmp_path: Path, broken: str) -> None:
    model = write_cross_encoder(tmp_path / "tiny")
    (model / broken).write_bytes(b"\x00garbage")

    with pytest.raises(ConfigurationError, match=broken):
        await score(tmp_path, model)


async def test_a_model_that_scores_no_pairs_is_refused(tmp_path: Path) -> None:
    model = write_cross_encoder(tmp_path / "tiny", labels=3)

    with pytest.raises(ConfigurationError, match="gives 3 numbers"):
        await score(tmp_path, model)


async def test_without_a_config_the_usual_length_is_read(tmp_path: Path) -> None:
    model = write_cross_encoder(tmp_path / "tiny")
    (model / "config.json").write_text("[")

    scores = await score(tmp_path, model, "red", ["cat " * 100 + "red"])

    assert scores[0] > 0.6


@pytest.mark.parametrize("name", ["no-such-folder", "/nowhere/at/all", "a/b/c", "../no-such-x"])
async def test_what_is_neither_folder_nor_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="no folder, and no name"):
        await score(tmp_path, Path(name))


async def test_a_name_without_the_package_that_fetches_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> ModuleType:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr("rag_core.rerank.files.import_module", absent)

    with pytest.raises(MissingPackageError, match="pip install huggingface-hub"):
        await score(tmp_path, Path("owner/model"))


async def test_a_key_without_a_server_is_a_mistake(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, RAG_HOME=tmp_path, RERANK_API_KEY="secret")

    with pytest.raises(ConfigurationError, match="RERANK_URL"):
        async with open_reranker(settings):
            pass
