"""Writes small compound files, as old Office programs and Outlook make them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

Folder = Mapping[str, "bytes | Folder"]

_SECTOR, _MINI, _ENTRY = 512, 64, 128
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_STORAGE, _STREAM, _ROOT = 1, 2, 5


def make_ole(folder: Folder) -> bytes:
    """A file with these streams and folders; a stream has fewer than 4,096 bytes."""
    mini, chain, entries = bytearray(), list[int](), list[list[object]]()
    _add("Root Entry", _ROOT, folder, (entries, mini, chain))
    directory = _pad(b"".join(_pack(*entry) for entry in entries))
    minis, chains = _pad(bytes(mini)), _pad(b"".join(struct.pack("<I", at) for at in chain))
    parts = [len(part) // _SECTOR for part in (directory, minis, chains)]
    fat = [
        at for place, count in zip(_starts(parts), parts, strict=True) for at in _run(place, count)
    ]
    table = struct.pack("<128I", _FAT, *fat, *[_FREE] * (127 - len(fat)))
    first_directory, first_mini, first_chain = _starts(parts)
    root = entries[0]
    root[-2:] = [first_mini if mini else _END, len(mini)]
    directory = _pad(b"".join(_pack(*entry) for entry in entries))
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII",
        *(
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            0x3E,
            3,
            0xFFFE,
            9,
            6,
            0,
            1,
            first_directory,
            0,
            4096,
        ),
        *(first_chain if chain else _END, parts[2], _END, 0, 0),
    )
    head += struct.pack("<108I", *[_FREE] * 108)
    return head + table + directory + minis + chains


def _starts(parts: list[int]) -> list[int]:
    return [1 + sum(parts[:place]) for place in range(len(parts))]


def _run(place: int, count: int) -> Iterator[int]:
    yield from (place + step + 1 if step + 1 < count else _END for step in range(count))


def _add(
    name: str,
    kind: int,
    content: bytes | Folder,
    into: tuple[list[list[object]], bytearray, list[int]],
) -> int:
    """Add an entry with all below it; its number."""
    entries, mini, chain = into
    number = len(entries)
    entry: list[object] = [name, kind, _FREE, _FREE, _END, 0]
    entries.append(entry)
    if isinstance(content, bytes):
        entry[4:] = [len(mini) // _MINI, len(content)]
        count = -(-len(content) // _MINI)
        chain.extend(_run(len(chain), count))
        mini.extend(content.ljust(count * _MINI, b"\0"))
        return number
    before = None
    for child, below in content.items():
        added = _add(child, _STREAM if isinstance(below, bytes) else _STORAGE, below, into)
        if before is None:
            entry[3] = added
        else:
            entries[before][2] = added
        before = added
    return number


def _pack(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    words = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII36xIII", words, len(words) + 2, kind, 1, _FREE, right, child, start, size, 0
    )


def _pad(content: bytes) -> bytes:
    return content.ljust(-(-len(content) // _SECTOR) * _SECTOR, b"\0")
