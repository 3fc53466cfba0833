"""An archive to its entries, in their order, with nothing believed that it says of itself."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tarfile import HeaderError, ReadError
from typing import IO, BinaryIO, Self

from ingest.bombs import is_bomb
from ingest.xz import open_xz
from rag_core.errors import DocumentError, OversizedDocumentError, UnreadableDocumentError

MAX_ENTRY_BYTES = 512 << 20
MAX_ARCHIVE_BYTES = 4 << 30
"""Of all that is in one."""

_PIECE_BYTES = 1 << 20
_MAX_LIST_BYTES = 32 << 20
"""Of a zip's list of contents, which is read as a whole."""
_MAX_HEADER_BYTES = 1 << 20
"""Of a tar's headers, which are read as a whole too."""
_ENCRYPTED = 1
_UTF8_NAME = 0x800
_UNIX = 3
_END_BYTES = (1 << 16) + 256
_END_OF_ZIP = re.compile(b"PK\x05\x06.{8}(.{4})", re.DOTALL)
_END_OF_ZIP64 = re.compile(b"PK\x06\x06.{36}(.{8})", re.DOTALL)
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
_LONG_HEADERS = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(RuntimeError, ValueError, struct.error, IndexError, OverflowError),
)
"""What the libraries raise when an archive is damaged, or made to hurt them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in an archive; it can be read until the next one is asked for."""

    name: str
    against: DocumentError | str | None
    """Why it is not to be read: an error, or a reason to pass it over."""
    open: Callable[[], IO[bytes]]
    packed_bytes: int | None
    """None when it is packed together with others."""

    def pieces(self) -> Iterator[bytes]:
        """Its bytes, some at a time.

        Raises:
            OversizedDocumentError: there are too many, or they come out of too few.
            UnreadableDocumentError: they are damaged.
        """
        size = 0
        try:
            with self.open() as stream:
                while piece := stream.read(_PIECE_BYTES):
                    size += len(piece)
                    self._refuse_too_many(size)
                    yield piece
        except _BROKEN as error:
            raise UnreadableDocumentError(f"it is damaged in its archive: {error}") from error

    def _refuse_too_many(self, size: int) -> None:
        if size > MAX_ENTRY_BYTES:
            raise OversizedDocumentError(f"it has more than {MAX_ENTRY_BYTES >> 20} MB")
        packed = self.packed_bytes
        if packed is not None and is_bomb(packed=packed, unpacked=size):
            raise OversizedDocumentError(
                f"it looks like a bomb: {packed} bytes unpack to {size} or more"
            )


def is_archive(name: str) -> bool:
    """Whether a file of this name is taken for an archive, or for one packed file."""
    return _suffix(name) in _READERS


def read_entries(path: str) -> Iterator[Entry]:
    """The files in an archive; folders are left out.

    Raises:
        OversizedDocumentError: it is a bomb.
        UnreadableDocumentError: it is no archive, or damaged from here on.
    """
    try:
        with Path(path).open("rb") as file:
            yield from _READERS[_suffix(path)](file)
    except _BROKEN as error:
        raise UnreadableDocumentError(f"the archive breaks off: {error}") from error


def _suffix(name: str) -> str:
    return next((suffix for suffix in _READERS if name.lower().endswith(suffix)), "")


def _read_zip(file: BinaryIO) -> Iterator[Entry]:
    _refuse_long_list(file)
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                opener = partial(archive.open, info)
                yield Entry(_zip_name(info), _zip_reason(info), opener, info.compress_size)


def _refuse_long_list(file: BinaryIO) -> None:
    """Look at the size of the list of contents where the zip ends: zipfile reads it whole."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END_BYTES))
    end = file.read()
    sizes = [int.from_bytes(found[1], "little") for found in _END_OF_ZIP.finditer(end)]
    sizes += [int.from_bytes(found[1], "little") for found in _END_OF_ZIP64.finditer(end)]
    honest = [listed for listed in sizes if listed < size]  # others zipfile refuses itself
    if max(honest, default=0) > _MAX_LIST_BYTES:
        raise OversizedDocumentError(f"its list of contents has more than {_MAX_LIST_BYTES} bytes")


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name; many programs write UTF-8 and do not say so, and Windows' backslashes part."""
    name = info.filename
    if not info.flag_bits & _UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name if info.create_system == _UNIX else name.replace("\\", "/")


