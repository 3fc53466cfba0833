"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make them."""
    _make_collections()
    _make_documents()
    _make_chunks()
    _make_vectors()
    _make_changes()


def _make_collections() -> None:
    op.create_table(
        "collections",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", _KEY, nullable=False, unique=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("vector_index", sa.Text(), nullable=False),
        sa.Column("removed_vectors", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
    )


def _make_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", _KEY, primary_key=True),
        _collection_id(),
        sa.Column("source", _KEY, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("chunk_count", sa.Integer(), nullable=False),
        sa.Column("token_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
    )
    live = sa.text("state = 'live'")
    op.create_index("documents_by_state", "documents", ["collection_id", "state"])
    op.create_index(
        "documents_live_source",
        "documents",
        ["collection_id", "source"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_table(
        "texts",
        _document_id(primary_key=True),
        sa.Column("page_starts", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
    )


def _make_chunks() -> None:
    op.create_table(
        "chunks",
        sa.Column("id", _KEY, primary_key=True),
        _document_id(primary_key=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer()),
        sa.Column("heading_path", sa.JSON(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("vector_hash", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
    op.create_index("chunks_by_document", "chunks", ["document_id"])


def _make_vectors() -> None:
    op.create_table(
        "vectors",
        sa.Column("fingerprint", _KEY, primary_key=True),
        sa.Column("hash", sa.LargeBinary(), primary_key=True),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
    )


def _make_changes() -> None:
    op.create_table(
        "changes",
        _collection_id(primary_key=True),
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
    )


def _collection_id(*, primary_key: bool = False) -> sa.Column[int]:
    target = sa.ForeignKey("collections.id", ondelete="CASCADE")
    return sa.Column("collection_id", sa.Integer(), target, primary_key=primary_key, nullable=False)


def _document_id(*, primary_key: bool) -> sa.Column[str]:
    target = sa.ForeignKey("documents.id", ondelete="CASCADE")
    return sa.Column("document_id", _KEY, target, primary_key=primary_key, nullable=False)
