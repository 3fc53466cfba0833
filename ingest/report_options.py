"""The options of what an ingest writes down, and of what its exit code counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer


@dataclass(frozen=True, slots=True)
class Reporting:
    """Options of `add`, and of whatever else ingests."""

    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="One line of JSON for each file, written as it happens: source, status, error, "
            "detail, chunks, tokens, pages, seconds, warnings.",
        ),
    ] = None
    ignore_quarantined: Annotated[
        bool,
        typer.Option(
            "--ignore-quarantined",
            help="For the exit code, files that failed before with the same bytes do not count.",
        ),
    ] = False
