"""A message, of whichever program, to a Document: its heading, its body, its attachments below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.load.html import load_html
from ingest.load.markup import escape_plain, lower_headings
from ingest.load.text import require_text
from rag_core.documents import Document
from rag_core.errors import DocumentError

MAX_DEPTH = 5
"""Of messages that are attached to messages."""
_HTML_SHARE = 2
"""The HTML is read instead of a plain text that has not half of its words."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file within a message."""

    name: str
    """As the message gives it; may be empty."""
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A message, read."""

    subject: str
    people: tuple[tuple[str, str], ...]
    """Who and when: a name such as `From`, and its value."""
    body: str
    """Markdown."""
    attachments: tuple[Attachment | Mail, ...]
    media_type: str
    warnings: tuple[str, ...] = ()


def choose_body(plain: str, html: str) -> tuple[str, tuple[str, ...]]:
    """The Markdown of a body that may be given twice, and warnings."""
    if not html.strip():
        return escape_plain(plain.strip()), ()
    try:
        page = load_html(html.encode("utf-8", "replace"), source="", name="the body", stem="")
    except DocumentError as error:
        lost = () if plain.strip() else (f"its body was left out: {error}",)
        return escape_plain(plain.strip()), lost
    if _HTML_SHARE * len(plain.split()) >= len(page.text.split()):
        return escape_plain(plain.strip()), ()
    return page.text, page.warnings


def make_document(
    mail: Mail,
    attached: Sequence[tuple[str, Document | DocumentError]],
    *,
    source: str,
    name: str,
    stem: str,
) -> Document:
    """The message as text; each attachment stands under a heading of its name, or in a warning.

    Raises:
        EmptyDocumentError: it says nothing at all.
    """
    people = "\n".join(f"{key}: {value}" for key, value in mail.people if value)
    blocks = [f"# {mail.subject}" if mail.subject else "", escape_plain(people), mail.body]
    warnings = list(mail.warnings)
    for title, document in attached:
        if isinstance(document, Document):
            plain = document.markup == "plain"
            text = escape_plain(document.text) if plain else lower_headings(document.text, 2)
            blocks.append(f"## Attachment: {' '.join(title.split())}\n\n{text.strip()}")
            warnings += (f"attachment {title!r}: {warning}" for warning in document.warnings)
        else:
            warnings.append(f"an attachment was left out: {document}")
    text = "\n\n".join(filter(None, blocks))
    require_text(text, name=name)
    title = mail.subject or stem
    return Document(source, title, text, mail.media_type, "markdown", warnings=tuple(warnings))
