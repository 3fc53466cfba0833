"""`/v1/jobs`: how far an upload is, until it can be found; and the uploads themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from rag_api.job_views import JOB_EVENTS, JobDetail, JobList, JobView, State, view_job
from rag_api.jobs import find_job
from rag_api.requests import CollectionName
from rag_api.routes import uploads
from rag_api.routes.access import OurParts
from rag_api.routes.described import event_stream, native_errors
from rag_api.routes.resume import LastEventId, read_position
from rag_api.wire.job_stream import JobStream
from rag_core.catalog.jobs import Selection

MAX_JOBS = 200
_EXAMPLE = """\
retry: 1000
event: progress
id: 01a2142c408a19b9200d58fe:4
data: {"type":"progress","job":{"id":"01a2142c408a19b9200d58fe","state":"running",…}}

event: finished
id: 01a2142c408a19b9200d58fe:7
data: {"type":"finished","job":{"id":"01a2142c408a19b9200d58fe","state":"done",…}}

"""

router = APIRouter(tags=["documents"])
router.include_router(uploads.router)


@router.get("/v1/jobs", responses=native_errors(401, 422, 500, 503))
async def list_jobs(
    parts: OurParts,
    *,
    limit: Annotated[int, Query(ge=1, le=MAX_JOBS)] = 50,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    state: State | None = None,
    collection: CollectionName = None,
) -> JobList:
    """List jobs, newest first. They are kept for a week after their end."""
    selection = Selection(limit + 1, after, state, collection)
    found = await parts.jobs.list(selection)
    shown = tuple(view_job(job) for job in found[:limit])
    return JobList(jobs=shown, next=shown[-1].id if len(found) > limit else None)


@router.get("/v1/jobs/{job_id}", responses=native_errors(401, 404, 422, 500, 503))
async def read_job(job_id: str, parts: OurParts) -> JobDetail:
    """Read a job: its state, how far it is, and at its end the report."""
    return JobDetail.model_validate(await find_job(parts.jobs, job_id))


@router.get(
    "/v1/jobs/{job_id}/events",
    response_class=Response,
    responses={
        **event_stream(JOB_EVENTS, named=True, example=_EXAMPLE),
        204: {"description": "The client has the last event: browsers stop coming back."},
        **native_errors(401, 404, 422, 500, 503),
    },
)
async def follow_job(job_id: str, parts: OurParts, last_event_id: LastEventId = None) -> Response:
    """Follow a job: `progress` with each change, `finished` at its end.

    The first event comes at once, and tells how the job is. A stream that ends without `finished`
    was cut off: come back with the header `Last-Event-ID`. A comment line breaks each silence of
    15 seconds.
    """
    job = await find_job(parts.jobs, job_id)
    after = 0 if last_event_id is None else read_position(last_event_id).number
    if job.ended and after >= job.version:
        return Response(status_code=204)
    # A number that is still to come was made up.
    return JobStream(parts.watch, job.id, after=min(after, job.version))


@router.post("/v1/jobs/{job_id}/cancel", responses=native_errors(401, 404, 422, 500, 503))
async def cancel_job(job_id: str, parts: OurParts) -> JobView:
    """Cancel a job: one that waits ends at once, one that runs after the batch in flight.

    What was ingested before stays. Cancelling a job that has ended changes nothing.
    """
    return view_job(await parts.jobs.cancel(job_id))
