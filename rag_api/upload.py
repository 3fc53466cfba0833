"""A multipart request, piece by piece: its files to the disk, its other fields to memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from rag_api.upload_names import MAX_NAME_CHARACTERS, clean_name, name_on_disk
from rag_core.catalog.jobs import UploadedFile
from rag_core.errors import InvalidRequestError, RequestTooLargeError, UploadsUnavailableError
from rag_core.originals import UPLOAD_PREFIX
from rag_core.threads import to_its_end
from rag_core.uploads import numbered

MAX_FILES = 1000
_MAX_FIELDS = 16
_MAX_FIELD_BYTES = 64 * 1024
_PIECE_BYTES = 1 << 20
"""What is gathered before a thread is asked to write it."""
_SPARE_BYTES = 64 << 20
"""What an upload leaves free on the disk: catalog and indexes need it more."""
_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n"}


@dataclass(slots=True)
class Received:
    """What a request carried."""

    files: list[UploadedFile] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


async def receive_upload(request: Request, folder: Path, *, max_bytes: int) -> Received:
    """Write the files of a request into a folder, each into one of its own by its number.

    Raises:
        InvalidRequestError: the body is no multipart form, or what it carries cannot be taken.
        RequestTooLargeError: the files are larger than they may be.
        UploadsUnavailableError: the disk takes no more.
    """
    _check_size(int(request.headers.get("content-length") or 0), max_bytes)
    reading = _Reading(_find_boundary(request), folder)
    try:
        waiting, size = bytearray(), 0
        async for piece in request.stream():
            size += len(piece)
            _check_size(size, max_bytes)
            waiting += piece
            if len(waiting) >= _PIECE_BYTES:
                await to_its_end(reading.feed, bytes(waiting))
                waiting.clear()
        await to_its_end(reading.feed, bytes(waiting))
        return await to_its_end(reading.finish)
    finally:
        reading.close()


def _find_boundary(request: Request) -> bytes:
    _, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise InvalidRequestError("the header content-type names no boundary between the files")
    return boundary


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise RequestTooLargeError(
            f"the upload has {size:,} bytes or more, the limit is {max_bytes:,} "
            "(RAG_MAX_UPLOAD_MB): send fewer files at once, or use `ingest add`"
        )


@dataclass(slots=True)
class _Headers:
    """The headers of the part that is being read."""

    read: dict[str, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytes = b""

    def read_name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def read_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def end(self) -> None:
        self.read[self.name.decode("latin-1").lower()] = self.value
        self.name = self.value = b""


@dataclass(slots=True)
class _Part:
    """The part that is being read."""

    name: str = ""
    value: bytearray | None = None
    """Of a plain field."""
    file: BinaryIO | None = None
    source: str = ""
    path: Path = Path()


class _Reading:
    """The state of one request; used by one thread at a time."""

    def __init__(self, boundary: bytes, folder: Path) -> None:
        self._folder = folder
        self._part, self._headers = _Part(), _Headers()
        self._received = Received()
        self._ended = False
        with _plain_faults():
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._headers.read_name,
                    "on_header_value": self._headers.read_value,
                    "on_header_end": self._headers.end,
                    "on_headers_finished": self._open,
                    "on_part_data": self._write,
                    "on_part_end": self._close,
                    "on_end": self._end,
                },
            )

    def feed(self, piece: bytes) -> None:
        """Read on."""
        with _plain_faults():
            _ensure_room(self._folder, len(piece))
            self._parser.write(piece)

    def finish(self) -> Received:
        """Give what was read, when all of it was; files are on the disk for good."""
        if not self._ended:
            raise InvalidRequestError("the multipart body breaks off before its last boundary")
        if not self._received.files:
            raise InvalidRequestError(
                "there is no file in the upload: send each as a part with a filename, such as "
                "curl --form file=@report.pdf"
            )
        return self._received

    def close(self) -> None:
        """Let go of the file that was being written."""
        if self._part.file is not None:
            self._part.file.close()

    def _begin(self) -> None:
        self._part = _Part()
        self._headers.read.clear()

    def _open(self) -> None:
        """Begin a part whose headers are known: a file if it has a file's name."""
        part = self._part
        _, options = parse_options_header(self._headers.read.get("content-disposition"))
        part.name = _decode(options.get(b"name", b""))
        if b"filename" in options:
            self._open_file(_unescape(_decode(options[b"filename"])))
            return
        if len(self._received.fields) >= _MAX_FIELDS or part.name in self._received.fields:
            raise InvalidRequestError(f"too many fields: {part.name!r} is one too many")
        part.value = bytearray()

    def _open_file(self, given: str) -> None:
        name, number = clean_name(given), len(self._received.files)
        if not name or len(name) > MAX_NAME_CHARACTERS:
            raise InvalidRequestError(
                f"a file is called {given[:MAX_NAME_CHARACTERS]!r}: it needs a name of 1 to "
                f"{MAX_NAME_CHARACTERS} characters"
            )
        if number >= MAX_FILES:
            raise InvalidRequestError(f"more than {MAX_FILES:,} files in one upload")
        source = UPLOAD_PREFIX + name
        if any(file.source == source for file in self._received.files):
            raise InvalidRequestError(f"two files are called {name!r}: one would hide the other")
        path = numbered(self._folder, number, name_on_disk(name))
        path.parent.mkdir(parents=True)
        self._part.source, self._part.path, self._part.file = source, path, path.open("xb")

    def _write(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.file is not None:
            part.file.write(data[start:end])
        elif part.value is not None:
            part.value += data[start:end]
            if len(part.value) > _MAX_FIELD_BYTES:
                raise RequestTooLargeError(f"the field {part.name!r} is too long")

    def _close(self) -> None:
        part = self._part
        if part.file is not None:
            part.file.flush()
            os.fsync(part.file.fileno())
            size = part.file.tell()
            part.file.close()
            self._received.files.append(UploadedFile(part.source, part.path.name, size))
        elif part.value is not None:
            self._received.fields[part.name] = _decode(bytes(part.value))

    def _end(self) -> None:
        self._ended = True


def move_into_place(part: Path, folder: Path) -> None:
    """Give a folder of received files its final name, for good."""
    with _plain_faults():
        part.rename(folder)
        parent = os.open(folder.parent, os.O_RDONLY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)


def _ensure_room(folder: Path, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < size + _SPARE_BYTES:
        raise UploadsUnavailableError(
            f"no room for uploads: RAG_HOME's disk has {free:,} bytes free, and {_SPARE_BYTES:,} "
            "are kept for what is stored already"
        )


@contextmanager
def _plain_faults() -> Iterator[None]:
    try:
        yield
    except FormParserError as error:
        raise InvalidRequestError(f"the multipart body cannot be read: {error}") from error
    except OSError as error:
        raise UploadsUnavailableError(
            f"the upload cannot be written to RAG_HOME: {error.strerror or error}"
        ) from error


def _decode(given: bytes) -> str:
    try:
        return given.decode()
    except UnicodeDecodeError:
        return given.decode("latin-1")


def _unescape(name: str) -> str:
    """Undo what browsers do to three characters in the names of files."""
    for escaped, character in _ESCAPES.items():
        name = name.replace(escaped, character)
    return name
