"""The child process that serves the demo page: started when it is first asked for, ended with us.

Gradio takes seconds to import, in which no answer would stream, and 150 MB: the API does without.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from rag_api.demo import is_installed
from rag_api.processes import bare_environment, end_process
from rag_core.settings import Settings

logger = logging.getLogger(__name__)

# -P: a module that lies in the working folder is no part of the program.
COMMAND = (sys.executable, "-P", "-m", "rag_api.demo")
_BACKLOG = 128
_STOP_SECONDS = 5.0
_STARTING_SECONDS = 60.0


class DemoChild:
    """Keeps at most one child, and says when it answers."""

    def __init__(self, settings: Settings, command: Sequence[str] | None) -> None:
        self.installed = command is not None and is_installed()
        """Whether there is a page to be started."""
        self._settings = settings
        self._command = command or ()
        self._process: Process | None = None
        self._starting: asyncio.Task[str] | None = None
        self._leaving = False

    async def address(self, api_url: str, *, patience_seconds: float) -> str | None:
        """Where the page is, as a URL without a slash at its end; None as long as it starts.

        The first call starts it, and so does one after it has ended.
        """
        if self._leaving:
            return None
        if self._starting is None or self._has_ended():
            self._starting = asyncio.create_task(self._start(api_url))
        await asyncio.wait({self._starting}, timeout=patience_seconds)
        if not self._starting.done():
            return None
        if self._starting.exception() is not None:
            logger.warning("the demo page did not start: %s", self._starting.exception())
            self._starting = None
            return None
        return self._starting.result()

    def let_go(self) -> None:
        """Begin to end the child: pages that are open would hold their connections for ever."""
        self._leaving = True
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    async def stop(self) -> None:
        """End the child, if there is one."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        self._leaving = True
        if self._process is not None:
            await end_process(self._process, patience_seconds=_STOP_SECONDS)

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    async def _start(self, api_url: str) -> str:
        # A call to it waits until it listens to what is bound here already.
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(_BACKLOG)
            port: int = listener.getsockname()[1]
            self._process = await self._run(listener.fileno(), api_url)
        async with asyncio.timeout(_STARTING_SECONDS):
            await _wait_for_page(port)
        return f"http://127.0.0.1:{port}"

    async def _run(self, listener: int, api_url: str) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            *("--url", api_url, "--listener", str(listener), "--parent", str(os.getpid())),
            *("--max-upload-mb", str(self._settings.max_upload_mb)),
            stdin=DEVNULL,
            stdout=DEVNULL,
            pass_fds=[listener],
            env=find_environment(self._settings),
        )


def find_environment(settings: Settings) -> dict[str, str]:
    """What the child is given of our environment, and the key that it may ask with."""
    environment = bare_environment()
    if settings.demo_key is not None:
        environment["RAG_DEMO_KEY"] = settings.demo_key.get_secret_value()
    return environment


@asynccontextmanager
async def keeping_demo(
    settings: Settings, *, command: Sequence[str] | None = COMMAND
) -> AsyncIterator[DemoChild]:
    """Be ready to start the page; ends it at the end. Without a command there is none."""
    child = DemoChild(settings, command)
    try:
        yield child
    finally:
        await child.stop()


async def _wait_for_page(port: int) -> None:
    """Return when it has answered once.

    Raises:
        OSError: it ended before, or answers that something is wrong.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /demo/ HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
        status = await reader.readline()
        if b" 200 " not in status:
            raise OSError(f"it says {status!r}")
    finally:
        writer.close()
