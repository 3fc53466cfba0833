"""`POST /v1/documents`: files, or a URL, to a job; `DELETE /v1/documents/{id}`."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from rag_api.job_views import JobView, UploadFields, UrlUpload, view_job
from rag_api.limits import is_multipart
from rag_api.parts import Parts
from rag_api.routes.access import OurParts, find_base_url
from rag_api.routes.described import native_errors
from rag_api.upload import move_into_place, receive_upload
from rag_api.wire.json_line import dump_model
from rag_core.catalog.jobs import Job, Wanted
from rag_core.errors import InvalidRequestError
from rag_core.uploads import discard_uploads, part_folder, upload_folder

Model = TypeVar("Model", bound=BaseModel)

_MIB = 1 << 20
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "format": "binary"},
                        "description": "One or several; the part's filename names the document.",
                    },
                    "collection": {
                        "type": "string",
                        "maxLength": 255,
                        "description": "RAG_COLLECTION when left out or empty.",
                    },
                    "metadata": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "description": "A JSON object of texts, stored with each document.",
                    },
                },
            }
        },
        "application/json": {"schema": {"$ref": "#/components/schemas/UrlUpload"}},
    },
}

router = APIRouter()


@router.post(
    "/v1/documents",
    status_code=202,
    response_model=JobView,
    responses=native_errors(400, 401, 413, 422, 500, 503),
    openapi_extra={"requestBody": _BODY},
)
async def upload_documents(request: Request, parts: OurParts) -> Response:
    """Take files, or a URL, to be ingested; answers with the job that does it.

    A file becomes the document `upload:<its name>`, and takes the place of one of that name. What
    it holds decides how it is read. A collection that is not there is made with its first document.
    """
    if is_multipart(request.headers):
        job = await _take_files(request, parts)
    else:
        job = await parts.jobs.add(await _read_url(request, parts))
    location = f"{find_base_url(parts, request)}/v1/jobs/{job.id}"
    body = dump_model(view_job(job))
    headers = {"Location": location}
    return Response(body, status_code=202, headers=headers, media_type="application/json")


@router.delete(
    "/v1/documents/{document_id}",
    status_code=204,
    responses=native_errors(401, 404, 422, 500, 503),
)
async def remove_document(document_id: str, parts: OurParts) -> None:
    """Remove a document: no search or answer finds it from now on."""
    await parts.library.remove_document(document_id)


async def _take_files(request: Request, parts: Parts) -> Job:
    home, wanted_id = parts.settings.home, Wanted("").id
    folder = part_folder(home, wanted_id)
    try:
        received = await receive_upload(
            request, folder, max_bytes=parts.settings.max_upload_mb * _MIB
        )
        fields = _check(UploadFields, _read_fields(received.fields))
        wanted = Wanted(
            fields.collection or parts.settings.collection,
            tuple(received.files),
            metadata=fields.metadata,
            id=wanted_id,
        )
        await asyncio.to_thread(move_into_place, folder, upload_folder(home, wanted_id))
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        raise
    try:
        return await parts.jobs.add(wanted)
    except BaseException:
        await asyncio.to_thread(discard_uploads, home, wanted_id)
        raise


def _read_fields(fields: dict[str, str]) -> dict[str, object]:
    """What forms send as text; an empty field was not filled in."""
    given: dict[str, object] = {name: text for name, text in fields.items() if text}
    if "metadata" in given:
        given["metadata"] = _load(fields["metadata"], "the field 'metadata'")
    return given


async def _read_url(request: Request, parts: Parts) -> Wanted:
    body = await request.body()
    given = _load(body, "the body, which must be multipart/form-data with files or JSON,")
    asked = _check(UrlUpload, given)
    collection = asked.collection or parts.settings.collection
    return Wanted(collection, url=asked.url, metadata=asked.metadata)


def _load(text: str | bytes, what: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"{what} is not valid JSON: {error}") from error


def _check(model: type[Model], given: object) -> Model:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error
