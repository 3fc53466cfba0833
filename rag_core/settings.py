"""The environment, or a `.env` file, as one frozen Settings; line for line with `.env.example`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag_core.errors import ConfigurationError


class Settings(BaseSettings):
    """What two deployments differ in; everything else is a constant beside its use."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    # Where things are
    home: Path = Field(Path("data/store"), alias="RAG_HOME")
    """All local state: catalog, vectors, lexical index, models made from their weights."""
    host: str = Field("127.0.0.1", alias="RAG_HOST")
    port: int = Field(8000, alias="RAG_PORT", ge=0, le=65535)
    public_url: str | None = Field(None, alias="RAG_PUBLIC_URL")
    """What the URLs in citations begin with; the address of each request when not set."""
    collection: str = Field("default", alias="RAG_COLLECTION", min_length=1)
    """The collection that is meant when none is named."""
    api_key: SecretStr | None = Field(None, alias="RAG_API_KEY")
    """Callers of the API must send it as `Authorization: Bearer …`; open when not set."""
    demo_key: SecretStr | None = Field(None, alias="RAG_DEMO_KEY")
    """The key that the page at `/demo` asks the API with, for whoever opens it; visitors type
    theirs when not set."""
    allowed_hosts: str | None = Field(None, alias="RAG_ALLOWED_HOSTS")
    """More host names that `/mcp` answers for, besides local ones and RAG_PUBLIC_URL's, and whose
    pages may call it, and `/demo` with RAG_DEMO_KEY; separated by commas. `*` allows all."""
    max_answers: int = Field(1000, alias="RAG_MAX_ANSWERS", ge=1)
    """How many questions are answered at once; as many more wait for their turn."""
    drain_seconds: float = Field(20.0, alias="RAG_DRAIN_SECONDS", ge=0)
    """How long answers in progress may go on after SIGTERM."""
    max_upload_mb: int = Field(512, alias="RAG_MAX_UPLOAD_MB", ge=1)
    """Of all files in one request to `POST /v1/documents` together, in MiB."""
    keep_originals: bool = Field(default=True, alias="RAG_KEEP_ORIGINALS")
    """Whether uploaded PDFs are kept with their documents, so that their pages can be shown."""
    worker: bool = Field(default=True, alias="RAG_WORKER")
    """Whether `rag-api serve` starts an `ingest worker` beside it, for what is uploaded."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="RAG_LOG_LEVEL")

    # The catalog
    database_url: str | None = Field(None, alias="DATABASE_URL")
    """`postgresql://user:password@host/name`; SQLite in `RAG_HOME` when not set."""

    # The vector index
    chroma_url: str | None = Field(None, alias="CHROMA_URL")
    """A Chroma server to use; one of our own in `RAG_HOME` when not set."""
    chroma_token: SecretStr | None = Field(None, alias="CHROMA_TOKEN")
    """Sent as `Authorization: Bearer …` to `CHROMA_URL`."""
    chroma_tenant: str = Field("default_tenant", alias="CHROMA_TENANT")
    chroma_database: str = Field("default_database", alias="CHROMA_DATABASE")

    # The embedding model
    embedding_model: str = Field("local", alias="EMBEDDING_MODEL")
    """`local` (MiniLM), a folder with the same kind of files, `openai:NAME` for a model behind
    OPENAI_BASE_URL, or `langchain:package.module.Class` for a LangChain Embeddings class."""
    embedding_precision: Literal["int8", "fp32"] = Field("int8", alias="EMBEDDING_PRECISION")
    """Of the local model: int8 is twice as fast, fp32 exact."""
    embedding_price_per_million: float | None = Field(
        None, alias="EMBEDDING_PRICE_PER_MILLION", ge=0, allow_inf_nan=False
    )
    """Of a million tokens, in your currency: what `ingest sync --dry-run` reckons with."""

    # The reranker
    rerank_model: str | None = Field(None, alias="RERANK_MODEL")
    """A folder with an ONNX cross-encoder, its name on the Hugging Face hub, or, with RERANK_URL,
    what that server calls it; no reranking when neither is set."""
    rerank_url: str | None = Field(None, alias="RERANK_URL")
    """An endpoint `…/rerank` as Cohere, Jina and TEI have it."""
    rerank_api_key: SecretStr | None = Field(None, alias="RERANK_API_KEY")
    """Sent as `Authorization: Bearer …` to RERANK_URL."""
    rerank_candidates: int = Field(50, alias="RERANK_CANDIDATES", ge=1, le=1000)
    """How many passages it is given to order."""
    rerank_timeout_seconds: float = Field(
        5.0, alias="RERANK_TIMEOUT_SECONDS", gt=0, allow_inf_nan=False
    )
    """How long it may take; after that the passages stay in the order of the search."""

    # The chat model
    openai_api_key: SecretStr | None = Field(None, alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(None, alias="OPENAI_BASE_URL")
    chat_model: str | None = Field(None, alias="CHAT_MODEL")
    """A model's name at the OpenAI-compatible server, `provider:model` for LangChain, or
    `extractive`, which is also the choice when neither a key nor a base URL is set."""
    chat_models: str | None = Field(None, alias="CHAT_MODELS")
    """More chat models, by whose names a question may ask for one; separated by commas, each
    written as CHAT_MODEL is, and behind the same server."""
    chat_fallback_model: str | None = Field(None, alias="CHAT_FALLBACK_MODEL")
    """Answers when the chat model fails; written as CHAT_MODEL is."""
    chat_fallback_base_url: str | None = Field(None, alias="CHAT_FALLBACK_BASE_URL")
    """Its OpenAI-compatible server, when that is another one than OPENAI_BASE_URL."""
    chat_fallback_api_key: SecretStr | None = Field(None, alias="CHAT_FALLBACK_API_KEY")
    """Its key; OPENAI_API_KEY when not set, but that is never sent to another server."""
    chat_first_token_seconds: float = Field(60.0, alias="CHAT_FIRST_TOKEN_SECONDS", gt=0)
    """How long the model may take until its first token."""
    chat_next_token_seconds: float = Field(30.0, alias="CHAT_NEXT_TOKEN_SECONDS", gt=0)
    """How long the model may be silent between two tokens."""
    chat_context_tokens: int = Field(8192, alias="CHAT_CONTEXT_TOKENS", ge=1024)
    """Of prompt and answer together, by the model's own limit."""
    chat_tokenizer: Path | None = Field(None, alias="CHAT_TOKENIZER")
    """The chat model's own `tokenizer.json`, to count by when it is none of OpenAI's."""
    tiktoken_cache_dir: Path | None = Field(None, alias="TIKTOKEN_CACHE_DIR")
    """Where tiktoken's rank files lie; without them tokens are estimated."""

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("openai_base_url", "chat_fallback_base_url", "rerank_url")
    @classmethod
    def _without_credentials(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if url is not None and (parts.scheme not in ("http", "https") or parts.username):
            raise ValueError("must look like http://host/v1; a key has a setting of its own")
        return url

    @property
    def catalog_url(self) -> str:
        """The SQL database that holds the catalog."""
        return self.database_url or f"sqlite:///{self.home / 'catalog.sqlite3'}"


def read_settings() -> Settings:
    """Read the environment and `.env`.

    Raises:
        ConfigurationError: a value does not fit; names each variable and its fault.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = (
            f"{fault['loc'][0]}{_shown(fault['input'])}: {fault['msg']}" for fault in error.errors()
        )
        # Not "from" it: a validation error prints the value, which may hold a password.
        raise ConfigurationError(f"settings: {'; '.join(faults)}") from None


def _shown(value: object) -> str:
    return "" if "@" in str(value) else f"={value!r}"
