"""CHAT_MODEL or CHAT_FALLBACK_MODEL, key and base URL → which library speaks to which model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

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
class ModelSettings:
    """A chat model as the settings name it, and the OpenAI-compatible server that may have it."""

    setting: str
    """The setting that names it."""
    name: str | None
    base_url: str | None
    api_key: SecretStr | None
    tokenizer: Path | None = None
    """The model's own `tokenizer.json`, when we have it."""

    @property
    def has_server(self) -> bool:
        """Whether an OpenAI-compatible server is there to be asked."""
        return self.api_key is not None or self.base_url is not None


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A chat model and the library that speaks to it."""

    library: Literal["openai", "langchain"]
    model: str
    """As the library wants it: with its provider for LangChain."""


def main_model(settings: Settings) -> ModelSettings:
    """The model that is asked first."""
    return ModelSettings(
        "CHAT_MODEL",
        settings.chat_model,
        settings.openai_base_url,
        settings.openai_api_key,
        settings.chat_tokenizer,
    )


def more_models(settings: Settings) -> list[ModelSettings]:
    """The models beside the first one that a question may ask for by name."""
    names = [name.strip() for name in (settings.chat_models or "").split(",")]
    return [
        ModelSettings("CHAT_MODELS", name, settings.openai_base_url, settings.openai_api_key)
        for name in names
        if name
    ]


def fallback_model(settings: Settings) -> ModelSettings | None:
    """The model that is asked when the first one fails; None when there is to be none.

    Raises:
        ConfigurationError: it has a server or a key, but no name.
    """
    name, key = settings.chat_fallback_model, settings.chat_fallback_api_key
    if name is None:
        if settings.chat_fallback_base_url is not None or key is not None:
            raise ConfigurationError(
                "CHAT_FALLBACK_BASE_URL and CHAT_FALLBACK_API_KEY need CHAT_FALLBACK_MODEL"
            )
        return None
    if settings.chat_fallback_base_url is not None:
        # Another server: the first one's key is none of its business.
        return ModelSettings("CHAT_FALLBACK_MODEL", name, settings.chat_fallback_base_url, key)
    key = settings.openai_api_key if key is None else key
    return ModelSettings("CHAT_FALLBACK_MODEL", name, settings.openai_base_url, key)


def choose_model(wanted: ModelSettings) -> ModelChoice | None:
    """Read a model's name; None means that no model is asked (the extractive answerer).

    A colon is ambiguous: `anthropic:NAME` names a provider, `llama3.2:3b` a version. It names a
    provider exactly when LangChain knows one of this name.

    Raises:
        ConfigurationError: the model cannot be meant as it is written.
    """
    name = wanted.name
    if name is None:
        return ModelChoice("openai", DEFAULT_MODEL) if wanted.has_server else None
    if name == EXTRACTIVE:
        return None
    provider, _, rest = name.partition(":")
    if provider not in LANGCHAIN_PROVIDERS | {_OPENAI} or ":" not in name:
        _need_meaning(name, wanted)
        return ModelChoice("openai", name)
    if not rest:
        raise ConfigurationError(f"{wanted.setting}={name!r} names no model; {_how_to_write()}")
    if provider != _OPENAI:
        return ModelChoice("langchain", name)
    _need_meaning(rest, wanted)
    return ModelChoice("openai", rest)


def _need_meaning(name: str, wanted: ModelSettings) -> None:
    """Refuse a name that no OpenAI-compatible server of these settings can know."""
    provider, colon, _ = name.partition(":")
    if colon and provider != _FINE_TUNED and wanted.base_url is None:
        raise ConfigurationError(
            f"{wanted.setting}={name!r}: no provider {provider!r}; {_how_to_write()}"
        )
    if not wanted.has_server:
        raise ConfigurationError(
            f"{wanted.setting}={name!r} needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server of "
            f"your own; {_how_to_write()}"
        )


def _how_to_write() -> str:
    return (
        "write NAME for a model behind OPENAI_BASE_URL, openai:NAME for one of OpenAI's, "
        f"'{EXTRACTIVE}' for none, or PROVIDER:NAME with one of "
        f"{', '.join(sorted(LANGCHAIN_PROVIDERS))}"
    )
