"""A file to a Document, by the loader for what the file holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from ingest.load.kinds import find_kind
from ingest.load.mail import MAX_DEPTH, Attachment, Mail, make_document
from ingest.load.packages import MAIL_READERS, PACKAGE_LOADERS
from ingest.load.pdf import load_pdf
from ingest.load.records import load_records
from ingest.load.text import load_text
from ingest.load.textual import TEXT_LOADERS
from rag_core.documents import Document
from rag_core.errors import (
    DocumentError,
    EmptyDocumentError,
    OversizedDocumentError,
    UnreadableDocumentError,
)

MAX_FILE_BYTES = 512 << 20
"""No loader reads more; each has its own limit below this."""

_LOADERS = {**PACKAGE_LOADERS, **TEXT_LOADERS}


@dataclass(frozen=True, slots=True)
class Options:
    """What a user says of how files are read."""

    passwords: Sequence[str] = field(default=(), repr=False)
    """Tried in turn where a PDF asks for one."""
    fields: Sequence[str] = ()
    """Of records of JSON, those that are read; all when there are none."""


NO_OPTIONS = Options()


def load_document(
    path: Path, *, source: str, content: bytes | None = None, options: Options = NO_OPTIONS
) -> Document:
    """Read a file, or its content when it is at hand; the path then only names it.

    Raises:
        DocumentError: it cannot be read; the branches say why, and no library's error passes.
    """
    if content is None:
        content = _read_file(path)
    try:
        return _Reading(source, options).load(path, content, depth=0)
    except RecursionError as error:
        raise UnreadableDocumentError(f"{path.name!r} is nested too deeply") from error


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file on its way to a Document, with all that is attached to it."""

    source: str
    options: Options

    def load(self, path: Path, content: bytes, *, depth: int) -> Document:
        """Read a file, or an attachment that lies so many messages deep."""
        name = path.name
        if not content:
            raise EmptyDocumentError(f"{name!r} is empty")
        kind = find_kind(path.suffix, content, name=name)
        if kind == "text":
            return load_text(content, source=self.source, name=name)
        if kind in MAIL_READERS:
            return self._load_mail(MAIL_READERS[kind](content, name=name), path, depth)
        loaders = _LOADERS | {
            "pdf": partial(load_pdf, passwords=self.options.passwords),
            "json": partial(load_records, fields=self.options.fields),
        }
        return loaders[kind](content, source=self.source, name=name, stem=path.stem)

    def _load_mail(self, mail: Mail, path: Path, depth: int) -> Document:
        """The message with its attachments, each of which costs only itself when it is broken."""
        attached = [
            self._load_attachment(item, number, depth + 1)
            for number, item in enumerate(mail.attachments, 1)
        ]
        return make_document(mail, attached, source=self.source, name=path.name, stem=path.stem)

    def _load_attachment(
        self, item: Attachment | Mail, number: int, depth: int
    ) -> tuple[str, Document | DocumentError]:
        title = (item.subject if isinstance(item, Mail) else item.name) or f"number {number}"
        # A name from outside: only its last part may name anything.
        path = Path(PurePosixPath(title.replace("\\", "/")).name or title)
        try:
            if depth > MAX_DEPTH:
                raise OversizedDocumentError(f"{title!r} lies more than {MAX_DEPTH} messages deep")
            if isinstance(item, Mail):
                return title, self._load_mail(item, path, depth)
            return title, self.load(path, item.content, depth=depth)
        except DocumentError as error:
            return title, error


def _read_file(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise OversizedDocumentError(
                f"{path.name!r} has {size >> 20} MiB, files may have {MAX_FILE_BYTES >> 20}"
            )
        return path.read_bytes()
    except OSError as error:
        raise UnreadableDocumentError(f"{str(path)!r} cannot be read: {error.strerror}") from error
