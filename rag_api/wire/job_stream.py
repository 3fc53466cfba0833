"""A job as a stream of events, each with all of it: nothing is lost by one that was missed."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rag_api.job_views import view_event
from rag_api.jobs import JobWatch
from rag_api.wire.json_line import dump_model
from rag_api.wire.native import RETRY_LINE
from rag_api.wire.response import (
    EVENT_STREAM_HEADERS,
    HEARTBEAT_SECONDS,
    STALLED_SECONDS,
    client_leaves,
)
from rag_core.catalog.jobs import Job
from rag_core.errors import JobNotFoundError

_PING = b": ping\n\n"


class JobStream(Response):
    """Sends each change of a job to one client, to the job's end or the server's.

    Who is cut off comes back with the id of the last event, and gets the job as it is then.
    """

    def __init__(
        self,
        watch: JobWatch,
        job_id: str,
        *,
        after: int,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        super().__init__(headers=EVENT_STREAM_HEADERS)
        del self.headers["content-length"]
        self._watch = watch
        self._job_id = job_id
        self._after = after
        self._heartbeat_seconds = heartbeat_seconds

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; return early when the client has left or reads no more."""
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        relaying = asyncio.create_task(self._relay(send))
        leaving = asyncio.create_task(client_leaves(receive))
        try:
            await asyncio.wait({relaying, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (relaying, leaving):
                task.cancel()
            await asyncio.gather(relaying, leaving, return_exceptions=True)

    async def _relay(self, send: Send) -> None:
        retry, ended = RETRY_LINE, False
        while not ended:
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    job = await self._watch.next(self._job_id, self._after)
            except TimeoutError:
                await _send(send, _PING)
                continue
            except JobNotFoundError:  # it ended long ago, and was forgotten meanwhile
                break
            if job is None:
                break
            await _send(send, retry + encode_job(job))
            retry, ended, self._after = b"", job.ended, job.version
        await _send(send, b"", more=False)


def encode_job(job: Job) -> bytes:
    """Write a job as an event; its id is `<job>:<version>`."""
    event = view_event(job)
    return b"event: %b\nid: %b:%d\ndata: %b\n\n" % (
        event.type.encode(),
        job.id.encode(),
        job.version,
        dump_model(event),
    )


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(STALLED_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": more})
