"""Real servers on real sockets, in the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(
    app: ASGIApp, *, lifespan: str = "off", listener: socket.socket | None = None
) -> AsyncIterator[int]:
    """Serve an application; gives the port."""
    config = uvicorn.Config(
        app,
        port=0,
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="on" if lifespan == "on" else "off",
        timeout_graceful_shutdown=1,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup([listener] if listener else None)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


async def until(holds: Callable[[], object], *, most_seconds: float = 5) -> None:
    """Wait for what comes soon, or fail."""
    for _ in range(int(most_seconds * 100)):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")
