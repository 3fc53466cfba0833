"""How passages are found for a question: the object `retrieval` of every request."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rag_api.texts import Name, read_json
from rag_core.filters import Filter

_MOST_COLLECTIONS = 16
_MAX_WEIGHT = 100.0

_Weight = Annotated[float, Field(gt=0, le=_MAX_WEIGHT, allow_inf_nan=False)]


class RetrievalOptions(BaseModel):
    """How passages are found; whatever is left out is as usual."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    collections: (
        Annotated[dict[Name, _Weight], Field(min_length=1, max_length=_MOST_COLLECTIONS)] | None
    ) = Field(
        None,
        description="Several collections to search at once, each with its weight: a passage's "
        "`fused_score` times the weight of its collection is what it is ranked by. In place of "
        "`collection`.",
    )
    filter: Filter | None = Field(
        None,
        description="Search only documents of which this holds, such as "
        '`{"type": "gte", "key": "metadata.year", "value": 2020}`.',
    )
    rewrite: Literal["auto", "never"] = Field(
        "auto",
        description="Whether a question that needs the turns before it is searched in whole words: "
        "as the chat model writes it, or with the names of those turns when there is none.",
    )
    variants: int = Field(
        1,
        ge=1,
        le=4,
        strict=True,
        description="How many wordings of the question are searched together, the first included; "
        "the others are written by the chat model, which must be there.",
    )
    abstain: bool = Field(
        default=False,
        strict=True,
        description="Whether the chat model is left unasked when no passage has the least score; "
        "else it is asked, and told that the passages fit badly.",
    )
    hyde: bool = Field(
        default=False,
        strict=True,
        description="Whether a passage that the chat model makes up for the question is searched "
        "along with it; there must be a chat model.",
    )
    rerank: bool = Field(
        default=True,
        strict=True,
        description="Whether the reranker orders the passages; none does when none is configured.",
    )
    diversity: float = Field(
        0.0,
        strict=True,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="How much it counts that a passage is unlike those before it, against how well "
        "it fits (maximal marginal relevance): from 0, not at all.",
    )


AS_USUAL = RetrievalOptions()

Retrieval = Annotated[
    RetrievalOptions, Field(description="How passages are found; may be left out.")
]
RetrievalText = Annotated[
    RetrievalOptions,
    BeforeValidator(read_json, json_schema_input_type=str),
    Field(description="The same object as JSON text."),
]
