"""The options of commands that take files in: which files, and what is to become of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ingest.options import Collection, Passwords, check_text, lazily
from ingest.splitting import Wish
from rag_core.documents import Strategy

if TYPE_CHECKING:
    from ingest import engines, pipeline, rules
    from ingest.pipeline import Order
    from ingest.rules import Selection
    from rag_core.settings import Settings
else:
    pipeline, rules = lazily("ingest.pipeline"), lazily("ingest.rules")
    engines = lazily("ingest.engines")


def _check_pairs(pairs: list[str] | None) -> list[str] | None:
    for pair in pairs or ():
        key, equals, _ = pair.partition("=")
        if not (key and equals):
            raise typer.BadParameter(f"{pair!r} is not key=value", param_hint="--metadata")
    return check_text(pairs)


@dataclass(frozen=True, slots=True)
class Given:
    """What is to be taken in; for `ingest.options.gathered`."""

    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|URL...",
            help="Files, archives, folders with all below them, web pages, sitemaps, object "
            "stores; - for standard input.",
        ),
    ]
    name: Annotated[
        str | None,
        typer.Option(
            callback=check_text,
            help="Of the document that comes on standard input, such as notes.md.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class SelectionOptions:
    """Which files of folders; for `ingest.options.gathered`."""

    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Of folders, take only files that match, such as '*.md' or 'docs/**'; may be "
            "given several times. Naming a suffix takes it though no loader is known for it.",
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Of folders, pass over files and folders that match; may be given several times.",
        ),
    ] = None
    no_ignore: Annotated[
        bool, typer.Option("--no-ignore", help="Do not obey .gitignore and .ingestignore.")
    ] = False

    def selection(self, name: str | None = None) -> Selection:
        """What was asked for, and the name of standard input."""
        return rules.Selection(
            self.include or (), self.exclude or (), ignore_files=not self.no_ignore, name=name
        )


@dataclass(frozen=True, slots=True)
class OrderOptions:
    """What is to become of the files; for `ingest.options.gathered`."""

    collection: Collection = None

    metadata: Annotated[
        list[str] | None,
        typer.Option(
            "--metadata",
            "-m",
            metavar="KEY=VALUE",
            callback=_check_pairs,
            help="For every file, in place of what it has; without this each keeps its own.",
        ),
    ] = None
    password: Passwords = None
    chunk_tokens: Annotated[
        int | None,
        typer.Option(
            "--chunk-tokens",
            metavar="N",
            help="The most tokens that a chunk has; 256 when not given.",
        ),
    ] = None
    overlap: Annotated[
        int | None,
        typer.Option(
            "--overlap",
            metavar="N",
            help="The most tokens that a chunk repeats of the one before; 0.",
        ),
    ] = None
    strategy: Annotated[
        Strategy | None,
        typer.Option(
            "--strategy",
            help="Cut at headings and paragraphs, between sentences whatever the headings, or as "
            "the first but never across pages.",
        ),
    ] = None

    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            callback=check_text,
            help="Of records of JSON, read this field only, such as text or author.name; may be "
            "given several times, when the collection is new.",
        ),
    ] = None
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="Where files are parsed and texts embedded: here, or on a Ray cluster."),
    ] = "local"
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            callback=check_text,
            help="Of the Ray cluster's head; without it one of this machine's own is started.",
        ),
    ] = None

    def order(self, settings: Settings) -> Order:
        """What was asked for."""
        fields = tuple(self.field) if self.field else None
        splitting = Wish(self.chunk_tokens, self.overlap, self.strategy, fields)
        pairs = [pair.partition("=") for pair in self.metadata or ()]
        metadata = {key: value for key, _, value in pairs}
        collection = self.collection or settings.collection
        return pipeline.Order(
            collection,
            metadata or None,
            self.password or (),
            splitting,
            engine=engines.choose_engine(self.engine, self.address),
        )
