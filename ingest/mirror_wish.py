"""What the command line says of a mirror, to the mirror that is meant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.guard import read_guard
from ingest.mirror import Mirror
from ingest.pipeline import Order
from ingest.plan import Plan, name_source, plan_paths
from rag_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says of a mirror."""

    sources: Sequence[Path]
    collection: str | None
    metadata: Mapping[str, str] | None
    passwords: Sequence[str] = field(repr=False)
    max_delete: str | None
    embed_renamed: bool

    def mirror(self, settings: Settings) -> Mirror:
        """The mirror that is meant; the one place that knows how sources are planned."""

        async def plan() -> Plan:
            return await asyncio.to_thread(plan_paths, self.sources, home=settings.home)

        return Mirror(
            Order(self.collection or settings.collection, self.metadata, self.passwords),
            [name_source(str(source)) for source in self.sources],
            plan,
            read_guard(self.max_delete),
            carry=not self.embed_renamed,
        )
