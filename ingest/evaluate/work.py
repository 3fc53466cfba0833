"""What one evaluation works with, from its beginning to its end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ingest.screen import Screen
from rag_core.index import Index
from rag_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Work:
    """An evaluation under way."""

    index: Index
    settings: Settings
    screen: Screen
    stop: asyncio.Event
    """Set when somebody wants it to end."""
