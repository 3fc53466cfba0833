"""A sitemap to the pages it lists, or the sitemaps: XML without entities, read part by part."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from rag_core.errors import OversizedDocumentError, UnreadableDocumentError

_PART_BYTES = 1 << 16
_MOST_BYTES = 50 << 20
"""Unpacked; what the protocol allows."""
_GZIP = b"\x1f\x8b"
_LONGEST_TEXT = 4096
_FIELD_DEPTH = 3
"""Of root, entry, field."""
_DATE_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class Listed:
    """What a sitemap names."""

    url: str
    """As it stands there."""
    lastmod: str | None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A list of pages, or an index of sitemaps."""

    is_index: bool
    entries: tuple[Listed, ...]
    left_out: int
    """How many more there were."""


class _NoSitemap(Exception):  # noqa: N818 - a signal out of the parser, never seen outside
    """The root is of something else, or there is a document type."""


def read_sitemap(path: Path, *, most: int) -> Sitemap | None:
    """Read the first entries of a sitemap, packed or not; None when it is none.

    Raises:
        UnreadableDocumentError: it is broken in the middle.
        OversizedDocumentError: it is too large.
    """
    reader = _Reader(most)
    try:
        for part in _read_parts(path):
            reader.parser.Parse(part, False)  # noqa: FBT003 - whether it is the last one
        reader.parser.Parse(b"", True)  # noqa: FBT003
    except _NoSitemap:
        return None
    except (expat.ExpatError, EOFError, zlib.error, OSError, ValueError) as error:
        if reader.root is None:
            return None
        raise UnreadableDocumentError(f"the sitemap is damaged: {error}") from error
    return Sitemap(reader.root == "sitemapindex", tuple(reader.entries), reader.left_out)


def is_settled(lastmod: str, *, fetched_at: datetime) -> bool:
    """Tell whether a page that says so of itself cannot have changed since it was fetched."""
    try:
        changed = datetime.fromisoformat(lastmod.strip())
    except ValueError:
        return False
    changed = changed.replace(tzinfo=UTC) if changed.tzinfo is None else changed
    if len(lastmod.strip()) <= _DATE_CHARACTERS:
        changed += timedelta(days=2)  # a day ends last in the west of the Pacific
    return changed < fetched_at


@dataclass(slots=True)
class _Reader:
    """Collects the entries while the parser goes through the file."""

    most: int
    root: str | None = None
    entries: list[Listed] = field(default_factory=list)
    left_out: int = 0
    parser: expat.XMLParserType = field(init=False)
    _path: list[str] = field(default_factory=list)
    _fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._open
        self.parser.EndElementHandler = self._close
        self.parser.CharacterDataHandler = self._take

    def _refuse(self, *_: object) -> None:
        raise _NoSitemap

    def _open(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if self.root is None:
            if local not in ("urlset", "sitemapindex"):
                raise _NoSitemap
            self.root = local
        self._path.append(local)

    def _take(self, text: str) -> None:
        name = self._path[-1]
        if len(self._path) == _FIELD_DEPTH and name in ("loc", "lastmod"):
            self._fields[name] = (self._fields.get(name, "") + text)[:_LONGEST_TEXT]

    def _close(self, _: str) -> None:
        self._path.pop()
        if len(self._path) != 1:
            return
        url = self._fields.pop("loc", "").strip()
        lastmod = self._fields.pop("lastmod", "").strip() or None
        if url and len(self.entries) < self.most:
            self.entries.append(Listed(url, lastmod))
        elif url:
            self.left_out += 1


def _read_parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        opened: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=file) if packed else file
        size = 0
        while part := opened.read(_PART_BYTES):
            size += len(part)
            if size > _MOST_BYTES:
                raise OversizedDocumentError(f"a sitemap has more than {_MOST_BYTES:,} bytes")
            yield part
