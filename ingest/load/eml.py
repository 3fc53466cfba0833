"""A message as it goes over the wire (EML) to a Mail."""

from __future__ import annotations

import email
import email.errors
import email.header
from collections.abc import Iterator
from email.message import Message

from ingest.load.mail import Attachment, Mail, choose_body
from ingest.load.text import decode_text, normalise_text
from rag_core.errors import DocumentError

_PEOPLE = ("From", "To", "Cc", "Date")
_BODIES = ("text/plain", "text/html")


def read_eml(content: bytes, *, name: str) -> Mail:
    """Read a message, of any age and with any faults in it."""
    return _read_message(email.message_from_bytes(content), name)


def _read_message(message: Message, name: str) -> Mail:
    bodies: dict[str, list[str]] = {kind: [] for kind in _BODIES}
    attachments: list[Attachment | Mail] = []
    for part in _find_leaves(message):
        kind = part.get_content_type()
        if kind in _BODIES and not _is_attached(part):
            bodies[kind].append(_read_text(part, name))
        else:
            attachments += _read_attachments(part, name)
    plain, html = ("\n\n".join(bodies[kind]) for kind in _BODIES)
    body, warnings = choose_body(plain, html)
    people = tuple((key, _read_header(message, key)) for key in _PEOPLE)
    subject = _read_header(message, "Subject")
    return Mail(subject, people, body, tuple(attachments), "message/rfc822", warnings)


def _read_attachments(part: Message, name: str) -> Iterator[Attachment | Mail]:
    """The file that a part holds, or the message, seldom more than one."""
    inner = _find_children(part)
    if not inner:
        yield Attachment(_decode(part.get_filename() or ""), _read_bytes(part))
    for message in inner:
        yield _read_message(message, name)


def _find_leaves(part: Message) -> Iterator[Message]:
    """The parts that are no containers; an attached message is one of them."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for child in _find_children(part):
            yield from _find_leaves(child)
    else:
        yield part


def _find_children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if payload else []


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _read_text(part: Message, name: str) -> str:
    content = _read_bytes(part)
    try:
        return decode_text(content, name=name, declared=part.get_content_charset())[0].strip()
    except DocumentError:
        return normalise_text(content.decode("utf-8", "replace")).strip()


def _read_bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _read_header(message: Message, key: str) -> str:
    return " ".join(_decode(str(message.get(key, ""))).split())


def _decode(value: str) -> str:
    """A header's value with its encoded words read; as it is when they are broken."""
    try:
        return normalise_text(str(email.header.make_header(email.header.decode_header(value))))
    except (email.errors.MessageError, LookupError, ValueError):
        return normalise_text(value)
