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
    if name is None:
        return ModelChoice("openai", DEFAULT_MODEL) if _has_server(settings) else None
    if name == EXTRACTIVE:
        return None
    provider, _, rest = name.partition(":")
    if provider not in LANGCHAIN_PROVIDERS | {_OPENAI} or ":" not in name:
        _need_meaning(name, settings)
        return ModelChoice("openai", name)
    if not rest:
        raise ConfigurationError(f"CHAT_MODEL={name!r} names no model; {_how_to_write()}")
    if provider != _OPENAI:
        return ModelChoice("langchain", name)
    _need_meaning(rest, settings)
    return ModelChoice("openai", rest)


def _has_server(settings: Settings) -> bool:
    return settings.openai_api_key is not None or settings.openai_base_url is not None


def _need_meaning(name: str, settings: Settings) -> None:
    """Refuse a name that no OpenAI-compatible server of these settings can know."""
    provider, colon, _ = name.partition(":")
    if colon and provider != _FINE_TUNED and settings.openai_base_url is None:
        raise ConfigurationError(
            f"CHAT_MODEL={name!r}: no provider {provider!r}; {_how_to_write()}"
        )
    if not _has_server(settings):
        raise ConfigurationError(
            f"CHAT_MODEL={name!r} needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your "
            f"own; {_how_to_write()}"
        )


def _how_to_write() -> str:
    return (
        "write NAME for a model behind OPENAI_BASE_URL, openai:NAME for one of OpenAI's, "
        f"'{EXTRACTIVE}' for none, or PROVIDER:NAME with one of "
        f"{', '.join(sorted(LANGCHAIN_PROVIDERS))}"
    )
