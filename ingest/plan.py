"""Turns paths into the files to ingest, and says what was passed over and why."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingest.origins import LocalFile, Origin
from ingest.report import printable
from rag_core.errors import (
    DocumentError,
    UnreadableDocumentError,
    UnsupportedDocumentError,
)

SUFFIXES = frozenset(
    re.findall(
        r"\.\w+",
        ".md .mdx .markdown .txt .text .rst .adoc .asciidoc .org .log .html .htm .xhtml .pdf .doc "
        ".docx .pptx .odt .odp .odg .rtf .epub .eml .msg .xlsx .xlsm .xlsb .xls .ods .csv .tsv "
        ".tab .json .jsonl .ndjson .geojson .ipynb .xml .rss .atom "
        ".py .pyi .js .mjs .jsx .ts .tsx .java .kt .scala .go .rs .c .h .cc .cpp .hpp .cs .swift "
        ".rb .php .sh .bash .ps1 .lua .r .sql .proto .tf",
    )
)
"""Of the files that are taken from folders. One that is named itself is taken with any suffix:
its loader looks at what it holds. A test holds them to those that the loaders know, which are not
imported here, since they bring their libraries along."""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A regular file that a loader may read."""

    source: str
    """The document's name in its collection: for a file of this machine its absolute path, links
    in it kept."""
    size_bytes: int
    """Of one elsewhere a guess."""
    origin: Origin
    """Where its bytes come from."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ingest, in the order of the names, each file once."""

    files: tuple[PlannedFile, ...]
    skipped: Mapping[str, int]
    """How many files of folders were passed over, by reason."""
    faults: tuple[tuple[str, DocumentError], ...]
    """Paths that were named, or folders on the way, that cannot be read."""


@dataclass(slots=True)
class _Walk:
    """What one walk has found so far."""

    files: dict[str, int] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, DocumentError]] = field(default_factory=list)
    folders: set[tuple[int, int]] = field(default_factory=set)
    """Device and inode of our own store and of each folder seen: a link that leads back ends."""


def name_source(path: str) -> str:
    """Name a path as sources are named: absolute, without `..`, links kept."""
    return os.path.abspath(path)  # noqa: PTH100 - pathlib's keeps `a/../b`


def plan_paths(paths: Iterable[Path], *, home: Path | None = None) -> Plan:
    """List the files under these paths; folders recursively, hidden ones and `home` left out.

    A path that is named itself and cannot be ingested is a fault; a file met in a folder that
    cannot is skipped and counted.
    """
    walk = _Walk()
    if home is not None and home.is_dir():
        walk.folders.add(_identity(home))
    for path in paths:
        _plan_named(walk, name_source(str(path)))
    files = tuple(
        PlannedFile(source, size, LocalFile(source)) for source, size in sorted(walk.files.items())
    )
    return Plan(files, dict(walk.skipped), tuple(walk.faults))


def _plan_named(walk: _Walk, path: str) -> None:
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            _plan_folder(walk, path)
            return
        reason = _reason_against(path, status)
    except OSError as error:
        walk.faults.append((printable(path), _unreadable(path, error)))
        return
    if reason is None:
        walk.files[path] = status.st_size
    else:
        walk.faults.append(
            (printable(path), UnsupportedDocumentError(f"cannot ingest {path!r}: {reason}"))
        )


def _plan_folder(walk: _Walk, top: str) -> None:
    pending = [top]
    while pending:
        folder = pending.pop()
        try:
            pending += _plan_entries(walk, folder)
        except OSError as error:
            walk.faults.append((printable(folder), _unreadable(folder, error)))


def _plan_entries(walk: _Walk, folder: str) -> list[str]:
    """Plan the files right in a folder; returns the folders in it."""
    folders = []
    for entry in _new_entries(walk, folder):
        if entry.is_dir():
            folders.append(entry.path)
        else:
            _plan_entry(walk, entry)
    return folders


def _new_entries(walk: _Walk, folder: str) -> Iterator[os.DirEntry[str]]:
    identity = _identity(Path(folder))
    if identity in walk.folders:
        return
    walk.folders.add(identity)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                walk.skipped["hidden"] += 1
            else:
                yield entry


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _plan_entry(walk: _Walk, entry: os.DirEntry[str]) -> None:
    try:
        status = entry.stat()
    except OSError as error:
        walk.faults.append((printable(entry.path), _unreadable(entry.path, error)))
        return
    reason = _reason_against(entry.path, status) or _suffix_reason(entry.name)
    if reason is None:
        walk.files[entry.path] = status.st_size
    else:
        walk.skipped[reason] += 1


def _reason_against(path: str, status: os.stat_result) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return "neither a file nor a folder"
    return None if _is_utf8(path) else "the name is not valid UTF-8: rename it"


def _suffix_reason(name: str) -> str | None:
    suffix = Path(name).suffix.lower()
    if suffix in SUFFIXES:
        return None
    return f"no loader for {suffix}" if suffix else "no loader for names without a suffix"


def _is_utf8(path: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in path)


def _unreadable(path: str, error: OSError) -> UnreadableDocumentError:
    if isinstance(error, FileNotFoundError):
        return UnreadableDocumentError(f"no such file or folder: {path!r}")
    return UnreadableDocumentError(f"cannot read {path!r}: {error.strerror or error}")
