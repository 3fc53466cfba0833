"""How a collection is cut into chunks, and what cutting a text again takes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_PLAIN = sa.text(
    "UPDATE texts SET markup = 'plain'"
    " WHERE document_id IN (SELECT id FROM documents WHERE media_type = 'text/plain')"
)


def upgrade() -> None:
    """Add the columns; what is there was cut in the one way that there was."""
    _add("collections", sa.Column("chunk_tokens", sa.Integer(), server_default="256"))
    _add("collections", sa.Column("overlap_tokens", sa.Integer(), server_default="0"))
    _add("collections", sa.Column("strategy", sa.Text(), server_default="structure"))
    _add("texts", sa.Column("markup", sa.Text(), server_default="markdown"))
    op.execute(_PLAIN)


def _add(table: str, column: sa.Column[int] | sa.Column[str]) -> None:
    column.nullable = False
    op.add_column(table, column)
