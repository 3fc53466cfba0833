"""Zipped office files to their XML parts, with bombs and entity tricks refused."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from dataclasses import dataclass

from lxml import etree

from ingest.bombs import is_bomb
from rag_core.errors import OversizedDocumentError, UnreadableDocumentError

MAX_UNPACKED_BYTES = 512 << 20
MAX_PART_BYTES = 128 << 20

_MOST_MEMBERS = 20_000
_READ_BYTES = 1 << 20
_XML_SUFFIXES = (".xml", ".rels", ".vml")
_PROLOGUE_BYTES = 1 << 16
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError)


@dataclass(frozen=True, slots=True)
class Relation:
    """From one part of an Office file to another."""

    kind: str
    """The last word of its type's name, such as `slide`."""
    part: str


class Archive:
    """A zip file in memory, read part by part."""

    def __init__(self, content: bytes, *, name: str) -> None:
        self._name = name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (*_BROKEN, ValueError) as error:
            raise UnreadableDocumentError(f"{name!r} is a broken zip file: {error}") from error
        self.members = {entry.filename: entry for entry in self._zip.infolist()}
        self._refuse_bombs()

    def _refuse_bombs(self) -> None:
        """By the sizes that the archive declares.

        Raises:
            OversizedDocumentError: they are those of a bomb.
        """
        entries = self._zip.infolist()
        total = sum(entry.file_size for entry in entries)
        if len(entries) > _MOST_MEMBERS or total > MAX_UNPACKED_BYTES:
            raise OversizedDocumentError(
                f"{self._name!r} unpacks to {len(entries)} files of {total >> 20} MiB"
            )
        for entry in entries:
            self._refuse_ratio(entry, entry.file_size)

    def _refuse_ratio(self, entry: zipfile.ZipInfo, size: int) -> None:
        if size > MAX_UNPACKED_BYTES or is_bomb(packed=entry.compress_size, unpacked=size):
            raise OversizedDocumentError(
                f"{self._name!r} looks like a zip bomb: {entry.filename!r} unpacks from "
                f"{entry.compress_size} to {size} bytes or more"
            )

    def read(self, member: str) -> bytes:
        """A member's bytes, in pieces, since the declared sizes may be forged.

        Raises:
            OversizedDocumentError: it unpacks to more than its limit.
            UnreadableDocumentError: it is missing, broken or encrypted.
        """
        entry = self.members.get(member)
        if entry is None:
            raise UnreadableDocumentError(f"{self._name!r} has no part {member!r}")
        pieces: list[bytes] = []
        size = 0
        try:
            with self._zip.open(entry) as stream:
                while piece := stream.read(_READ_BYTES):
                    size += len(piece)
                    self._refuse_ratio(entry, size)
                    self._refuse_large_part(member, size)
                    pieces.append(piece)
        except _BROKEN as error:
            raise UnreadableDocumentError(
                f"{self._name!r}: part {member!r} is broken: {error}"
            ) from error
        return b"".join(pieces)

    def _refuse_large_part(self, member: str, size: int) -> None:
        if size > MAX_PART_BYTES:
            raise OversizedDocumentError(
                f"{self._name!r}: part {member!r} has more than {MAX_PART_BYTES >> 20} MiB"
            )

    def refuse_doctypes(self) -> None:
        """Unpack every XML part once, for libraries that read the file themselves.

        Raises:
            OversizedDocumentError: one unpacks to more than it declares or may.
            UnreadableDocumentError: one is broken or declares a document type.
        """
        for member in self.members:
            if member.endswith(_XML_SUFFIXES):
                self._refuse_doctype(member, b"<!DOCTYPE" in self.read(member)[:_PROLOGUE_BYTES])

    def _refuse_doctype(self, member: str, declared: object) -> None:
        if declared:
            raise UnreadableDocumentError(
                f"{self._name!r}: part {member!r} declares a DOCTYPE, which may hide an attack"
            )

    def read_xml(self, member: str) -> etree._Element:
        """A member's root element.

        Raises:
            UnreadableDocumentError: it is no XML, or declares a document type, which real office
                files never do and entity attacks need.
        """
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            root = etree.fromstring(self.read(member), parser)
        except etree.XMLSyntaxError as error:
            raise UnreadableDocumentError(
                f"{self._name!r}: part {member!r} is broken XML: {error}"
            ) from error
        self._refuse_doctype(member, root.getroottree().docinfo.doctype)
        return root

    def read_relations(self, member: str) -> dict[str, Relation]:
        """What a part of an Office file refers to within it, by the names that it uses."""
        folder, name = posixpath.split(member)
        part = posixpath.join(folder, "_rels", f"{name}.rels")
        if part not in self.members:
            return {}
        return {
            entry.get("Id", ""): Relation(
                entry.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, entry.get("Target", "")))[1:],
            )
            for entry in self.read_xml(part).iter("{*}Relationship")
            if entry.get("TargetMode") != "External"
        }
