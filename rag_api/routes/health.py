"""`/healthz`: the process runs. `/readyz`: every part answers."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter, Response

from rag_api.parts import Check
from rag_api.requests import Health, PartHealth, Readiness
from rag_api.routes.access import OurParts
from rag_core.errors import RagError

CHECK_SECONDS = 3.0
"""How long a part may take to answer."""

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def check_health() -> Health:
    """Answer as long as the process runs."""
    return Health()


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    responses={503: {"model": Readiness, "description": "A part does not answer: it says which."}},
)
async def check_readiness(parts: OurParts, response: Response) -> Readiness:
    """Ask the catalog, Chroma and the embedding model, all at once."""
    asked = await asyncio.gather(*(check_part(check) for check in parts.checks.values()))
    health = dict(zip(parts.checks, asked, strict=True))
    ready = all(part.ok for part in asked)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=health)


async def check_part(check: Check, *, timeout_seconds: float = CHECK_SECONDS) -> PartHealth:
    """Ask one part; a failure is an answer too."""
    started = time.perf_counter()
    fault = None
    try:
        async with asyncio.timeout(timeout_seconds):
            await check()
    except TimeoutError:
        fault = f"no answer within {timeout_seconds:g} seconds"
    except RagError as error:
        fault = str(error)
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    return PartHealth(ok=fault is None, detail=fault, milliseconds=milliseconds)
