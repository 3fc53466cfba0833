"""Runs the migrations that a database lacks."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def make_config() -> Config:
    """Point Alembic at this folder; there is no alembic.ini."""
    config = Config()
    folder = str(Path(__file__).parent)
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config


def upgrade(connection: Connection) -> None:
    """Upgrade to the newest revision, within the transaction that the connection is in."""
    config = make_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
