"""The program `rag-api`: serves the API, and says what is wrong with its parts."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from fastapi import FastAPI

from rag_api.app import create_app
from rag_api.assembly import open_parts
from rag_api.doctor import examine_all
from rag_api.listening import bind, describe_server, url_of
from rag_api.parts import Parts
from rag_api.server import BACKLOG, Server
from rag_api.worker import running_worker
from rag_core.errors import ConfigurationError, RagError
from rag_core.logs import set_up_logs
from rag_core.settings import Settings, read_settings

_ALLOCATIONS_BETWEEN_LOOKS = 50_000

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


@app.command()
def demo(
    url: Annotated[str, typer.Option(help="Of the API, wherever it is.")] = "http://127.0.0.1:8000",
    host: Annotated[str, typer.Option(help="Where the page listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 7860,
) -> None:
    """Serve the demo page alone, for an API that runs elsewhere, until SIGTERM or Ctrl+C."""
    settings = read_settings()
    signal.signal(signal.SIGTERM, _leave)
    # What it imports, the API does without.
    program = importlib.import_module("rag_api.demo.program")
    with bind(host, port) as listener:
        typer.echo(f"demo   {url_of(listener)}/demo/")
        program.serve_alone(url, listener, settings)


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
                server.begin_to_stop = partial(_let_go, parts, application)
                server.end_answers = parts.runs.close
                _spare_collector()
                listener.listen(BACKLOG)
                typer.echo(describe_server(parts, listener))
                async with running_worker() if settings.worker else nullcontext():
                    yield parts
        except RagError as error:
            faults.append(error)
            raise

    application = create_app(opening)
    server = Server(application, drain_seconds=settings.drain_seconds)
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


def _let_go(parts: Parts, application: FastAPI) -> None:
    """Let those who read without an end, and can come back, go."""
    parts.watch.close()
    application.state.demo.let_go()


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


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # While it serves, the server has its own way to stop; it calls this one when it has.
    sys.exit(0)
