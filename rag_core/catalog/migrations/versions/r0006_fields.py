"""Which fields of JSON records a collection reads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; what is there was read whole."""
    column = sa.Column("fields", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("collections", column)
