"""The files that documents were read from: those of uploads, kept below RAG_HOME, and paths.

An upload lies at `originals/AB/ABCD…`, by the SHA-256 of its bytes, as long as there is a document
that was read from it.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from rag_core.catalog.engine import Catalog
from rag_core.catalog.originals import wanted_hashes
from rag_core.documents import hash_file
from rag_core.locks import in_turn

logger = logging.getLogger(__name__)

UPLOAD_PREFIX = "upload:"
"""What the source of an uploaded document begins with."""
IN_ARCHIVE = "!/"
"""Between an archive and what is in it."""
_FOLDER = "originals"
_HASH_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Dropped:
    """Kept files that were deleted."""

    files: int
    size_bytes: int


def kept_path(home: Path, content_hash: bytes) -> Path:
    """Where a kept file with this SHA-256 lies."""
    name = content_hash.hex()
    return home / _FOLDER / name[:2] / name


def find_original(home: Path, source: str, content_hash: bytes) -> Path | None:
    """The file that a document was read from, if there is one here; it may have changed since."""
    kept = kept_path(home, content_hash)
    if kept.is_file():
        return kept
    path = Path(source)
    return path if path.is_absolute() and path.is_file() else None


def is_in_archive(source: str) -> bool:
    """Whether a source names a file in an archive."""
    return IN_ARCHIVE in source


async def keep_originals(catalog: Catalog, home: Path, paths: Iterable[Path]) -> None:
    """Keep those of these files that PDF documents were read from; they stay where they are, too.

    Raises:
        OSError: a file cannot be read, or not be kept.
    """
    files = {await asyncio.to_thread(hash_file, path): path for path in paths}
    async with _turn(home):
        for content_hash in await wanted_hashes(catalog, list(files)):
            kept = kept_path(home, content_hash)
            await asyncio.to_thread(_keep, files[content_hash], kept)


async def drop_originals(
    catalog: Catalog, home: Path, hashes: Sequence[bytes] | None = None
) -> Dropped:
    """Delete the kept files, of these or of all, that no live document was read from."""
    if not (home / _FOLDER).is_dir():
        return Dropped(0, 0)
    async with _turn(home):
        asked = await asyncio.to_thread(_list_kept, home) if hashes is None else hashes
        unwanted = set(asked) - await wanted_hashes(catalog, asked)
        return await asyncio.to_thread(_delete, [kept_path(home, one) for one in unwanted])


def _turn(home: Path) -> AbstractAsyncContextManager[None]:
    """Between looking who wants a file and acting on it, nobody else does either."""
    return in_turn(home / _FOLDER / "lock")


def _keep(path: Path, kept: Path) -> None:
    """Give a file a second name; where there is none to be had, make a copy."""
    if kept.exists():
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        kept.hardlink_to(path)
    except OSError:
        part = kept.with_suffix(".part")
        shutil.copyfile(path, part)
        part.replace(kept)


def _list_kept(home: Path) -> list[bytes]:
    paths = (home / _FOLDER).glob("??/*")
    return [bytes.fromhex(path.name) for path in paths if len(path.name) == _HASH_DIGITS]


def _delete(paths: Iterable[Path]) -> Dropped:
    files = size_bytes = 0
    for path in paths:
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            logger.warning("a file of a removed document stays: %s", error)
            continue
        files, size_bytes = files + 1, size_bytes + size
    return Dropped(files, size_bytes)
