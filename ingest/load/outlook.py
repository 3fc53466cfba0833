"""Outlook's MSG to a Mail: a folder of streams, one for each property."""

from __future__ import annotations

import email.parser
import io
import struct
from collections.abc import Iterator

import olefile

from ingest.load.mail import Attachment, Mail, choose_body
from ingest.load.text import decode_text, normalise_text
from rag_core.errors import DocumentError, UnreadableDocumentError

_SUBJECT, _BODY, _HTML, _RICH_TEXT, _HEADERS = "0037", "1000", "1013", "1009", "007D"
_SENDER_NAME, _SENDER_ADDRESSES = "0C1A", ("5D01", "0C1F")
_NAME, _ADDRESSES = "3001", ("39FE", "3003")
_TO, _COPIED = "0E04", "0E03"
_LONG_NAME, _SHORT_NAME, _DATA = "3707", "3704", "3701"
_RECIPIENT, _ATTACHMENT = "__recip_version1.0_#", "__attach_version1.0_#"
_UNICODE, _EIGHT_BIT, _BINARY, _STORAGE = "001F", "001E", "0102", "000D"

_Path = tuple[str, ...]


def read_msg(content: bytes, *, name: str) -> Mail:
    """Read a message with its attachments.

    Raises:
        UnreadableDocumentError: it is broken.
    """
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as container:
            return _Reader(container, (), name).read()
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise UnreadableDocumentError(f"{name!r} is a broken message: {error}") from error


class _Reader:
    """Reads the properties of one message, which may lie within another."""

    def __init__(self, container: olefile.OleFileIO, place: _Path, name: str) -> None:
        self._container = container
        self._place = place
        self._name = name
        paths = container.listdir(streams=True, storages=True)
        within = {str(path[len(place)]) for path in paths if _is_within(path, place)}
        self._folders = sorted(within)

    def read(self) -> Mail:
        """The message with all that is in it."""
        headers = email.parser.HeaderParser().parsestr(self._read_text(_HEADERS))
        body, warnings = choose_body(self._read_text(_BODY), self._read_text(_HTML))
        if not body and self._read_bytes(_RICH_TEXT):
            warnings = (*warnings, "its body is compressed RTF, which no loader reads")
        people = (
            ("From", self._read_person((), _SENDER_NAME, _SENDER_ADDRESSES)),
            ("To", self._read_recipients() or self._read_line(_TO)),
            ("Cc", self._read_line(_COPIED)),
            ("Date", " ".join(str(headers.get("Date", "")).split())),
        )
        attachments = tuple(self._read_attachments())
        subject = self._read_line(_SUBJECT)
        return Mail(subject, people, body, attachments, "application/vnd.ms-outlook", warnings)

    def _read_recipients(self) -> str:
        folders = [(folder,) for folder in self._folders if folder.startswith(_RECIPIENT)]
        people = (self._read_person(folder, _NAME, _ADDRESSES) for folder in folders)
        return ", ".join(filter(None, people))

    def _read_person(self, folder: _Path, name: str, addresses: tuple[str, ...]) -> str:
        """Name and address, or the one of them that there is."""
        called = self._read_line(name, folder)
        lines = (self._read_line(address, folder) for address in addresses)
        address = next((line for line in lines if "@" in line), "")
        return (
            f"{called} <{address}>" if called and address not in ("", called) else called or address
        )

    def _read_attachments(self) -> Iterator[Attachment | Mail]:
        for folder in self._folders:
            if not folder.startswith(_ATTACHMENT):
                continue
            inner = (*self._place, folder, f"__substg1.0_{_DATA}{_STORAGE}")
            if self._container.exists(list(inner)):
                yield _Reader(self._container, inner, self._name).read()
            else:
                names = (self._read_line(kind, (folder,)) for kind in (_LONG_NAME, _SHORT_NAME))
                name = next(filter(None, names), "")
                yield Attachment(name, self._read_bytes(_DATA, (folder,)))

    def _read_line(self, kind: str, folder: _Path = ()) -> str:
        return " ".join(self._read_text(kind, folder).split())

    def _read_text(self, kind: str, folder: _Path = ()) -> str:
        """A property of text, in whichever of the three ways it is stored; empty without it."""
        unicode = self._read_stream(kind, _UNICODE, folder)
        if unicode:
            return normalise_text(unicode.decode("utf-16-le", "replace"))
        content = self._read_stream(kind, _EIGHT_BIT, folder) or self._read_bytes(kind, folder)
        try:
            return decode_text(content, name=self._name)[0]
        except DocumentError:
            return normalise_text(content.decode("cp1252", "replace"))

    def _read_bytes(self, kind: str, folder: _Path = ()) -> bytes:
        return self._read_stream(kind, _BINARY, folder)

    def _read_stream(self, kind: str, form: str, folder: _Path) -> bytes:
        path = [*self._place, *folder, f"__substg1.0_{kind}{form}"]
        if not self._container.exists(path):
            return b""
        with self._container.openstream(path) as stream:
            return bytes(stream.read())


def _is_within(path: list[str], place: _Path) -> bool:
    return len(path) > len(place) and tuple(path[: len(place)]) == place
