"""A collection as one portable file: a zip of its documents, its vectors and a manifest.

`documents.jsonl` has a document a line, `vectors.npy` a float32 row for each chunk in the same
order, `manifest.json` what they are, their sizes and SHA-256. Nothing is ever unpacked to a path.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self, cast

import numpy as np
from numpy.lib import format as npy
from pydantic import BaseModel, Field, ValidationError, model_validator

from ingest.parsed import Cut
from rag_core.documents import DEFAULT_SPLITTING, Chunk, Markup, Splitting
from rag_core.errors import BundleError
from rag_core.languages import detect_language

FORMAT = 1
DOCUMENTS, VECTORS, MANIFEST = "documents.jsonl", "vectors.npy", "manifest.json"
_PIECE = 1 << 20
_MAX_LINE_BYTES = 1 << 30
_MAX_MANIFEST_BYTES = 1 << 20
_MAX_INTEGER = (1 << 31) - 1
"""Of a database's column."""
_HASH = r"^[0-9a-f]{64}$"
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError)
"""What zipfile and zlib raise for files that are not what they say."""


class Member(BaseModel):
    """One file within the bundle."""

    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=_HASH)


class Manifest(BaseModel):
    """What a bundle holds."""

    kind: Literal["rag-collection"] = "rag-collection"
    format: int = FORMAT
    made_by: str = Field(default_factory=lambda: version("rag"))
    """The version of this program."""
    made_at: datetime
    collection: str = Field(min_length=1)
    fingerprint: str
    """Of the embedding model."""
    splitting: Splitting = DEFAULT_SPLITTING
    least_score: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """As `ingest eval --calibrate` chose it."""
    dimension: int = Field(ge=1, le=1 << 16)
    documents: int = Field(ge=0)
    chunks: int = Field(ge=0)
    members: dict[str, Member]


class BundledChunk(BaseModel):
    """Where a chunk is in its document; its text is what is there."""

    start: int = Field(ge=0)
    end: int
    page: Annotated[int, Field(ge=1, le=_MAX_INTEGER)] | None
    heading_path: tuple[str, ...]
    tokens: int = Field(ge=0, le=_MAX_INTEGER)

    def slice_from(self, text: str) -> Chunk:
        """The chunk, with its text out of the document's."""
        cut = Cut(self.start, self.end, self.tokens, self.page, self.heading_path)
        return cut.slice_from(text)


class BundledDocument(BaseModel):
    """A line of `documents.jsonl`."""

    source: str
    title: str
    media_type: str
    content_hash: str = Field(pattern=_HASH)
    size_bytes: int = Field(ge=0, le=1 << 62)
    metadata: dict[str, str]
    text: str
    page_starts: tuple[int, ...]
    markup: Markup = "markdown"
    language: str = Field("", pattern=r"^(?:[a-z]{2})?$")
    chunks: tuple[BundledChunk, ...]

    @property
    def spoken(self) -> str:
        """Its language, also where the bundle is of before languages were told."""
        return self.language or detect_language(self.text)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if any(not chunk.start <= chunk.end <= len(self.text) for chunk in self.chunks):
            raise ValueError("a chunk is outside its text")
        if any(later < earlier for earlier, later in pairwise(self.page_starts)):
            raise ValueError("the pages are not in order")
        return self


