"""The fused score below which nothing in a collection answers, where somebody calibrated it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; without a value the answerers use their own."""
    op.add_column("collections", sa.Column("least_score", sa.Float()))
