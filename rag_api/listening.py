"""A host and a port → the socket that the program listens on, and what is said of it."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from rag_api.demo import is_installed
from rag_api.parts import Parts
from rag_api.wire.response import STALLED_SECONDS
from rag_core.errors import ConfigurationError

_UNREAD_BYTES = 128 * 1024
_SAMPLE_QUESTION = "How are citations found?"


def bind(host: str, port: int) -> socket.socket:
    """Take the port, without listening yet.

    Raises:
        ConfigurationError: it is in use, or the host is not ours.
    """
    with ExitStack() as stack:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            family, kind, protocol, _, address = found[0]
            listener = stack.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _limit_slow_readers(listener)
            listener.bind(address)
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host}:{port} (RAG_HOST, RAG_PORT): {error.strerror or error}"
            ) from error
        stack.pop_all()
    return listener


def _limit_slow_readers(listener: socket.socket) -> None:
    """Bound what the system keeps for a client that does not read, and for how long.

    By itself it keeps megabytes. A connection that is only closed lives on until all of it is
    taken, so the system is to cut it, as it cuts those whose client is gone without a word.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        milliseconds = int(STALLED_SECONDS * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def describe_server(parts: Parts, listener: socket.socket, *, demo: bool | None = None) -> str:
    """Where it is and how to try it, on the demo page too where that is installed."""
    url = url_of(listener)
    key = ' --header "authorization: Bearer $RAG_API_KEY"' if parts.settings.api_key else ""
    shown = is_installed() if demo is None else demo
    page = f"\n  demo   {url}/demo" if shown else ""
    return f"""\
rag-api answers with {parts.answerer.model}
  API    {url}/v1{page}
  docs   {url}/docs
  MCP    {url}/mcp
  try    curl --no-buffer {url}/v1/answers{key} \\
           --header 'content-type: application/json' \\
           --data '{{"question": "{_SAMPLE_QUESTION}"}}'"""


def url_of(listener: socket.socket) -> str:
    """Where a listener is reached from this machine, without a slash at its end."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
