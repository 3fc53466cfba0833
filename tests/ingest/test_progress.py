from __future__ import annotations

import io

from rich.console import Console

from ingest.progress import Lines, describe, drawing
from ingest.report import Tally
from rag_core.errors import EmptyDocumentError


def test_a_tally_is_described_with_files_chunks_rate_and_time_left() -> None:
    tally = Tally("c", files=80, added=12, embedded=60, reused=40, total_bytes=200, done_bytes=100)
    tally.started -= 10

    assert describe(tally) == "12/80 files, 100 chunks, 10 chunks/s, 0:00:10 left"


def test_failed_files_show_while_the_ingest_runs() -> None:
    tally = Tally("c", files=2)

    tally.fail("/a", EmptyDocumentError("it holds no text"))

    assert "1 failed" in describe(tally)


def test_outside_a_terminal_a_line_is_printed_now_and_then() -> None:
    written = io.StringIO()
    draw = Lines(Console(file=written), seconds=0)

    draw(Tally("c", files=3))

    assert written.getvalue().startswith("0/3 files")


def test_a_line_is_not_printed_for_every_file() -> None:
    written = io.StringIO()

    with drawing(Console(file=written), quiet=False) as draw:
        draw(Tally("c", files=3))

    assert written.getvalue() == ""


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    written = io.StringIO()

    with drawing(Console(file=written, force_terminal=True), quiet=False) as draw:
        draw(Tally("c", files=3, total_bytes=10, done_bytes=5))

    assert "0/3 files" in written.getvalue()
    assert written.getvalue().endswith("\x1b[2K")


def test_json_output_is_not_disturbed_by_progress() -> None:
    written = io.StringIO()

    with drawing(Console(file=written, force_terminal=True), quiet=True) as draw:
        draw(Tally("c", files=3))

    assert written.getvalue() == ""
