"""`POST /v1/stream-tokens`, and the door that opens to a token in a URL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from rag_api.answer_errors import AnswerNotFoundError
from rag_api.parts import Parts
from rag_api.requests import StreamToken
from rag_api.routes.access import Bearer, OurParts, require_key
from rag_api.routes.described import native_errors
from rag_api.routes.resume import LastEventId, read_position
from rag_api.stream_tokens import issue_token, read_token
from rag_core.errors import UnauthorizedError

router = APIRouter()

_SEND = "send 'Authorization: Bearer KEY', or '?token=' with one from POST /v1/stream-tokens"
_GET_ANOTHER = "get another from POST /v1/stream-tokens"


@router.post("/v1/stream-tokens", responses=native_errors(401, 500))
async def make_stream_token(parts: OurParts) -> StreamToken:
    """Make a token for `GET /api/ask`, since a browser's EventSource can send no key.

    It begins answers for five minutes; an answer once begun can be resumed with it after that.
    """
    key = parts.settings.api_key
    secret = "" if key is None else key.get_secret_value()
    token, expires_at = issue_token(datetime.now(UTC), key=secret)
    return StreamToken(token=token, expires_at=expires_at)


async def require_key_or_token(
    parts: OurParts,
    bearer: Bearer,
    token: Annotated[
        str | None, Query(description="From `POST /v1/stream-tokens`, in place of the key.")
    ] = None,
    last_event_id: LastEventId = None,
) -> None:
    """Let a request pass that carries the key or a token.

    The URL of an EventSource cannot change: a token that has expired still leads back to an answer.

    Raises:
        UnauthorizedError: neither is there, or it does not fit.
    """
    key = parts.settings.api_key
    if key is not None and token is not None:
        _check_token(token, key.get_secret_value(), is_known=_is_known(last_event_id, parts))
    elif key is not None and bearer is None:
        raise UnauthorizedError(f"the key is missing: {_SEND}")
    else:
        await require_key(parts, bearer)


def _check_token(token: str, key: str, *, is_known: bool) -> None:
    expires_at = read_token(token, key=key)
    if expires_at is None:
        raise UnauthorizedError(f"the token was not made with this RAG_API_KEY: {_GET_ANOTHER}")
    if expires_at <= datetime.now(UTC) and not is_known:
        raise UnauthorizedError(f"the token has expired: {_GET_ANOTHER}")


def _is_known(last_event_id: str | None, parts: Parts) -> bool:
    if last_event_id is None:
        return False
    try:
        parts.runs.find(read_position(last_event_id).run_id)
    except AnswerNotFoundError:
        return False
    return True
