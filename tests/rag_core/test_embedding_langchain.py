from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rag_core.embedding.langchain import LangChainEmbedder, open_embedder
from rag_core.errors import ConfigurationError, EmbeddingUnavailableError, MissingPackageError
from rag_core.settings import Settings
from tests.embeddings import SlowEmbeddings


def settings_for(name: str) -> Settings:
    return Settings(_env_file=None, EMBEDDING_MODEL=f"langchain:{name}")


@pytest.mark.parametrize(
    "name", ["tests.embeddings.WordEmbeddings", "tests.embeddings:make_embeddings"]
)
async def test_a_class_or_a_factory_is_named_by_where_it_is(name: str) -> None:
    async with open_embedder(settings_for(name)) as embedder:
        assert embedder.fingerprint == f"langchain/{name}(words)/64"
        assert (await embedder.embed(["a"])).shape == (1, 64)


async def test_asynchronous_embeddings_are_called_a_few_times_at_once() -> None:
    embeddings = SlowEmbeddings()
    embedder = LangChainEmbedder(embeddings, "slow")
    await embedder.learn_dimension()

    await embedder.embed(["a"] * 500)

    assert embeddings.most == 4


@pytest.mark.parametrize(
    ("name", "package"), [("no_such_package.Class", "no-such-package"), ("nothing:make", "nothing")]
)
async def test_a_missing_package_is_named(name: str, package: str) -> None:
    with pytest.raises(MissingPackageError, match=f"'{package}'"):
        async with open_embedder(settings_for(name)):
            pass


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("tests.no_such_module.Class", "no module 'tests.no_such_module'"),
        ("tests.embeddings.NoSuchClass", "no attribute 'NoSuchClass'"),
        ("tests.embeddings.EmbeddingServer", "gives a EmbeddingServer"),
        ("tests.embeddings.make_nothing", "ValueError: set WORDS_KEY$"),
        ("WordEmbeddings", "cannot be made"),
        ("", "cannot be made"),
    ],
)
async def test_what_cannot_be_made_says_why(name: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        async with open_embedder(settings_for(name)):
            pass


async def test_a_failure_while_embedding_is_unavailability_without_its_secrets() -> None:
    async with open_embedder(settings_for("tests.embeddings.FailingEmbeddings")) as embedder:
        with pytest.raises(EmbeddingUnavailableError, match="server went away") as caught:
            await embedder.embed(["a"])

    assert "secret" not in str(caught.value)


async def test_a_module_that_fails_to_load_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fails_to_load.py").write_text("raise RuntimeError('no driver')")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ConfigurationError, match="RuntimeError: no driver"):
        async with open_embedder(settings_for("fails_to_load.Class")):
            pass

    assert "fails_to_load" not in sys.modules
