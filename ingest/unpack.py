"""Members of archives as files of this machine, one after the other."""

from __future__ import annotations

import asyncio
import posixpath
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.archives import Entry, read_entries
from ingest.members import Member
from ingest.spool import Spool, discard
from rag_core.errors import UnreadableDocumentError


class Unpacker:
    """Reads archives forward: members that are asked for in their order cost one pass.

    A member that lies before the last one is found, too, from the archive's beginning.
    """

    def __init__(self, root: Path) -> None:
        self._spool = Spool(root)
        self._turns = asyncio.Lock()  # keeps the order in which members are asked for
        self._busy = threading.Lock()  # whoever asked may have been cancelled, its thread works on
        self._archive = ""
        self._entries: Iterator[tuple[int, Entry]] = iter(())
        self._next = 0

    async def unpack(self, archive: str, member: Member) -> Path:
        """Write a member to a file, which is the caller's to discard.

        Raises:
            DocumentError: it cannot be read, or the archive has changed since it was listed.
        """
        async with self._turns:
            return await asyncio.to_thread(self._unpack, archive, member)

    def _unpack(self, archive: str, member: Member) -> Path:
        with self._busy:
            entry = self._find(archive, member)
            return self._spool.write(posixpath.basename(member.name), entry.pieces())

    def _find(self, archive: str, member: Member) -> Entry:
        if archive != self._archive or member.position < self._next:
            self._archive, self._next = archive, 0
            self._entries = enumerate(read_entries(archive))
        for position, entry in self._entries:
            self._next = position + 1
            if position == member.position:
                if posixpath.normpath(entry.name) != member.name or entry.against is not None:
                    break
                return entry
        self._archive = ""
        raise UnreadableDocumentError("its archive has changed meanwhile: run it again")


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file in an archive."""

    unpacker: Unpacker
    archive: str
    member: Member

    @asynccontextmanager
    async def local(self, *, unless: bytes | None) -> AsyncIterator[Path]:
        """Give a file that is there until the exit."""
        del unless  # what has not changed was told by the hash that listing gave
        path = await self.unpacker.unpack(self.archive, self.member)
        try:
            yield path
        finally:
            discard(path)
