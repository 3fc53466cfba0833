"""The HTTP application: routes, limits, and every error as a status."""

from __future__ import annotations

import importlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from rag_api import answer_errors
from rag_api.demo_child import COMMAND, keeping_demo
from rag_api.invalid import BROKEN_JSON, describe_invalid
from rag_api.limits import BodyLimit
from rag_api.parts import Parts
from rag_api.pictures import errors as picture_errors
from rag_api.routes import router
from rag_api.routes.documentation import add_documentation
from rag_api.wire.failure import Failure, write_failure
from rag_core import errors

STATUS: dict[type[errors.RagError], int] = {
    errors.InvalidRequestError: 400,
    errors.UnauthorizedError: 401,
    errors.NotFoundError: 404,
    answer_errors.AnswerCancelledError: 409,
    picture_errors.OriginalChangedError: 409,
    picture_errors.OriginalGoneError: 410,
    errors.RequestTooLargeError: 413,
    errors.ChatRateLimitedError: 429,
    errors.RagError: 500,
    errors.ChatRejectedError: 502,
    errors.EmbeddingRejectedError: 502,
    errors.UnavailableError: 503,
}
"""The nearest class of an error's ancestors counts."""

# What the framework itself refuses.
_HTTP_NAMES = {
    401: "UnauthorizedError",
    403: "OriginNotAllowedError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    413: "RequestTooLargeError",
    421: "HostNotAllowedError",
}
_EXPOSED = (
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Answer-Id",
    "X-Marked-Share",
    "x-should-retry",
    "x-vercel-ai-ui-message-stream",
)
"""Headers of ours that a page from elsewhere may read."""
_MANY = (errors.OverloadedError, picture_errors.DrawingBusyError)
_CLIENT_CLOSED_REQUEST = 499
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# What the framework says, in words that help.
_SAID = {
    "Not Found": "no such path; /docs shows those that there are",
    "Method Not Allowed": "this path does not take this method; the header Allow says which",
    "There was an error parsing the body": BROKEN_JSON,
}

Opener = Callable[[], AbstractAsyncContextManager[Parts]]

logger = logging.getLogger(__name__)


def create_app(open_parts: Opener, *, demo: Sequence[str] | None = COMMAND) -> FastAPI:
    """Build the application; its parts are opened when it starts and closed when it stops.

    `demo` is the command that serves the demo page, without its options.
    """
    # It imports in 0.6 s, and everything else that imports this module does without.
    mcp_server = importlib.import_module("rag_api.mcp_server")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            open_parts() as parts,
            mcp_server.open_server(parts) as mcp,
            keeping_demo(parts.settings, command=demo) as child,
        ):
            app.state.parts, app.state.mcp, app.state.demo = parts, mcp, child
            yield

    app = FastAPI(
        title="RAG",
        summary="Answers questions from your documents, streamed, with citations.",
        version="0.1.0",
        lifespan=lifespan,
        openapi_url=None,
    )
    app.include_router(router)
    add_documentation(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=_EXPOSED,
    )
    _answer_errors(app)
    return app


def _answer_errors(app: FastAPI) -> None:
    app.exception_handler(errors.RagError)(_answer_ours)
    app.exception_handler(answer_errors.AnswerFailedError)(_answer_failed)
    app.exception_handler(RequestValidationError)(_answer_invalid)
    app.exception_handler(HTTPException)(_answer_refused)
    app.exception_handler(ClientDisconnect)(_answer_nobody)
    app.exception_handler(Exception)(_answer_unforeseen)


def find_status(error: type[errors.RagError]) -> int:
    """The status of an error, by the nearest of its ancestors in the table."""
    return next(STATUS[ancestor] for ancestor in error.__mro__ if ancestor in STATUS)


async def _answer_ours(request: Request, error: errors.RagError) -> Response:
    status = find_status(type(error))
    # Refusals by the thousand are logged where they begin.
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, _MANY):
        logger.warning("%s %s: %s", request.method, request.url.path, error)
    failure = Failure(
        status,
        type(error).__name__,
        str(error),
        retryable=isinstance(error, errors.UnavailableError),
        retry_after_seconds=errors.find_retry_after(error),
    )
    return write_failure(request, failure)


async def _answer_failed(request: Request, error: answer_errors.AnswerFailedError) -> Response:
    failure = Failure(
        _status_by_name(error.error),
        error.error,
        str(error),
        retryable=error.retryable,
        retry_after_seconds=error.retry_after_seconds,
    )
    return write_failure(request, failure)


async def _answer_invalid(request: Request, error: RequestValidationError) -> Response:
    return write_failure(request, describe_invalid(error))


async def _answer_refused(request: Request, error: HTTPException) -> Response:
    name = _HTTP_NAMES.get(error.status_code, "InvalidRequestError")
    detail = _SAID.get(error.detail, error.detail)
    response = write_failure(request, Failure(error.status_code, name, detail))
    response.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(_find_methods(request))
    return response


async def _answer_unforeseen(request: Request, error: Exception) -> Response:
    # The server logs the traceback; the caller is told nothing of our insides.
    del error
    detail = "something that nobody foresaw; it is in the server's log"
    response = write_failure(request, Failure(500, "InternalError", detail))
    # This answer passes the CORS middleware by, and a browser would hide it from the page.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


async def _answer_nobody(_request: Request, _error: ClientDisconnect) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)


def _find_methods(request: Request) -> list[str]:
    """What a path takes; where it has a route for each method, the framework names the first."""
    routes = request.app.routes
    scopes = [{**request.scope, "method": method} for method in _METHODS]
    return [
        scope["method"]
        for scope in scopes
        if any(route.matches(scope)[0] is Match.FULL for route in routes)
    ]


def _status_by_name(name: str) -> int:
    named = (vars(answer_errors) | vars(errors)).get(name)
    if isinstance(named, type) and issubclass(named, errors.RagError):
        return find_status(named)
    return find_status(errors.RagError)
