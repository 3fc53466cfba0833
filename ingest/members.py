"""An archive to the members that are to be ingested, and what was passed over and why."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.archives import MAX_ARCHIVE_BYTES, Entry, read_entries
from ingest.report import printable
from rag_core.errors import DocumentError, OversizedDocumentError, UnreadableDocumentError

_MOST_ENTRIES = 100_000
_LONGEST_NAME = 1_000
_OUTSIDE = re.compile(r"^/|^[A-Za-z]:|(^|/)\.\.(/|$)")
_HIDDEN = re.compile(r"(^|/)\.[^/]")
_DOCUMENT_PARTS = ("[Content_Types].xml", "META-INF/container.xml")
"""What an Office file and an EPUB hold, whatever they are named."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive that is to be ingested."""

    name: str
    """Its path within the archive."""
    position: int
    """Among the archive's files."""
    size_bytes: int
    content_hash: bytes
    """SHA-256: its bytes were read when the archive was listed."""


@dataclass(slots=True)
class Contents:
    """What an archive holds, in its own order."""

    members: dict[str, Member] = field(default_factory=dict)
    """By name."""
    skipped: Counter[str] = field(default_factory=Counter)
    """How many files were passed over, by reason."""
    faults: list[tuple[str, DocumentError]] = field(default_factory=list)
    """Members that cannot be read, by name."""
    damage: UnreadableDocumentError | None = None
    """Where the archive breaks off; the members before it are sound."""
    is_document: bool = False
    """It is no archive but one document of many parts, as Office files are."""


def list_members(
    archive: str, reason_against: Callable[[str], str | None], *, most_entries: int = _MOST_ENTRIES
) -> Contents:
    """Read an archive through once; `reason_against` tells why a name is not wanted.

    Raises:
        OversizedDocumentError: it is a bomb, or passes a limit: nothing of it is to be used.
    """
    contents = Contents()
    total = 0
    try:
        for position, entry in enumerate(read_entries(archive)):
            contents.is_document |= _tells_document(archive, entry.name, position)
            total += _list_entry(contents, position, entry, reason_against)
            if position >= most_entries or total > MAX_ARCHIVE_BYTES:
                raise OversizedDocumentError(
                    f"it holds more than {most_entries} files or {MAX_ARCHIVE_BYTES >> 20} MB: "
                    "unpack it and add the folder"
                )
    except UnreadableDocumentError as error:
        contents.damage = error
    return contents


def _tells_document(archive: str, name: str, position: int) -> bool:
    """Whether an entry is one of those that make a zip an Office, EPUB or OpenDocument file."""
    first = position == 0 and name == "mimetype"
    return archive.lower().endswith(".zip") and (first or name in _DOCUMENT_PARTS)


def _list_entry(
    contents: Contents, position: int, entry: Entry, reason_against: Callable[[str], str | None]
) -> int:
    """Put an entry where it belongs; returns how many bytes were unpacked for it."""
    name = posixpath.normpath(entry.name)
    against = _name_reason(entry.name) or reason_against(name) or entry.against
    if isinstance(against, DocumentError):
        contents.faults.append((printable(entry.name), against))
        return 0
    if against is not None:
        contents.skipped[against] += 1
        return 0
    size, digest = 0, hashlib.sha256()
    try:
        for piece in entry.pieces():
            size += len(piece)
            digest.update(piece)
    except DocumentError as error:
        contents.faults.append((printable(entry.name), error))
        return size
    if contents.members.pop(name, None) is not None:
        contents.skipped["replaced by a later file of the same name in its archive"] += 1
    contents.members[name] = Member(name, position, size, digest.digest())
    return size


def _name_reason(name: str) -> DocumentError | str | None:
    """Why a name is refused; none is used as a path, but who writes such means no good."""
    if any("\ud800" <= character <= "\udfff" for character in name):
        return "the name is not valid UTF-8: rename it"
    if _OUTSIDE.search(name):
        return UnreadableDocumentError("its name leads out of the archive")
    if "\0" in name or len(name.encode()) > _LONGEST_NAME:
        return UnreadableDocumentError(f"its name has more than {_LONGEST_NAME} bytes, or a zero")
    return "hidden" if _HIDDEN.search(name) else None
