"""Short ways to upload without the API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rag_core.catalog import claims, jobs
from rag_core.catalog.engine import Catalog
from rag_core.catalog.jobs import Job, UploadedFile, Wanted
from rag_core.uploads import numbered, upload_folder


async def upload(
    catalog: Catalog,
    home: Path,
    texts: Mapping[str, str],
    *,
    metadata: Mapping[str, str] | None = None,
) -> Job:
    """Put files where the API puts them, and store their job."""
    files = tuple(UploadedFile(f"upload:{name}", name, len(text)) for name, text in texts.items())
    wanted = Wanted("default", files, metadata=metadata)
    for number, (name, text) in enumerate(texts.items()):
        path = numbered(upload_folder(home, wanted.id), number, name)
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return await jobs.add_job(catalog, wanted)


async def claim(catalog: Catalog, *, lease_seconds: float = 60) -> Job:
    """Take the oldest job, as a worker does."""
    claimed = await claims.claim_job(catalog, "one", lease_seconds=lease_seconds)
    assert claimed is not None
    return claimed
