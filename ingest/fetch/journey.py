"""What a run fetches for, from how far, and how: given once, at the door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver

from ingest.fetch.guard import FetchLimits
from ingest.reach import Reach
from rag_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Journey:
    """For which collection something is fetched, from how far, and how."""

    settings: Settings
    collection: str
    reach: Reach
    tell: Callable[[str], None] | None = None
    """Shows a line to whoever waits for a long search."""
    limits: FetchLimits | None = None
    """Those of `reach` when not given."""
    resolver: AbstractResolver | None = None
    """Looks up names in place of the system."""
