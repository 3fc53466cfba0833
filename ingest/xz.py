"""An xz file to its bytes, in little memory: the standard library's reader knows no limit."""

from __future__ import annotations

import io
import lzma
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MEMORY_BYTES = 128 << 20
"""Of the dictionary and what goes with it; `xz -9` takes 65 MB."""
_READ_BYTES = 1 << 16


def open_xz(file: BinaryIO) -> io.BufferedReader:
    """Read what is packed in a file; several xz streams may follow one another.

    Reading raises lzma.LZMAError and EOFError.
    """
    return io.BufferedReader(_Stream(file), _READ_BYTES)


class _Stream(io.RawIOBase):
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._unpacker = _make_unpacker()
        self._packed = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer, or a part of it; 0 at the end."""
        view = memoryview(buffer).cast("B")
        while not self._unpacker.eof or self._go_on():
            packed = self._take() if self._unpacker.needs_input else b""
            piece = self._unpacker.decompress(packed, len(view))
            if piece:
                view[: len(piece)] = piece
                return len(piece)
        return 0

    def _take(self) -> bytes:
        packed, self._packed = self._packed or self._file.read(_READ_BYTES), b""
        if not packed:
            raise EOFError("it ends in the middle")
        return packed

    def _go_on(self) -> bool:
        """Begin the next stream, if there is one behind the zeros that may lie between."""
        rest = self._unpacker.unused_data.lstrip(b"\0")
        while not rest:
            packed = self._file.read(_READ_BYTES)
            if not packed:
                return False
            rest = packed.lstrip(b"\0")
        self._packed, self._unpacker = rest, _make_unpacker()
        return True


def _make_unpacker() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES)
