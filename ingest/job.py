"""One job, from its claim to its end: ingested, given up, cancelled or put back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import orjson

from ingest.job_plan import keep_uploads, open_job_plan
from ingest.pipeline import Order, ingest_plan
from rag_core import errors
from rag_core.catalog import claims
from rag_core.catalog.jobs import Fault, Job, describe
from rag_core.errors import RagError
from rag_core.uploads import discard_uploads

if TYPE_CHECKING:
    from ingest.outcome import Fault as Failure
    from ingest.outcome import Held
    from ingest.report import Report, Tally
    from rag_core.catalog.engine import Catalog
    from rag_core.index import Index
    from rag_core.settings import Settings

logger = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
"""How long a worker may be silent before another takes its job."""
_KEEP_SECONDS = 10.0
_PROGRESS_SECONDS = 1.0
_DELAY_SECONDS = 10.0
"""After the first attempt that failed for now; four times as long after each other one."""
_FOR_NOW = (errors.UnavailableError, errors.LostVectorsError, errors.StaleVectorIndexError)

Outcome = Literal["done", "failed", "cancelled", "put back", "lost"]


@dataclass(slots=True)
class Hold:
    """A worker's hold on a job: kept while it works, told when it is to stop."""

    catalog: Catalog
    claimed: Job
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the work is to end early, for whichever reason."""
    cancelled: bool = False
    lost: bool = False
    """Another worker has it: we were silent for too long."""
    tally: Tally | None = None
    """How far the ingest is."""

    def note(self, tally: Tally) -> None:
        """Take a change of the ingest, to be told later."""
        self.tally = tally

    async def keep(self) -> None:
        """Say that we are alive, and how far we are, until cancelled."""
        loop, told, told_at = asyncio.get_running_loop(), _count(None), -_KEEP_SECONDS
        while True:
            counts = _count(self.tally)
            if counts != told or loop.time() - told_at >= _KEEP_SECONDS:
                with suppress(RagError):  # the ingest itself meets it, and says so
                    await self._tell(counts)
                told, told_at = counts, loop.time()
            await asyncio.sleep(_PROGRESS_SECONDS)

    async def _tell(self, counts: Mapping[str, int]) -> None:
        kept = await claims.keep_job(
            self.catalog, self.claimed, counts, lease_seconds=LEASE_SECONDS
        )
        self.lost = kept is None
        self.cancelled = kept is not None and kept.cancelling
        if self.lost or self.cancelled:
            self.stop.set()


async def run_job(
    index: Index, claimed: Job, *, settings: Settings, stop: asyncio.Event
) -> Outcome:
    """Do a claimed job, and say in the catalog what became of it.

    Setting `stop` finishes the batch in flight and puts the job back.

    Raises:
        UnavailableError: the catalog does not answer; another attempt follows when the lease is
            over.
    """
    hold = Hold(index.catalog, claimed)
    async with _kept(hold, stop):
        ended = await _ingest(index, hold, settings)
        await keep_uploads(index.catalog, settings, claimed)
    outcome = await _settle(hold, ended)
    logger.info("job %s: %s", claimed.id, outcome)
    if outcome in {"done", "failed", "cancelled"}:
        await asyncio.to_thread(discard_uploads, settings.home, claimed.id)
    return outcome


async def _ingest(index: Index, hold: Hold, settings: Settings) -> Report | Fault:
    job = hold.claimed
    try:
        order = Order(job.collection, job.metadata)
        async with open_job_plan(settings, job) as plan:
            return await ingest_plan(index, plan, order, progress=hold.note, stop=hold.stop)
    except RagError as error:
        return describe(error)
    except Exception:
        logger.exception("job %s: a fault of ours", job.id)
        return Fault("InternalError", "something that nobody foresaw; it is in the worker's log")


async def _settle(hold: Hold, ended: Report | Fault) -> Outcome:
    """Write down how a job ended, unless it is no longer ours."""
    catalog, job, fault = hold.catalog, hold.claimed, _find_fault(ended)
    outcome = _judge(hold, ended, fault)
    if outcome == "put back":
        delay = 0.0 if fault is None else _DELAY_SECONDS * 4 ** (job.attempts - 1)
        ours = await claims.put_back_job(catalog, job, delay_seconds=delay, fault=fault)
    else:
        report = None if isinstance(ended, Fault) else orjson.loads(orjson.dumps(ended))
        # Counted anew: between the last second's word and the end there may have been all of it.
        ours = await claims.finish_job(
            catalog, job, outcome, progress=_count(hold.tally), report=report, fault=fault
        )
    return outcome if ours else "lost"


def _judge(
    hold: Hold, ended: Report | Fault, fault: Fault | None
) -> Literal["done", "failed", "cancelled", "put back"]:
    early = isinstance(ended, Fault) or ended.interrupted
    if hold.cancelled and early:
        return "cancelled"
    if fault is None:
        return "put back" if early else "done"
    return "put back" if _is_worth_another(fault, hold) else "failed"


def _find_fault(ended: Report | Fault) -> Fault | None:
    """What a job failed of: what stopped it, or that nothing of it could be ingested."""
    if isinstance(ended, Fault):
        return ended
    if ended.error is not None:
        return Fault(ended.error, ended.detail or "")
    bad: list[Failure | Held] = [*ended.failed, *ended.quarantined]
    if bad and not ended.added + ended.updated + ended.unchanged:
        first, rest = bad[0], len(bad) - 1
        others = f"; {rest} more failed, see the report" if rest else ""
        return Fault(first.error, f"{first.source}: {first.detail}{others}")
    return None


def _is_worth_another(fault: Fault, hold: Hold) -> bool:
    """Whether it failed of what may be well again soon, and was not tried too often."""
    kind = getattr(errors, fault.error, RagError)
    spent = hold.cancelled or hold.claimed.attempts >= claims.MAX_ATTEMPTS
    return issubclass(kind, _FOR_NOW) and not spent


@asynccontextmanager
async def _kept(hold: Hold, stop: asyncio.Event) -> AsyncIterator[None]:
    """Keep the job, and pass on that the worker is to stop."""
    tasks = [asyncio.create_task(hold.keep()), asyncio.create_task(_pass_on(stop, hold.stop))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(first: asyncio.Event, second: asyncio.Event) -> None:
    await first.wait()
    second.set()


def _count(tally: Tally | None) -> dict[str, int]:
    if tally is None:
        return {}
    return {
        "files": tally.files,
        "done": tally.done,
        "added": tally.added,
        "updated": tally.updated,
        "unchanged": tally.unchanged,
        "failed": len(tally.failed) + len(tally.quarantined),
        "chunks": tally.chunks,
        "embedded": tally.embedded,
        "reused": tally.reused,
    }
