"""Writes a bundle: member after member, to a file that appears when it is whole."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ingest.bundle import VECTORS, Member
from rag_core.errors import BundleError
from rag_core.locks import try_lock


class BundleWriter:
    """Writes the members one after the other."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: dict[str, Member] = {}

    @contextmanager
    def member(self, name: str) -> Iterator[MemberWriter]:
        """Begin a member; its size and hash are known when it ends."""
        packed = zipfile.ZIP_STORED if name == VECTORS else zipfile.ZIP_DEFLATED
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type = packed
        info.external_attr = 0o600 << 16
        with self._archive.open(info, "w", force_zip64=True) as file:
            writer = MemberWriter(file)
            yield writer
        self.members[name] = Member(size_bytes=writer.size, sha256=writer.sha256.hexdigest())


class MemberWriter:
    """Counts and hashes what goes into a member."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, content: bytes) -> None:
        """Write on; blocks."""
        self._file.write(content)
        self.sha256.update(content)
        self.size += len(content)


@contextmanager
def write_bundle(path: Path, *, overwrite: bool) -> Iterator[BundleWriter]:
    """Write a file that is there when it is whole, and before that not at all.

    Raises:
        BundleError: it cannot be written, is there already, or another is writing it.
    """
    if path.exists() and not overwrite:
        raise BundleError(f"{str(path)!r} is there already: name another file, or use --overwrite")
    try:
        with _draft(path) as draft:
            with zipfile.ZipFile(draft, "w") as archive:
                yield BundleWriter(archive)
            _sync(draft)
            draft.replace(path)
            _sync(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(f"cannot write {str(path)!r}: {reason}") from error


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Lock the file that is to become this one; it is removed if it has not."""
    draft = path.with_name(f"{path.name}.part")
    lock = try_lock(draft)
    if lock is None:
        raise BundleError(f"another export is writing {str(path)!r}: wait for it")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
        os.close(lock)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
