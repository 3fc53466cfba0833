"""How far an ingest goes from the URLs that it is given: options of the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

AllowPrivate = Annotated[
    bool,
    typer.Option(
        "--allow-private",
        help="Fetch from private networks and this machine, too; never from metadata services.",
    ),
]


@dataclass(frozen=True, slots=True)
class Reach:
    """The options of commands that take URLs."""

    depth: Annotated[
        int,
        typer.Option(
            min=0,
            max=20,
            help="Of a page, also take those that its links lead to, so many links away, of the "
            "same host and below the page's own path.",
        ),
    ] = 0
    any_path: Annotated[
        bool, typer.Option("--any-path", help="With --depth, take all paths of the host.")
    ] = False
    max_pages: Annotated[
        int, typer.Option(min=1, help="Of one site or sitemap; those beyond are counted.")
    ] = 1_000
    rate: Annotated[
        float, typer.Option(min=0.01, max=1000, help="Requests a second, at most, to one host.")
    ] = 2.0
    allow_private: AllowPrivate = False
