"""What callers send and get about jobs: the fields of an upload, jobs, and their events."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue
from pydantic_core import PydanticCustomError

from rag_api.requests import CollectionName
from rag_api.texts import Text
from rag_core.catalog.jobs import Job

MAX_URL_CHARACTERS = 4096
MAX_METADATA = 100
_WEB_URL = r"^https?://[!-~]+$"
_CREDENTIALS = re.compile(r"^[^:]*://[^/?#\\]*@")


def _check_text(text: str) -> str:
    if "\0" in text:
        raise ValueError("must hold no NUL character")
    return text


def _check_url(url: str) -> str:
    """Take web URLs only; a password is not kept with the job, where every caller may read it."""
    if re.fullmatch(_WEB_URL, url) is None:
        raise PydanticCustomError(
            "web_url",
            "must begin with http:// or https://, without spaces, and with other characters than "
            "ASCII percent-encoded",
        )
    if _CREDENTIALS.match(url):
        raise PydanticCustomError(
            "web_url", "has a name or password in it: pages that ask for one are not fetched"
        )
    return url


PlainText = Annotated[
    Text,
    AfterValidator(_check_text),
    Field(max_length=2000, json_schema_extra={"pattern": r"^[^\u0000]*$"}),
]
State = Literal["queued", "running", "done", "failed", "cancelled"]
Metadata = Annotated[
    dict[PlainText, PlainText] | None,
    Field(
        max_length=MAX_METADATA,
        description="Stored with each document in place of what it has; without, it keeps its own.",
    ),
]


class _Upload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    collection: CollectionName = None
    metadata: Metadata = None


class UploadFields(_Upload):
    """The fields of an upload beside its files."""


class UrlUpload(_Upload):
    """What is to be fetched and ingested."""

    url: Annotated[
        Text,
        AfterValidator(_check_url),
        Field(
            max_length=MAX_URL_CHARACTERS,
            json_schema_extra={"pattern": _WEB_URL},
            description="With `http` or `https`; other characters than ASCII percent-encoded.",
        ),
    ]


class _View(BaseModel):
    model_config = ConfigDict(
        frozen=True, json_schema_serialization_defaults_required=True, from_attributes=True
    )


class JobFile(_View):
    """A file that was uploaded."""

    source: str = Field(description="Of the document that it becomes.", examples=["upload:a.md"])
    size_bytes: int


class JobProgress(_View):
    """How far it is; all 0 before it begins."""

    files: int = 0
    done: int = Field(0, description="Of the files, in whichever way.")
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    chunks: int = Field(0, description="Of the documents that can be found by now.")
    embedded: int = Field(0, description="Texts that the embedding model saw.")
    reused: int = Field(0, description="Chunks whose vectors were there already.")


class JobView(_View):
    """A job, and how far it is."""

    id: str
    state: State
    collection: str
    files: tuple[JobFile, ...]
    url: str | None
    metadata: dict[str, str] | None
    progress: JobProgress
    error: str | None = Field(description="Name of the error that ended it, or its last attempt.")
    detail: str | None
    cancelling: bool = Field(description="Cancelled, and its worker has not seen it yet.")
    attempts: int = Field(description="How often a worker has begun it.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobDetail(JobView):
    """A job with the report of its ingest."""

    report: dict[str, JsonValue] | None = Field(
        description="As `ingest add --json` prints it; null when the ingest did not come to one."
    )


class JobList(_View):
    """Jobs, newest first."""

    jobs: tuple[JobView, ...]
    next: str | None = Field(description="`after` for the next page; null on the last one.")


class Progress(_View):
    """A job has changed: it was queued, begun, got on or was put back."""

    type: Literal["progress"] = "progress"
    job: JobView


class Finished(_View):
    """A job has ended; the last event."""

    type: Literal["finished"] = "finished"
    job: JobDetail


JOB_EVENTS: tuple[type[BaseModel], ...] = (Progress, Finished)


def view_job(job: Job) -> JobView:
    """Show a job without its report."""
    return JobView.model_validate(job)


def view_event(job: Job) -> Progress | Finished:
    """Show a change of a job."""
    if job.ended:
        return Finished(job=JobDetail.model_validate(job))
    return Progress(job=view_job(job))