class Bundle:
    """A file of `write_bundle`, opened; every method raises BundleError when it is damaged."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._path = path
        self._archive = archive
        self.manifest = manifest

    @property
    def key(self) -> str:
        """Tells this content from any other."""
        members = self.manifest.members
        both = members[DOCUMENTS].sha256 + members[VECTORS].sha256
        return hashlib.sha256(both.encode()).hexdigest()

    def check(self) -> None:
        """Hold every member to the manifest's size and hash; blocks, some hundred MB a second."""
        header = len(numpy_header(self.manifest.chunks, self.manifest.dimension))
        vectors = header + 4 * self.manifest.chunks * self.manifest.dimension
        if self.manifest.members[VECTORS].size_bytes != vectors:
            raise self._damaged(f"{VECTORS} has another size than its chunks take")
        for name, member in self.manifest.members.items():
            if self._measure(name) != member:
                raise self._damaged(f"{name} is not what was written")

    def documents(self) -> Iterator[tuple[BundledDocument, np.ndarray]]:
        """Read document after document, with a vector a row for its chunks; blocks."""
        dimension, documents, chunks = self.manifest.dimension, 0, 0
        with (
            reading(self._path),
            self._archive.open(VECTORS) as vectors,
            self._archive.open(DOCUMENTS) as packed,
            io.BufferedReader(cast("io.RawIOBase", packed), _PIECE) as lines,
        ):
            header = numpy_header(self.manifest.chunks, dimension)
            if vectors.read(len(header)) != header:
                raise self._damaged(f"{VECTORS} is of another shape")
            while line := lines.readline(_MAX_LINE_BYTES):
                document = self._parse(line, documents + 1)
                rows = vectors.read(4 * dimension * len(document.chunks))
                matrix = np.frombuffer(rows, "<f4").reshape(len(document.chunks), dimension)
                if not np.isfinite(matrix).all():
                    raise self._damaged(f"{VECTORS} holds what is no number")
                yield document, matrix
                documents, chunks = documents + 1, chunks + len(document.chunks)
        if (documents, chunks) != (self.manifest.documents, self.manifest.chunks):
            raise self._damaged(f"it has {documents:,} documents and {chunks:,} chunks")

    def _measure(self, name: str) -> Member:
        sha256, size = hashlib.sha256(), 0
        with reading(self._path), self._archive.open(name) as file:
            while piece := file.read(_PIECE):
                sha256.update(piece)
                size += len(piece)
        return Member(size_bytes=size, sha256=sha256.hexdigest())

    def _parse(self, line: bytes, number: int) -> BundledDocument:
        try:
            return BundledDocument.model_validate_json(line)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            detail = f"line {number:,} of {DOCUMENTS}: {where} {fault['msg']}"
            raise self._damaged(detail) from error

    def _damaged(self, detail: str) -> BundleError:
        return BundleError(f"{str(self._path)!r} is damaged: {detail}; copy or export it again")


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a file of `write_bundle` and read its manifest.

    Raises:
        BundleError: it cannot be read, is damaged, or of a newer version.
    """
    with reading(path):
        archive = zipfile.ZipFile(path)
    with archive:
        with reading(path):
            manifest = _read_manifest(path, archive)
        yield Bundle(path, archive, manifest)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what files and zips raise into BundleError."""
    try:
        yield
    except FileNotFoundError as error:
        raise BundleError(f"no file {str(path)!r}") from error
    except OSError as error:
        raise BundleError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except _DAMAGED as error:
        raise BundleError(
            f"{str(path)!r} is damaged, not whole, or no file of 'ingest export': {error}"
        ) from error


def numpy_header(rows: int, columns: int) -> bytes:
    """What a `.npy` file of float32 begins with."""
    header = io.BytesIO()
    shape = {"descr": "<f4", "fortran_order": False, "shape": (rows, columns)}
    npy.write_array_header_1_0(header, shape)
    return header.getvalue()


def _read_manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    names = archive.namelist()
    if sorted(names) != sorted([DOCUMENTS, VECTORS, MANIFEST]):
        raise BundleError(f"{str(path)!r} is no file of 'ingest export'")
    with archive.open(MANIFEST) as file:
        content = file.read(_MAX_MANIFEST_BYTES)
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BundleError(f"{str(path)!r} is damaged: its {MANIFEST} cannot be read") from error
    if manifest.format != FORMAT:
        raise BundleError(
            f"{str(path)!r} is of format {manifest.format}, this version knows {FORMAT}: use the "
            f"version that made it ({manifest.made_by}) or a newer one"
        )
    if set(manifest.members) != {DOCUMENTS, VECTORS}:
        raise BundleError(f"{str(path)!r} is damaged: its {MANIFEST} names other members")
    return manifest