def _zip_reason(info: zipfile.ZipInfo) -> DocumentError | str | None:
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    if stat.S_ISLNK(mode):
        return "a link in an archive"
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        return "neither a file nor a folder"
    if info.flag_bits & _ENCRYPTED:
        return UnreadableDocumentError("it is encrypted: unpack the archive with its password")
    if info.compress_type not in _METHODS:
        return UnreadableDocumentError(
            f"it is packed by method {info.compress_type}, which is not read: unpack the archive"
        )
    return None


def _read_tar(
    file: BinaryIO, *, unpack: Callable[[BinaryIO], IO[bytes]] | None = None
) -> Iterator[Entry]:
    with unpack(file) if unpack else nullcontext(file) as stream:
        counted = _Counted(stream, file)
        with tarfile.open(
            fileobj=counted, mode="r|", tarinfo=_Header, encoding="utf-8", errors="surrogateescape"
        ) as archive:
            yield from _each_file(archive)
        while counted.read(_PIECE_BYTES):
            pass  # to the check sum at the end


def _each_file(archive: tarfile.TarFile) -> Iterator[Entry]:
    while (info := archive.next()) is not None:
        archive.members = []  # type: ignore[attr-defined] # or it would remember them all
        if not info.isdir():
            yield Entry(info.name, _tar_reason(info), partial(_open, archive, info), None)


def _open(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(info)
    if stream is None:
        raise tarfile.ReadError("no file")
    return stream


def _tar_reason(info: tarfile.TarInfo) -> DocumentError | str | None:
    if info.issym() or info.islnk():
        return "a link in an archive"
    if not info.isreg():
        return "neither a file nor a folder"
    if info.issparse():
        return UnreadableDocumentError("it is a sparse file: unpack the archive")
    return None


class _Header(tarfile.TarInfo):
    """The header of an entry; tarfile would take one that is damaged for the archive's end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read one; refuse one that announces a very long one, which would be read whole."""
        if not any(buf):
            return super().frombuf(buf, encoding, errors)  # raises what tells of the end
        try:
            header = super().frombuf(buf, encoding, errors)
        except HeaderError as error:
            raise ReadError(f"{error} of an entry") from error
        if header.type in _LONG_HEADERS and header.size > _MAX_HEADER_BYTES:
            raise ReadError(f"a header has {header.size} bytes")
        return header


class _Counted(io.RawIOBase):
    """What comes out of an archive that is packed as a whole."""

    def __init__(self, stream: IO[bytes], packed: BinaryIO) -> None:
        self._stream = stream
        self._packed = packed
        self._count = 0

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes.

        Raises:
            OversizedDocumentError: they are too many.
        """
        piece = self._stream.read(size)
        self._count += len(piece)
        if self._count > MAX_ARCHIVE_BYTES:
            raise OversizedDocumentError(
                f"it unpacks to more than {MAX_ARCHIVE_BYTES >> 20} MB: unpack it"
            )
        if is_bomb(packed=self._packed.tell(), unpacked=self._count):
            raise OversizedDocumentError(
                f"it looks like a bomb: {self._packed.tell()} bytes unpack to {self._count} or more"
            )
        return piece


def _read_packed(
    file: BinaryIO, *, unpack: Callable[[BinaryIO], IO[bytes]], suffix: str
) -> Iterator[Entry]:
    size = os.fstat(file.fileno()).st_size
    name = Path(file.name).name
    yield Entry(name[: -len(suffix)], None, lambda: unpack(file), size)


def _gunzip(file: BinaryIO) -> io.BufferedReader:
    return io.BufferedReader(gzip.GzipFile(fileobj=file), _PIECE_BYTES)


_COMPRESSIONS: dict[str, Callable[[BinaryIO], IO[bytes]]] = {
    ".gz": _gunzip,
    ".bz2": bz2.BZ2File,
    ".xz": open_xz,
}
_READERS: dict[str, Callable[[BinaryIO], Iterator[Entry]]] = {
    ".zip": _read_zip,
    ".tar": _read_tar,
    ".tgz": partial(_read_tar, unpack=_gunzip),
    ".txz": partial(_read_tar, unpack=open_xz),
    ".tbz2": partial(_read_tar, unpack=bz2.BZ2File),
    **{f".tar{end}": partial(_read_tar, unpack=unpack) for end, unpack in _COMPRESSIONS.items()},
    **{
        end: partial(_read_packed, unpack=unpack, suffix=end)
        for end, unpack in _COMPRESSIONS.items()
    },
}
"""By suffix, the longer before its end."""
