"""What callers send and get when they rate an answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from rag_api.events import Outcome
from rag_api.requests import Question, read_whole_number
from rag_api.texts import Name
from rag_core.catalog.feedback import Rating
from rag_core.unicode import check_unicode

MAX_COMMENT_CHARACTERS = 4_000
_MAX_ANSWER_CHARACTERS = 100_000
_MAX_QUOTE_CHARACTERS = 20_000
"""Of a source, too."""
_MAX_CITATIONS = 200
_MAX_PASSAGES = 50
_MAX_OFFSET = (1 << 31) - 1

# Their length is checked first, or it would be told as of a list.
_Short = Annotated[Annotated[str, Field(max_length=255)], AfterValidator(check_unicode)]
_Long = Annotated[
    Annotated[str, Field(max_length=_MAX_ANSWER_CHARACTERS)], AfterValidator(check_unicode)
]
_Quote = Annotated[
    Annotated[str, Field(max_length=_MAX_QUOTE_CHARACTERS)], AfterValidator(check_unicode)
]
_Source = Annotated[
    Annotated[str, Field(min_length=1, max_length=_MAX_QUOTE_CHARACTERS)],
    AfterValidator(check_unicode),
]
_Comment = Annotated[
    Annotated[str, Field(max_length=MAX_COMMENT_CHARACTERS)], AfterValidator(check_unicode)
]
_Offset = Annotated[
    int, Field(strict=True, ge=0, le=_MAX_OFFSET), BeforeValidator(read_whole_number)
]


class _Copy(BaseModel):
    # It is what we gave, with whatever newer versions add to it.
    model_config = ConfigDict(frozen=True, extra="ignore")


class CitationCopy(_Copy):
    """A citation, as it came."""

    document_id: Name
    source: _Source
    start: _Offset
    end: _Offset
    quote: _Quote


class PassageCopy(_Copy):
    """A passage, as it came; its text is not needed."""

    collection: Name
    document_id: Name
    source: _Source
    start: _Offset
    end: _Offset
    fused_score: float = Field(strict=True, allow_inf_nan=False)


class AnswerCopy(_Copy):
    """An answer as `POST /v1/answers` gave it; of its members these are read."""

    question: Question
    query: _Long | None = Field(None, description="The question, when left out.")
    collection: Name
    answer: _Long
    outcome: Outcome
    model: _Short
    citations: tuple[CitationCopy, ...] = Field(max_length=_MAX_CITATIONS)
    passages: tuple[PassageCopy, ...] = Field((), max_length=_MAX_PASSAGES)


class FeedbackRequest(BaseModel):
    """What somebody thinks of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer_id: str = Field(
        pattern=r"^[A-Za-z0-9_-]{1,255}$",
        description="`X-Answer-Id` or `id` of the answer, in whichever protocol it came.",
    )
    rating: Rating | None = Field(description="Null withdraws what was said before.")
    comment: _Comment | None = Field(
        None, description="Replaces the comment before, also when it is left out."
    )
    user: _Short = Field(
        "",
        description="Who rates, by a name of your own, where several people read one answer: each "
        "has a rating of their own.",
    )
    answer: AnswerCopy | None = Field(
        None,
        description="The answer as you got it, for when the server has it no more, five minutes "
        "after its end. It is marked as unverified.",
    )


class FeedbackView(BaseModel):
    """What is kept now."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    answer_id: str = Field(description="Without what a protocol puts before it.")
    user: str
    rating: Rating | None = Field(description="Null: nothing is kept.")
    comment: str | None
