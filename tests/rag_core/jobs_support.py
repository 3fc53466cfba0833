"""Short ways to make jobs."""

from __future__ import annotations

from rag_core.catalog import claims, jobs
from rag_core.catalog.engine import Catalog
from rag_core.catalog.jobs import Job, UploadedFile, Wanted

LEASE_SECONDS = 60.0


async def add_job(catalog: Catalog, *names: str, collection: str = "default") -> Job:
    files = tuple(UploadedFile(f"upload:{name}", name, 3) for name in names or ("a.md",))
    return await jobs.add_job(catalog, Wanted(collection, files, metadata={"team": "sales"}))


async def claim_job(catalog: Catalog, worker: str = "one", *, lease: float = LEASE_SECONDS) -> Job:
    claimed = await claims.claim_job(catalog, worker, lease_seconds=lease)
    assert claimed is not None
    return claimed
