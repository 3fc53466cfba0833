"""The files that failed, and with which bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make their table."""
    collection = sa.ForeignKey("collections.id", ondelete="CASCADE")
    op.create_table(
        "quarantine",
        sa.Column("collection_id", sa.Integer(), collection, primary_key=True, nullable=False),
        sa.Column("source", _KEY, primary_key=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("metadata", sa.JSON()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_failed_at", _TIME, nullable=False),
        sa.Column("last_failed_at", _TIME, nullable=False),
    )
