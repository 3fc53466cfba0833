"""What the command line says of a mirror, to the mirror that is meant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ingest.guard import read_guard
from ingest.mirror import Mirror
from ingest.pipeline import Order
from ingest.sources import Intake, name_top, open_plan
from rag_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says of a mirror."""

    intake: Intake
    order: Order
    max_delete: str | None
    embed_renamed: bool

    def mirror(self, settings: Settings) -> Mirror:
        """The mirror that is meant; the one place that knows how sources are planned.

        Raises:
            InvalidRequestError: `max_delete` is no number and no share, or a source cannot be
                looked at twice.
        """
        tops = [name_top(source, self.intake.reach) for source in self.intake.sources]
        return Mirror(
            self.order,
            [top for top in tops if top is not None],
            partial(open_plan, settings, self.intake, collection=self.order.collection),
            read_guard(self.max_delete),
            carry=not self.embed_renamed,
        )
