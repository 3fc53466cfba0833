"""Applies the catalog's changes to an index; blocking, and one at a time by the caller's lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import tantivy

from rag_core.languages import detect_language
from rag_core.lexical.analysis import terms_language, text_terms
from rag_core.lexical.characters import find_characters
from rag_core.lexical.folder import (
    CHARACTERS,
    CHUNK_ID,
    DOCUMENT_ID,
    ENGLISH,
    HEADINGS,
    LANGUAGE,
    MARKER,
    PAIRS,
    SEQ,
    TERMS,
    Reached,
    index_errors,
    make_index,
)
from rag_core.lexical.pairs import pair_terms

_MEMORY_BYTES = 50_000_000
"""When the terms not yet committed pass this, tantivy writes them to disk."""


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """What is indexed of a chunk."""

    document_id: str
    chunk_id: str
    text: str
    """As `indexed_text` puts it together."""
    language: str = ""
    """Of its document, in ISO 639-1; empty when unknown."""
    headings: str = ""
    """As `join_headings` puts them together; they are in the text, too."""


class Writer:
    """What it is given is seen by readers from the next commit on, or never."""

    def __init__(self, folder: Path) -> None:
        with index_errors("written"):
            self._writer = make_index(folder).writer(_MEMORY_BYTES, num_threads=1)

    def add(self, chunks: Iterable[IndexedChunk]) -> None:
        """Add chunks, each in the language of its document or its own; not one that is in."""
        with index_errors("written"):
            for chunk in chunks:
                language = detect_language(chunk.text, likely=chunk.language)
                entry = tantivy.Document()
                entry.add_text(CHUNK_ID, chunk.chunk_id)
                entry.add_text(DOCUMENT_ID, chunk.document_id)
                entry.add_text(LANGUAGE, terms_language(language) or ENGLISH)
                terms = text_terms(chunk.text, language)
                entry.add_text(TERMS, " ".join(terms))
                entry.add_text(PAIRS, " ".join(pair_terms(terms)))
                entry.add_text(HEADINGS, " ".join(text_terms(chunk.headings, language)))
                entry.add_text(CHARACTERS, " ".join(find_characters(chunk.text)))
                self._writer.add_document(entry)

    def remove(self, document_ids: Iterable[str]) -> None:
        """Take documents out, with all their chunks."""
        with index_errors("written"):
            for document_id in document_ids:
                self._writer.delete_documents_by_term(DOCUMENT_ID, document_id)

    def clear(self) -> None:
        """Take everything out; readers see what was there until the next commit."""
        with index_errors("written"):
            self._writer.delete_all_documents()

    def commit(self, reached: Reached) -> None:
        """Make all that was done since the last commit durable, with how far that brings us."""
        self.remove([MARKER])
        with index_errors("written"):
            entry = tantivy.Document()
            entry.add_text(DOCUMENT_ID, MARKER)
            entry.add_text(CHUNK_ID, reached.document_id)
            entry.add_unsigned(SEQ, reached.seq)
            self._writer.add_document(entry)
            self._writer.commit()

    def close(self) -> None:
        """Finish what merges run in the background and let go of the index."""
        with index_errors("written"):
            self._writer.wait_merging_threads()
