"""The folder of one collection's index: what is in it, how it is made and opened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tantivy

from rag_core.errors import LexicalUnavailableError

FORMAT = 3
"""Of fields and analysis together: a new number makes new folders."""
CHUNK_ID, DOCUMENT_ID, TERMS, SEQ = "chunk_id", "document_id", "terms", "seq"
CHARACTERS = "characters"
"""Each once, as `find_characters` finds them; apart, for they make no text longer."""
PAIRS, HEADINGS = "pairs", "headings"
"""Terms two by two, and those of title and headings once more: what stands together, or above."""
LANGUAGE = "language"
"""Whose terms a chunk has, as `terms_language` names it, or ENGLISH."""
ENGLISH = "en"
MARKER = "reached"
"""In the field DOCUMENT_ID, names the entry that says how far the index has come."""

_AS_GIVEN = "whitespace"
"""Tantivy's own tokenizer: what it is given has been analysed."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The last entry of the change feed that an index holds; both tell that feed from another."""

    seq: int
    document_id: str


def index_folder(home: Path, collection_id: int) -> Path:
    """Where a collection's index lies."""
    return home / "lexical" / f"{collection_id}-v{FORMAT}"


def remove_older(folder: Path) -> None:
    """Remove the indexes of earlier formats of the collection, which no program here reads."""
    collection_id, _, _ = folder.name.rpartition("-v")
    for version in range(1, FORMAT):
        older = folder.with_name(f"{collection_id}-v{version}")
        shutil.rmtree(older, ignore_errors=True)
        older.with_suffix(".lock").unlink(missing_ok=True)


def open_index(folder: Path) -> tantivy.Index:
    """Open an index for reading; there must be one."""
    index = tantivy.Index.open(str(folder))
    index.config_reader("manual")
    return index


def make_index(folder: Path) -> tantivy.Index:
    """Open an index for writing; an empty one is made when there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(_schema(), path=str(folder))
    index.config_reader("manual")
    return index


@contextmanager
def index_errors(done: str) -> Iterator[None]:
    """Turn what tantivy and the disk raise into: the lexical index cannot be `done`."""
    try:
        yield
    except (ValueError, OSError) as error:
        message = f"the lexical index cannot be {done}: {error}"
        raise LexicalUnavailableError(message) from error
    except BaseException as error:
        # A broken file can make tantivy panic, and pyo3 raises that outside Exception.
        if type(error).__name__ != "PanicException":
            raise
        message = f"the lexical index cannot be {done}: tantivy panicked on it"
        raise LexicalUnavailableError(message) from error


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(CHUNK_ID, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(DOCUMENT_ID, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(TERMS, tokenizer_name=_AS_GIVEN, index_option="freq")
    builder.add_text_field(PAIRS, tokenizer_name=_AS_GIVEN, index_option="basic")
    builder.add_text_field(HEADINGS, tokenizer_name=_AS_GIVEN, index_option="basic")
    builder.add_text_field(CHARACTERS, tokenizer_name=_AS_GIVEN, index_option="basic")
    builder.add_text_field(LANGUAGE, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(SEQ, stored=True)
    return builder.build()
