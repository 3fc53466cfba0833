from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from rag_api.answer import Answerer, ExtractiveAnswerer, ModelAnswerer, check_question
from rag_api.answerers import open_answerer, open_others
from rag_api.extractive import CHOSEN, MODEL, MODEL_FAILED, NO_MODEL
from rag_core.embedding.model import find_model
from rag_core.errors import ConfigurationError
from rag_core.settings import Settings
from tests.fakes import WordEmbedder

SERVER = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "CHAT_MODEL": "tiny"}


async def opened(**values: str) -> Answerer:
    """What these settings open; closed again."""
    async with AsyncExitStack() as stack:
        settings = Settings(_env_file=None, **values)
        return await stack.enter_async_context(open_answerer(settings, WordEmbedder()))


@pytest.mark.parametrize(("values", "why"), [({}, NO_MODEL), ({"CHAT_MODEL": MODEL}, CHOSEN)])
async def test_without_a_model_the_answerer_is_extractive_and_knows_why(
    values: dict[str, str], why: str
) -> None:
    answerer = await opened(**values)

    check_question("Well?", answerer=answerer)
    assert isinstance(answerer, ExtractiveAnswerer)
    assert (answerer.model, answerer.why) == ("extractive", why)


async def test_with_a_server_the_answerer_asks_its_model_and_falls_back_on_nothing() -> None:
    answerer = await opened(**SERVER)

    assert isinstance(answerer, ModelAnswerer)
    assert (answerer.model, answerer.fallback) == ("tiny", None)


async def test_the_models_own_tokenizer_counts_for_it_and_not_for_the_fallback() -> None:
    file = find_model("local").tokenizer

    answerer = await opened(**SERVER, CHAT_TOKENIZER=str(file), CHAT_FALLBACK_MODEL="small")

    assert isinstance(answerer, ModelAnswerer)
    assert isinstance(answerer.fallback, ModelAnswerer)
    assert answerer.counter.name == f"file:{file}"
    assert answerer.fallback.counter.name == "estimate"


async def test_a_tokenizer_that_is_none_is_named() -> None:
    with pytest.raises(ConfigurationError, match="/nowhere"):
        await opened(**SERVER, CHAT_TOKENIZER="/nowhere/tokenizer.json")


async def test_a_fallback_is_opened_beside_the_model() -> None:
    answerer = await opened(**SERVER, CHAT_FALLBACK_MODEL="small")

    assert isinstance(answerer, ModelAnswerer)
    assert isinstance(answerer.fallback, ModelAnswerer)
    assert answerer.fallback.model == "small"


async def test_an_extractive_fallback_says_that_the_model_failed() -> None:
    answerer = await opened(**SERVER, CHAT_FALLBACK_MODEL="extractive")

    assert isinstance(answerer, ModelAnswerer)
    assert isinstance(answerer.fallback, ExtractiveAnswerer)
    assert answerer.fallback.why == MODEL_FAILED


async def test_the_extractive_answerer_needs_no_fallback() -> None:
    assert isinstance(await opened(CHAT_FALLBACK_MODEL="extractive"), ExtractiveAnswerer)


async def test_a_fallback_that_cannot_be_meant_is_a_fault_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"CHAT_FALLBACK_MODEL='anthropic:' names no"):
        await opened(**SERVER, CHAT_FALLBACK_MODEL="anthropic:")


async def test_models_to_choose_from_are_opened_once_each_with_the_same_fallback() -> None:
    values = {"CHAT_MODELS": "large, tiny,,extractive", "CHAT_FALLBACK_MODEL": "small"}
    settings = Settings(_env_file=None, **SERVER, **values)
    async with (
        open_answerer(settings, WordEmbedder()) as first,
        open_others(settings, WordEmbedder(), first) as others,
    ):
        large, extractive = others["large"], others["extractive"]

    assert list(others) == ["large", "extractive"]
    assert isinstance(first, ModelAnswerer)
    assert isinstance(large, ModelAnswerer)
    assert large.fallback == first.fallback
    assert isinstance(extractive, ExtractiveAnswerer)
    assert extractive.why == CHOSEN
