"""The catalog's tables; the migrations make the same ones (tested)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    literal_column,
)

metadata = MetaData()


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite drops the time zone, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Name the zone of a value as the driver gives it."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


class JsonTuple(TypeDecorator[tuple[Any, ...]]):
    """A tuple of plain values as a JSON list."""

    impl = JSON
    cache_ok = True

    def process_result_value(
        self, value: list[Any] | None, dialect: Dialect
    ) -> tuple[Any, ...] | None:
        """Make the list a tuple again."""
        del dialect
        return None if value is None else tuple(value)


def _key() -> Text:
    """Text that sorts by code points, in every database, whatever its locale."""
    return Text().with_variant(Text(collation="C"), "postgresql")


collections = Table(
    "collections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", _key(), nullable=False, unique=True),
    Column("fingerprint", Text, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("vector_index", Text, nullable=False),
    Column("removed_vectors", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("chunk_tokens", Integer, nullable=False, server_default="256"),
    Column("overlap_tokens", Integer, nullable=False, server_default="0"),
    Column("strategy", Text, nullable=False, server_default="structure"),
    Column("fields", JsonTuple, nullable=False, server_default="[]"),
    Column("least_score", Float),
)

# One row is one version of a document; it never changes but for its state, and for its source
# when its file is renamed.
documents = Table(
    "documents",
    metadata,
    Column("id", _key(), primary_key=True),
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
    Column("source", _key(), nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("chunk_count", Integer, nullable=False),
    Column("token_count", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("language", Text, nullable=False, server_default=""),
)
# A literal: SQLite takes a partial index only for what it can read in the statement.
is_live = documents.c.state == literal_column("'live'")
# For rows that are looked up by id. No index serves these two: SQLite would walk the one by
# state, all of a collection's documents, rather than look up a list of ids.
row_state = documents.c.state + literal_column("''")
row_collection_id = documents.c.collection_id + literal_column("0")
Index("documents_by_state", documents.c.collection_id, documents.c.state)
Index(
    "documents_live_source",
    documents.c.collection_id,
    documents.c.source,
    unique=True,
    sqlite_where=is_live,
    postgresql_where=is_live,
)

# Apart from their documents, or each change of state would write a text of 200 MB again.
texts = Table(
    "texts",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("page_starts", JsonTuple, nullable=False),
    Column("text", Text, nullable=False),
    Column("markup", Text, nullable=False, server_default="markdown"),
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", _key(), primary_key=True),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("page", Integer),
    Column("heading_path", JsonTuple, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("vector_hash", LargeBinary, nullable=False),
    Column("text", Text, nullable=False),
)
Index("chunks_by_document", chunks.c.document_id)

vectors = Table(
    "vectors",
    metadata,
    Column("fingerprint", _key(), primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("document_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
)

# Files whose bytes failed: one row a source, gone when it is ingested or removed.
quarantine = Table(
    "quarantine",
    metadata,
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("source", _key(), primary_key=True),
    Column("content_hash", LargeBinary, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("program", Text, nullable=False),
    Column("metadata", JSON(none_as_null=True)),
    Column("failures", Integer, nullable=False),
    Column("first_failed_at", UtcTime, nullable=False),
    Column("last_failed_at", UtcTime, nullable=False),
)

# What a server said of the bytes that it sent; it vouches for their hash, not for a document.
fetches = Table(
    "fetches",
    metadata,
    Column("source", _key(), primary_key=True),
    Column("url", Text, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("listed", Text),
    Column("content_hash", LargeBinary, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("links", JsonTuple, nullable=False),
    Column("fetched_at", UtcTime, nullable=False),
)

# What is to be ingested by whichever worker comes first; collections come and go without it.
jobs = Table(
    "jobs",
    metadata,
    Column("id", _key(), primary_key=True),
    Column("collection", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("files", JSON, nullable=False),
    Column("url", Text),
    Column("metadata", JSON(none_as_null=True)),
    Column("progress", JSON, nullable=False),
    Column("report", JSON(none_as_null=True)),
    Column("error", Text),
    Column("detail", Text),
    Column("cancelling", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", Text),
    Column("due_at", UtcTime),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
)
Index("jobs_by_due", jobs.c.due_at)

# What somebody thinks of an answer, and what the answer was made of; collections come and go
# without it, for it is about questions.
feedback = Table(
    "feedback",
    metadata,
    Column("answer_id", _key(), primary_key=True),
    Column("rated_by", _key(), primary_key=True),
    Column("rating", Text, nullable=False),
    Column("comment", Text),
    Column("question", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("collections", JsonTuple, nullable=False),
    Column("answer", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("quotes", JSON, nullable=False),
    Column("passages", JSON, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)
