"""An error as an HTTP answer: in our shape, or in the one that the path's clients expect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request, Response

from rag_api.requests import ErrorBody
from rag_api.wire.json_line import dump_model
from rag_api.wire.openai_objects import OpenAIError, OpenAIFault
from rag_api.wire.ui_parts import write_error

RETRY_AFTER_SECONDS = 2.0
"""When it is not known better."""

_OPENAI_PATHS = ("/v1/chat/completions", "/v1/models", "/v1/responses", "/v1/embeddings")
_TEXT_PATH = "/api/chat"
_STREAM_PATH = "/api/ask"
_OPENAI_CODES = {
    "ModelNotFoundError": "model_not_found",
    "PreviousAnswerMissingError": "previous_response_not_found",
    "UnauthorizedError": "invalid_api_key",
}
_OPENAI_TYPES = {int(HTTPStatus.TOO_MANY_REQUESTS): "rate_limit_error"}


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, as a caller is told."""

    status: int
    error: str
    """The error's name."""
    detail: str
    parameter: str | None = None
    """Which field of the request is at fault."""
    retryable: bool = False
    """Whether the same request may go through later."""
    retry_after_seconds: float | None = None


def write_failure(request: Request, failure: Failure) -> Response:
    """Answer with the failure, in the shape that the path's clients expect."""
    path, status = request.url.path, failure.status
    if is_openai_path(path):
        body, media_type = dump_model(_openai_error(failure)), "application/json"
        status = _openai_status(status)
    elif path.startswith(_TEXT_PATH):
        # AI SDK shows the body as it is.
        body, media_type = failure.detail.encode("utf-8", "replace"), "text/plain"
    elif path.startswith(_STREAM_PATH):
        # fetch-event-source looks at the media type only, and takes another for a broken network.
        body, media_type = write_error(failure.detail), "text/event-stream"
    else:
        error = ErrorBody(error=failure.error, detail=failure.detail)
        body, media_type = dump_model(error), "application/json"
    return Response(body, status_code=status, headers=_headers(failure), media_type=media_type)


def is_openai_path(path: str) -> bool:
    """Whether OpenAI's clients call it."""
    return path.startswith(_OPENAI_PATHS)


def _headers(failure: Failure) -> dict[str, str]:
    headers = {"x-should-retry": "true" if failure.retryable else "false"}
    if failure.retryable:
        seconds = failure.retry_after_seconds
        headers["Retry-After"] = str(math.ceil(RETRY_AFTER_SECONDS if seconds is None else seconds))
    if failure.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def _openai_error(failure: Failure) -> OpenAIError:
    of_caller = (
        "invalid_request_error"
        if failure.status < HTTPStatus.INTERNAL_SERVER_ERROR
        else "server_error"
    )
    return OpenAIError(
        error=OpenAIFault(
            message=failure.detail,
            type=_OPENAI_TYPES.get(failure.status, of_caller),
            param=failure.parameter,
            code=_OPENAI_CODES.get(failure.error, failure.error),
        )
    )


def _openai_status(status: int) -> int:
    # OpenAI knows no 422.
    return HTTPStatus.BAD_REQUEST if status == HTTPStatus.UNPROCESSABLE_ENTITY else status
