"""`POST /v1/feedback`: what readers think of an answer."""

from __future__ import annotations

from fastapi import APIRouter

from rag_api.answer_errors import AnswerNotFoundError
from rag_api.feedback import FeedbackRequest, FeedbackView
from rag_api.parts import Parts
from rag_api.ratings import read_copy, read_run
from rag_api.routes.access import OurParts
from rag_api.routes.described import native_errors
from rag_api.routes.retrieval import check_length
from rag_core.catalog.feedback import RatedAnswer, Thumb

router = APIRouter(tags=["answers"])

_PREFIXES = ("chatcmpl-", "resp_", "msg_")
"""What the other protocols put before a run's id."""
_SEND_IT = "send it along as `answer`, as you got it"


@router.post("/v1/feedback", responses=native_errors(400, 401, 404, 413, 422, 500, 503))
async def rate_answer(given: FeedbackRequest, parts: OurParts) -> FeedbackView:
    """Rate an answer, up or down, with a comment or without.

    Whoever rates it again has changed their mind: the new rating and comment replace those before,
    and `null` withdraws them with all that was kept of the answer. For five minutes after its end
    the id of the answer is enough, and after that for an answer that was rated before; else send
    the answer along. `ingest eval --from-feedback` makes questions of it.
    """
    if given.answer is not None:
        check_length(given.answer.question)
    answer_id = _strip(given.answer_id)
    comment = given.comment if given.comment and given.comment.strip() else None
    if given.rating is None:
        await parts.ratings.withdraw(answer_id, rated_by=given.user)
        return FeedbackView(answer_id=answer_id, user=given.user, rating=None, comment=None)
    thumb = Thumb(answer_id, given.user, given.rating, comment)
    if not await parts.ratings.rate(thumb, _find_answer(answer_id, given, parts)):
        raise AnswerNotFoundError(given.answer_id, instead=_SEND_IT)
    return FeedbackView(answer_id=answer_id, user=given.user, rating=given.rating, comment=comment)


def _find_answer(answer_id: str, given: FeedbackRequest, parts: Parts) -> RatedAnswer | None:
    """As we have it; else as the caller says; None when neither knows it."""
    try:
        known = read_run(parts.runs.find(answer_id))
    except AnswerNotFoundError:
        known = None
    if known is None and given.answer is not None:
        return read_copy(given.answer)
    return known


def _strip(answer_id: str) -> str:
    for prefix in _PREFIXES:
        answer_id = answer_id.removeprefix(prefix)
    return answer_id
