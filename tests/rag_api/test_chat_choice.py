from pathlib import Path

import pytest
from langchain.chat_models.base import _BUILTIN_PROVIDERS
from pydantic import SecretStr

from rag_api.chat import open_chat
from rag_api.chat.choice import (
    DEFAULT_MODEL,
    LANGCHAIN_PROVIDERS,
    ModelChoice,
    ModelSettings,
    choose_model,
    fallback_model,
    main_model,
)
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
    assert choose_model(main_model(settings(**values))) == choice


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
        choose_model(main_model(settings(**values)))


def test_our_providers_are_those_of_langchain_but_for_openai() -> None:
    assert set(_BUILTIN_PROVIDERS) - {"openai"} == LANGCHAIN_PROVIDERS


def fallback(**values: str) -> ModelSettings:
    found = fallback_model(settings(**KEY, **SERVER, CHAT_FALLBACK_MODEL="small", **values))
    assert found is not None
    return found


def test_a_fallback_is_asked_at_the_same_server_with_the_same_key() -> None:
    found = fallback()

    assert (found.name, found.base_url) == ("small", SERVER["OPENAI_BASE_URL"])
    assert found.api_key == SecretStr("sk-x")


def test_a_fallback_may_have_a_key_of_its_own() -> None:
    assert fallback(CHAT_FALLBACK_API_KEY="sk-y").api_key == SecretStr("sk-y")


@pytest.mark.parametrize("given", [{}, {"CHAT_FALLBACK_API_KEY": "sk-y"}])
def test_another_server_never_gets_the_key_of_the_first(given: dict[str, str]) -> None:
    found = fallback(CHAT_FALLBACK_BASE_URL="http://other/v1", **given)

    assert found.base_url == "http://other/v1"
    assert (found.api_key is not None) == bool(given)
    assert found.api_key != SecretStr("sk-x")


def test_there_is_no_fallback_unless_one_is_named() -> None:
    assert fallback_model(settings(**KEY)) is None


@pytest.mark.parametrize("name", ["CHAT_FALLBACK_BASE_URL", "CHAT_FALLBACK_API_KEY"])
def test_a_fallback_without_a_name_is_a_fault_of_the_settings(name: str) -> None:
    with pytest.raises(ConfigurationError, match="need CHAT_FALLBACK_MODEL"):
        fallback_model(settings(**{name: "http://other/v1"}))


def test_a_fault_of_the_fallback_names_its_setting() -> None:
    wanted = ModelSettings("CHAT_FALLBACK_MODEL", "small", None, None)

    with pytest.raises(ConfigurationError, match="CHAT_FALLBACK_MODEL='small' needs"):
        choose_model(wanted)
