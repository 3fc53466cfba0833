"""What the command line says of a mirror, to the mirror that is meant."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from ingest.guard import read_guard
from ingest.mirror import Mirror
from ingest.pipeline import Order
from ingest.plan import Plan
from ingest.sources import Intake, name_top, open_plan
from rag_core.errors import InvalidRequestError
from rag_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says of a mirror."""

    intake: Intake
    max_delete: str | None
    embed_renamed: bool

    def mirror(self, settings: Settings, order: Order) -> Mirror:
        """The mirror that is meant; the one place that knows how sources are planned.

        Raises:
            InvalidRequestError: it cannot be.
        """
        if "-" in self.intake.sources:
            raise InvalidRequestError("standard input comes once: 'ingest add -' takes it")

        def plan() -> AbstractAsyncContextManager[Plan]:
            return open_plan(settings, self.intake, collection=order.collection)

        tops = [top for top in map(name_top, self.intake.sources) if top is not None]
        guard = read_guard(self.max_delete)
        return Mirror(order, tops, plan, guard, carry=not self.embed_renamed)
