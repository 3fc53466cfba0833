"""The tools → a server of the Model Context Protocol; only this module knows the protocol's SDK."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import cast

import orjson
from anyio import CancelScope
from mcp import MCPError, types
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER, REQUEST_CANCELLED
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from pydantic import BaseModel
from sse_starlette.sse import AppStatus
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_api.parts import Parts
from rag_api.routes.access import find_base_url
from rag_api.routes.tools import TOOLS, Arguments, Tool
from rag_core.errors import InvalidRequestError, NotFoundError, RagError

_INSTRUCTIONS = (
    "Passages and answers from the documents of this service. Use ask for a question: its answer "
    "cites the exact words it rests on. Use search and fetch to read for yourself."
)
_UNFORESEEN = "something that nobody foresaw; it is in the server's log"
_READ_ONLY = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_BY_NAME = {tool.name: tool for tool in TOOLS}
_CallName = tuple[object, object]
"""The client's name, as it was given one, and its number of the call."""

_LOG = logging.getLogger(__name__)


@asynccontextmanager
async def open_server(parts: Parts) -> AsyncIterator[ASGIApp]:
    """Serve both generations of the protocol, each request by itself: there are no sessions."""
    # Else answers in progress break off at SIGTERM, which have RAG_DRAIN_SECONDS to end.
    AppStatus.enable_automatic_graceful_drain = False
    # Who may call is checked in rag_api.routes.mcp.
    manager = StreamableHTTPSessionManager(_build_server(parts), stateless=True)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await manager.handle_request(scope, receive, _name_client(scope, send))

    async with manager.run():
        yield serve


def _build_server(parts: Parts) -> Server:
    calls = _Calls(parts)
    listed = types.ListToolsResult(tools=[_describe(tool) for tool in TOOLS])

    async def list_tools(
        _context: ServerRequestContext, _asked: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return listed

    server = Server(
        "rag",
        title="RAG",
        version=version("rag"),
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=calls.call,
    )
    cancelled = types.CancelledNotificationParams
    server.add_notification_handler("notifications/cancelled", cancelled, calls.cancel)
    return server


class _Calls:
    """The calls in progress, by their names.

    A client of the protocol of 2025 cancels a call by a message of its own, in another request.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._scopes: dict[_CallName, CancelScope] = {}

    async def call(
        self, context: ServerRequestContext, asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Run a tool, unless the call is cancelled before it ends; raises MCPError."""
        tool = _BY_NAME.get(asked.name)
        if tool is None:
            message = f"no tool {asked.name!r}; there are: {', '.join(map(repr, _BY_NAME))}"
            raise MCPError(code=types.INVALID_PARAMS, message=message)
        base_url = find_base_url(self._parts, cast("Request", context.request))
        name = _name_call(context, context.request_id)
        with CancelScope() as scope:
            self._scopes[name] = scope
            try:
                return await _run(tool, asked.arguments or {}, self._parts, base_url)
            finally:
                self._scopes.pop(name, None)
        raise MCPError(code=REQUEST_CANCELLED, message="the call was cancelled")

    async def cancel(
        self, context: ServerRequestContext, cancelled: types.CancelledNotificationParams
    ) -> None:
        """Cancel a call of the same client, if it is in progress."""
        scope = self._scopes.get(_name_call(context, cancelled.request_id))
        if scope is not None:
            scope.cancel()


def _name_call(context: ServerRequestContext, request_id: object) -> _CallName:
    request = cast("Request", context.request)
    # A client without a name shares its numbers with others: nothing equals a new object.
    return request.headers.get(MCP_SESSION_ID_HEADER, object()), request_id


def _name_client(scope: Scope, send: Send) -> Send:
    """Give a client of the protocol of 2025 a name to cancel its calls by; nothing is kept for it.

    Nobody else can guess it, and so cancel the calls of others.
    """
    given = Headers(scope=scope)
    if MCP_SESSION_ID_HEADER in given or MCP_PROTOCOL_VERSION_HEADER in given:
        return send

    async def send_named(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[MCP_SESSION_ID_HEADER] = secrets.token_hex(16)
        await send(message)

    return send_named


async def _run(
    tool: Tool, arguments: Arguments, parts: Parts, base_url: str
) -> types.CallToolResult:
    try:
        return _give(await tool.run(arguments, parts, base_url))
    except (InvalidRequestError, NotFoundError) as error:
        return _fail(str(error))
    except RagError as error:
        _LOG.warning("tool %s: %s", tool.name, error)
        return _fail(str(error))
    # The SDK would send what nobody foresaw to the client, word for word.
    except Exception:  # noqa: BLE001 - the door between our faults and the client
        _LOG.exception("tool %s failed in a way that nobody foresaw", tool.name)
        return _fail(_UNFORESEEN)


def _describe(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=_describe_arguments(tool.arguments),
        output_schema=tool.result.model_json_schema(),
        annotations=_READ_ONLY,
    )


def _describe_arguments(model: type[BaseModel]) -> dict[str, object]:
    """A schema without what tells a model nothing: names of our classes, a default that is null."""
    schema = model.model_json_schema()
    told = {
        name: {key: value for key, value in field.items() if key not in ("title", "default")}
        for name, field in schema["properties"].items()
    }
    return {"type": "object", "properties": told, "required": schema["required"]}


def _give(result: BaseModel) -> types.CallToolResult:
    given = result.model_dump(mode="json", exclude_none=True)
    return types.CallToolResult(
        content=[types.TextContent(text=orjson.dumps(given).decode())], structured_content=given
    )


def _fail(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)
