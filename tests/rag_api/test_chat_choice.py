from pathlib import Path

import pytest
from langchain.chat_models.base import _BUILTIN_PROVIDERS

from rag_api.chat import open_chat
from rag_api.chat.choice import DEFAULT_MODEL, LANGCHAIN_PROVIDERS, ModelChoice, choose_model
from rag_core.errors import ConfigurationError
from rag_core.settings import Settings

KEY = {"OPENAI_API_KEY": "sk-x"}
SERVER = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}


def settings(**values: str) -> Settings:
    return Settings(RAG_HOME=Path("unused"), _env_file=None, **values)


@pytest.mark.parametrize(
    "values", [{}, {"CHAT_MODEL": "extractive"}, KEY | {"CHAT_MODEL": "extractive"}]
)
async def test_without_a_key_or_by_its_name_the_answers_are_extractive(
    values: dict[str, str],
) -> None:
    async with open_chat(settings(**values)) as chat:
        assert chat is None


@pytest.mark.parametrize(
    ("values", "choice"),
    [
        (KEY, ModelChoice("openai", DEFAULT_MODEL)),
        (KEY | {"CHAT_MODEL": "gpt-x"}, ModelChoice("openai", "gpt-x")),
        (KEY | {"CHAT_MODEL": "openai:gpt-x"}, ModelChoice("openai", "gpt-x")),
        (KEY | {"CHAT_MODEL": "ft:gpt-x:me"}, ModelChoice("openai", "ft:gpt-x:me")),
        (SERVER | {"CHAT_MODEL": "llama3.2:3b"}, ModelChoice("openai", "llama3.2:3b")),
        ({"CHAT_MODEL": "anthropic:claude"}, ModelChoice("langchain", "anthropic:claude")),
        (SERVER | {"CHAT_MODEL": "ollama:a:b"}, ModelChoice("langchain", "ollama:a:b")),
    ],
)
def test_a_colon_names_a_provider_only_when_there_is_one(
    values: dict[str, str], choice: ModelChoice
) -> None:
    assert choose_model(settings(**values)) == choice


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"CHAT_MODEL": "gpt-x"}, "needs OPENAI_API_KEY"),
        (KEY | {"CHAT_MODEL": "antropic:claude"}, "no provider 'antropic'; write NAME .*anthropic"),
        ({"CHAT_MODEL": "anthropic:"}, "names no model"),
    ],
)
def test_a_model_that_cannot_be_meant_is_told_how_to_be_written(
    values: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        choose_model(settings(**values))


def test_our_providers_are_those_of_langchain_but_for_openai() -> None:
    assert set(_BUILTIN_PROVIDERS) - {"openai"} == LANGCHAIN_PROVIDERS
