"""The options of `ingest reindex`: what a collection is to become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.options import check_text, lazily
from ingest.splitting import NO_WISH, Wish
from rag_core.documents import Strategy

if TYPE_CHECKING:
    from ingest import reindexing
    from ingest.reindexing import Change
else:
    reindexing = lazily("ingest.reindexing")


@dataclass(frozen=True, slots=True)
class ReindexOptions:
    """Whatever is not given stays as it is; for `ingest.options.gathered`."""

    embedding: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            callback=check_text,
            help="As EMBEDDING_MODEL says it; that when not given.",
        ),
    ] = None
    chunk_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="The most tokens that a chunk has.")
    ] = None
    overlap: Annotated[
        int | None,
        typer.Option(metavar="N", help="The most tokens that a chunk repeats of the one before."),
    ] = None
    strategy: Annotated[
        Strategy | None, typer.Option(help="Where documents are cut; see `ingest add`.")
    ] = None
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the version before.")] = (
        False
    )

    def change(self) -> Change:
        """What was asked for."""
        wish = Wish(self.chunk_tokens, self.overlap, self.strategy)
        if self.rollback and wish != NO_WISH:
            raise typer.BadParameter("it takes no splitting: it goes back", param_hint="--rollback")
        return reindexing.Change(self.embedding, wish, self.rollback)
