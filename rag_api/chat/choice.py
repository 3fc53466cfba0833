"""CHAT_MODEL, the key and the base URL → which program speaks to which model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rag_core.errors import ConfigurationError
from rag_core.settings import Settings

DEFAULT_MODEL = "gpt-5-mini"
"""Asked when there is a key and no CHAT_MODEL: cheap, and follows the rules about citations."""
EXTRACTIVE = "extractive"

_OPENAI = "openai"
_FINE_TUNED = "ft"

# What LangChain's init_chat_model knows, but for openai, which has our own fast path. Copied, as
# importing LangChain to read it takes a second; a test holds it equal.
# fmt: off
LANGCHAIN_PROVIDERS = frozenset(
    (
        "anthropic", "anthropic_bedrock", "azure_ai", "azure_openai", "baseten", "bedrock",
        "bedrock_converse", "bedrock_mantle_anthropic", "bedrock_mantle_openai", "cohere",
        "deepseek", "fireworks", "google_anthropic_vertex", "google_genai", "google_vertexai",
        "groq", "huggingface", "ibm", "langsmith", "litellm", "meta", "mistralai", "nvidia",
        "ollama", "openrouter", "perplexity", "together", "upstage", "xai",
    )
)
# fmt: on


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A chat model and the library that speaks to it."""

    library: Literal["openai", "langchain"]
    model: str
    """As the library wants it: with its provider for LangChain."""


def choose_model(settings: Settings) -> ModelChoice | None:
    """Read CHAT_MODEL; None means that no model is asked (the extractive answerer).

    A colon is ambiguous: `anthropic:NAME` names a provider, `llama3.2:3b` a version. It names a
    provider exactly when LangChain knows one of this name.

    Raises:
        ConfigurationError: the model cannot be meant as it is written.
    """
    name = settings.chat_model
    has_server = settings.openai_api_key is not None or settings.openai_base_url is not None
    if name == EXTRACTIVE or (name is None and not has_server):
        return None
    if name is None:
        return ModelChoice("openai", DEFAULT_MODEL)
    provider, colon, rest = name.partition(":")
    if colon and provider in LANGCHAIN_PROVIDERS:
        _need_name(name, rest)
        return ModelChoice("langchain", name)
    if colon and provider == _OPENAI:
        _need_name(name, rest)
        name = rest
    elif colon and provider != _FINE_TUNED and settings.openai_base_url is None:
        raise ConfigurationError(
            f"CHAT_MODEL={name!r}: no provider {provider!r}; {_how_to_write()}"
        )
    if not has_server:
        raise ConfigurationError(
            f"CHAT_MODEL={name!r} needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your "
            f"own; {_how_to_write()}"
        )
    return ModelChoice("openai", name)


def _need_name(written: str, rest: str) -> None:
    if not rest:
        raise ConfigurationError(f"CHAT_MODEL={written!r} names no model; {_how_to_write()}")


def _how_to_write() -> str:
    return (
        "write NAME for a model behind OPENAI_BASE_URL, openai:NAME for one of OpenAI's, "
        f"'{EXTRACTIVE}' for none, or PROVIDER:NAME with one of "
        f"{', '.join(sorted(LANGCHAIN_PROVIDERS))}"
    )
