"""RTF to a Document: its words, and the rows of its tables."""

from __future__ import annotations

import re
from itertools import groupby

from striprtf.striprtf import rtf_to_text

from ingest.load.markup import escape_plain, write_table
from ingest.load.text import normalise_text, require_text
from rag_core.documents import Document
from rag_core.errors import OversizedDocumentError, UnreadableDocumentError

MAX_RTF_BYTES = 64 << 20

_TITLE = re.compile(r"\{\\title ([^{}\\]{1,500})\}")


def load_rtf(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read rich text; its title is that of its properties.

    Raises:
        OversizedDocumentError: it is larger than MAX_RTF_BYTES.
        UnreadableDocumentError: it is broken.
    """
    if len(content) > MAX_RTF_BYTES:
        raise OversizedDocumentError(
            f"{name!r} has {len(content) >> 20} MiB, RTF files may have {MAX_RTF_BYTES >> 20}"
        )
    rich = content.decode("latin-1")  # a byte each, as the format's own escapes count them
    try:
        plain = normalise_text(rtf_to_text(rich, errors="replace"))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnreadableDocumentError(f"{name!r} is broken RTF: {error}") from error
    text = "\n\n".join(_write_blocks(plain))
    require_text(text, name=name)
    title = _TITLE.search(rich)
    return Document(
        source, title[1].strip() if title else stem, text, "application/rtf", "markdown"
    )


def _write_blocks(plain: str) -> list[str]:
    """Each paragraph, which is a line; lines that end with a bar are rows."""
    blocks = []
    for rows, lines in groupby(plain.split("\n"), key=lambda line: line.rstrip().endswith("|")):
        if rows:
            cells = [line.rstrip().removesuffix("|").split("|") for line in lines]
            width = max(map(len, cells))
            blocks.append(write_table([[*row, *[""] * (width - len(row))] for row in cells]))
        else:
            blocks += (escape_plain(line.strip()) for line in lines if line.strip())
    return blocks
