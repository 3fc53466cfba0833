"""The language that a document is written in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; of what is there it is not known."""
    column = sa.Column("language", sa.Text(), nullable=False, server_default="")
    op.add_column("documents", column)
