"""The program `rag-api`: serves the API, and says what is wrong with its parts."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from types import FrameType

import typer

from rag_api.app import create_app
from rag_api.assembly import open_parts
from rag_api.doctor import examine_all
from rag_api.parts import Parts
from rag_api.server import BACKLOG, Server
from rag_api.wire.response import STALLED_SECONDS
from rag_api.worker import running_worker
from rag_core.errors import ConfigurationError, RagError
from rag_core.logs import set_up_logs
from rag_core.settings import Settings, read_settings

_UNREAD_BYTES = 128 * 1024
_ALLOCATIONS_BETWEEN_LOOKS = 50_000
_SAMPLE_QUESTION = "How are citations found?"

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


def main() -> None:
    """Run the program; what we foresaw is one sentence on standard error and exit code 1."""
    try:
        app()
    except RagError as error:
        typer.echo(f"rag-api: {error}", err=True)
        sys.exit(1)


@app.command()
def serve() -> None:
    """Serve the API and its documentation until SIGTERM or Ctrl+C."""
    settings = read_settings()
    set_up_logs(settings.log_level)
    refuse_workers(os.environ)
    check_home(settings.home)
    signal.signal(signal.SIGTERM, _leave)
    with bind(settings.host, settings.port) as listener:
        run_server(settings, listener)


@app.command()
def doctor() -> None:
    """Check every part and say what is in use; the exit code is 1 when one does not work."""
    settings = read_settings()
    set_up_logs("ERROR")
    check_home(settings.home)
    findings = asyncio.run(examine_all(settings))
    for finding in findings:
        typer.echo(f"{'ok' if finding.ok else 'failed':8}{finding.part:12}{finding.detail}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)


def run_server(settings: Settings, listener: socket.socket) -> None:
    """Open the parts, serve until told to stop, finish what was begun, close the parts.

    Raises:
        RagError: a part cannot be opened.
    """
    faults: list[RagError] = []

    @asynccontextmanager
    async def opening() -> AsyncIterator[Parts]:
        try:
            async with open_parts(settings) as parts:
                server.begin_to_stop = parts.watch.close
                server.end_answers = parts.runs.close
                _spare_collector()
                listener.listen(BACKLOG)
                typer.echo(describe_server(parts, listener))
                async with running_worker() if settings.worker else nullcontext():
                    yield parts
        except RagError as error:
            faults.append(error)
            raise

    server = Server(create_app(opening), drain_seconds=settings.drain_seconds)
    # The server would log a traceback of what is told in one sentence.
    logging.getLogger("uvicorn.error").addFilter(lambda _record: not faults)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return
    except SystemExit:
        if faults:
            raise faults[0] from None
        raise
    finally:
        # Everything is closed. To look through what is left for cycles would take seconds.
        gc.freeze()


def _spare_collector() -> None:
    """Let the collector of cycles pass over what the start has made: it stays to the end.

    To look through it takes 0.2 s, in which no stream goes on. What answers leave behind is freed
    without it, so it need not look often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_LOOKS, 20, 20)


def refuse_workers(environment: Mapping[str, str]) -> None:
    """Raise ConfigurationError when more than one process is asked for."""
    wanted = environment.get("WEB_CONCURRENCY", "1").strip() or "1"
    if wanted != "1":
        raise ConfigurationError(
            f"WEB_CONCURRENCY={wanted}: answers live in one process, so there is one worker; "
            "unset it, and start more servers on other ports for more"
        )


def check_home(home: Path) -> None:
    """Raise ConfigurationError when nothing can be written below RAG_HOME."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"RAG_HOME={home}: cannot write there: {error.strerror or error}"
        ) from error


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


def describe_server(parts: Parts, listener: socket.socket) -> str:
    """Where it is and how to try it."""
    url = _url(listener)
    key = ' --header "authorization: Bearer $RAG_API_KEY"' if parts.settings.api_key else ""
    return f"""\
rag-api answers with {parts.answerer.model}
  API    {url}/v1
  docs   {url}/docs
  MCP    {url}/mcp
  try    curl --no-buffer {url}/v1/answers{key} \\
           --header 'content-type: application/json' \\
           --data '{{"question": "{_SAMPLE_QUESTION}"}}'"""


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # While it serves, the server has its own way to stop; it calls this one when it has.
    sys.exit(0)
