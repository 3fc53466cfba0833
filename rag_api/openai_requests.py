"""What OpenAI's clients send to responses and embeddings; all that is not here is ignored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rag_api.requests import ChatRequestMessage, CollectionName
from rag_api.retrieval_options import AS_USUAL, Retrieval
from rag_api.texts import Text

MAX_EMBEDDED_TEXTS = 2048
MAX_EMBEDDED_CHARACTERS = 100_000
"""Of one text; more would be far past what any model reads."""

_EmbeddedText = Annotated[str, Field(min_length=1, max_length=MAX_EMBEDDED_CHARACTERS)]
_EmbeddedTexts = Annotated[
    tuple[_EmbeddedText, ...], Field(min_length=1, max_length=MAX_EMBEDDED_TEXTS)
]
_Said = Annotated[str, Field(min_length=1)]

# As OpenAI limits it.
Metadata = Annotated[
    dict[Annotated[Text, Field(max_length=64)], Annotated[Text, Field(max_length=512)]],
    Field(max_length=16),
]


class _Tolerant(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class InputItem(ChatRequestMessage):
    """A message; items of other types have no role, and are ignored."""

    role: str = ""


def _read_input(given: object) -> object:
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


def _read_texts(given: object) -> object:
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and given and not isinstance(given[0], str):
        raise ValueError(
            "must be a text or a list of texts: tokens are not taken, as only their sender knows "
            "the tokenizer (in LangChain set check_embedding_ctx_length=False)"
        )
    return given


class ResponseRequest(_Tolerant):
    """OpenAI's Responses request; `collection` and `retrieval` are ours."""

    input: Annotated[
        tuple[InputItem, ...],
        BeforeValidator(_read_input, json_schema_input_type=_Said | tuple[InputItem, ...]),
    ] = Field(description="A text, or messages: the user's last one is the question.")
    model: Text | None = Field(None, description="As in `GET /v1/models`; may be left out.")
    stream: bool | None = None
    instructions: Text | None = Field(None, description="Given back, without effect.")
    previous_response_id: Text | None = Field(
        None, description="An answer of the last minutes that the question goes on from."
    )
    max_output_tokens: int | None = None
    store: bool | None = Field(
        None, description="With `false` the answer ends when its stream is left."
    )
    metadata: Metadata | None = Field(None, description="Given back, without effect.")
    collection: CollectionName = None
    retrieval: Retrieval = AS_USUAL


class EmbeddingRequest(_Tolerant):
    """OpenAI's Embeddings request."""

    input: Annotated[
        _EmbeddedTexts,
        BeforeValidator(_read_texts, json_schema_input_type=_EmbeddedText | _EmbeddedTexts),
    ] = Field(description="A text, or a list of texts.")
    model: Text = Field(description="The embedding model's name, or `rag`.")
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(None, description="Only as many as the model has.")
