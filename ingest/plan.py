"""Turns paths into the files to ingest, and says what was passed over and why."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.archives import is_archive
from ingest.members import list_members
from ingest.origins import LocalFile, Origin
from ingest.report import printable
from ingest.rules import Rules, Selection, open_rules
from ingest.unpack import ArchiveMember, Unpacker
from rag_core.errors import (
    DocumentError,
    UnreadableDocumentError,
    UnsupportedDocumentError,
)
from rag_core.originals import IN_ARCHIVE

SUFFIXES = frozenset(
    re.findall(
        r"\.\w+",
        ".md .mdx .markdown .txt .text .rst .adoc .asciidoc .org .log .html .htm .xhtml .pdf .doc "
        ".docx .docm .dotx .pptx .pptm .ppsx .odt .odp .odg .rtf .epub .eml .msg .xlsx .xlsm .xltx "
        ".xlsb .xls .ods .csv .tsv "
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
    in it kept; for one in an archive the archive's, `!/` and its path in there."""
    size_bytes: int
    """Of one elsewhere a guess."""
    origin: Origin
    """Where its bytes come from."""
    content_hash: bytes | None = None
    """SHA-256, where the planning has seen the bytes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ingest, each file once: in the order of the names, within an archive in its own."""

    files: tuple[PlannedFile, ...]
    skipped: Mapping[str, int]
    """How many files of folders and archives were passed over, by reason."""
    faults: tuple[tuple[str, DocumentError], ...]
    """Paths that were named, folders and archives on the way, and members of archives, that
    cannot be read."""


@dataclass(slots=True)
class _Walk:
    """What one walk has found so far."""

    wanted: Selection
    unpacker: Unpacker
    files: dict[str, Sequence[PlannedFile]] = field(default_factory=dict)
    """By path: the file itself, or those in an archive."""
    skipped: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, DocumentError]] = field(default_factory=list)
    folders: set[tuple[int, int]] = field(default_factory=set)
    """Device and inode of our own store and of each folder seen: a link that leads back ends."""


def name_source(path: str) -> str:
    """Name a path as sources are named: absolute, without `..`, links kept."""
    return os.path.abspath(path)  # noqa: PTH100 - pathlib's keeps `a/../b`


def name_below(source: str) -> tuple[str, str]:
    """How the names begin of what lies below a source: in a folder, or in an archive."""
    return f"{source.rstrip('/')}/", f"{source}{IN_ARCHIVE}"


def find_container(source: str) -> str:
    """The archive that a source is in; the source itself when it is in none."""
    if not source.startswith("/") or Path(source).exists():  # a URL is in none
        return source
    return source.partition(IN_ARCHIVE)[0]


def plan_paths(
    paths: Iterable[Path], *, home: Path | None = None, wanted: Selection | None = None
) -> Plan:
    """List the files under these paths; folders recursively, hidden ones and `home` left out.

    Archives are read through once; their members are unpacked below `home`, one at a time.

    A path that is named itself and cannot be ingested is a fault; a file met in a folder that
    cannot, or is not wanted, is skipped and counted.
    """
    spool = home / "unpacked" if home else Path(tempfile.gettempdir(), f"unpacked-{os.getuid()}")
    walk = _Walk(wanted or Selection(), Unpacker(spool))
    if home is not None and home.is_dir():
        walk.folders.add(_identity(home))
    for path in paths:
        _plan_named(walk, name_source(str(path)))
    files = tuple(file for _, group in sorted(walk.files.items()) for file in group)
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
    if reason is not None:
        refusal = UnsupportedDocumentError(f"cannot ingest {path!r}: {reason}")
        walk.faults.append((printable(path), refusal))
    elif is_archive(path):
        rules = open_rules(replace(walk.wanted, ignore_files=False), path)
        _plan_archive(walk, path, status.st_size, rules)
    else:
        walk.files[path] = (PlannedFile(path, status.st_size, LocalFile(path)),)


def _plan_folder(walk: _Walk, top: str) -> None:
    pending: list[tuple[str, Rules | None]] = [(top, None)]
    while pending:
        folder, above = pending.pop()
        try:
            rules = (above or open_rules(walk.wanted, top)).below(folder)
            pending += ((path, rules) for path in _plan_entries(walk, folder, rules))
        except OSError as error:  # of a closed folder, and not of an ignore file in it
            closed = not os.access(folder, os.R_OK | os.X_OK)
            path = folder if closed else error.filename or folder
            walk.faults.append((printable(folder), _unreadable(path, error)))
        except DocumentError as error:
            walk.faults.append((printable(folder), error))


def _plan_entries(walk: _Walk, folder: str, rules: Rules) -> list[str]:
    """Plan the files right in a folder; returns the folders in it."""
    folders = []
    for entry in _new_entries(walk, folder):
        is_folder = entry.is_dir()
        reason = rules.reason_against(entry.path, folder=is_folder or is_archive(entry.name))
        if reason is not None:
            walk.skipped[reason] += 1
        elif is_folder:
            folders.append(entry.path)
        else:
            _plan_entry(walk, entry, rules)
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


def _plan_entry(walk: _Walk, entry: os.DirEntry[str], rules: Rules) -> None:
    try:
        status = entry.stat()
    except OSError as error:
        walk.faults.append((printable(entry.path), _unreadable(entry.path, error)))
        return
    reason = _reason_against(entry.path, status)
    if reason is None and is_archive(entry.name):
        _plan_archive(walk, entry.path, status.st_size, rules)
        return
    reason = reason or _suffix_reason(entry.name, rules)
    if reason is None:
        file = PlannedFile(entry.path, status.st_size, LocalFile(entry.path))
        walk.files[entry.path] = (file,)
    else:
        walk.skipped[reason] += 1


def _plan_archive(walk: _Walk, path: str, size_bytes: int, rules: Rules) -> None:
    if path in walk.files:
        return
    try:
        contents = list_members(path, lambda name: _member_reason(path, name, rules))
    except DocumentError as error:
        walk.faults.append((printable(path), error))
        return
    if contents.is_document:
        walk.files[path] = (PlannedFile(path, size_bytes, LocalFile(path)),)
        return
    walk.skipped += contents.skipped
    walk.faults += [
        (f"{printable(path)}{IN_ARCHIVE}{name}", error) for name, error in contents.faults
    ]
    if contents.damage is not None:
        walk.faults.append((printable(path), contents.damage))
    walk.files[path] = [
        PlannedFile(
            f"{path}{IN_ARCHIVE}{member.name}",
            member.size_bytes,
            ArchiveMember(walk.unpacker, path, member),
            member.content_hash,
        )
        for member in contents.members.values()
    ]


def _member_reason(archive: str, name: str, rules: Rules) -> str | None:
    if is_archive(name):
        return "an archive in an archive: unpack it"
    return rules.reason_against_member(archive, name) or _suffix_reason(Path(name).name, rules)


def _reason_against(path: str, status: os.stat_result) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return "neither a file nor a folder"
    return None if _is_utf8(path) else "the name is not valid UTF-8: rename it"


def _suffix_reason(name: str, rules: Rules) -> str | None:
    return None if rules.spells(name) else suffix_reason(name)


def suffix_reason(name: str) -> str | None:
    """Say why there is no loader for a file of this name; None when there is one."""
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
