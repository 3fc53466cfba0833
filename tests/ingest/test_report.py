from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.outcome import Outcome
from ingest.report import Tally, printable, summary
from rag_core.catalog.quarantine import FailedFile, Quarantined
from rag_core.errors import (
    CatalogUnavailableError,
    EmptyDocumentError,
    OversizedDocumentError,
    UnreadableDocumentError,
)
from tests.rag_core.catalog_support import make_document

HELD = Quarantined(
    FailedFile("/bomb", b"", 1, "EmptyDocumentError", "it holds no text", "1.0", None),
    2,
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 2, tzinfo=UTC),
)


def test_all_done_is_exit_code_0() -> None:
    assert Tally("c", files=2, added=1, unchanged=1).report().exit_code == 0


def test_a_failed_file_is_exit_code_1() -> None:
    tally = Tally("c", files=1)

    tally.fail("/a", EmptyDocumentError("it holds no text"))

    assert tally.report().exit_code == 1


def test_nothing_to_ingest_is_exit_code_2() -> None:
    tally = Tally("c", files=0)

    tally.fail("/a", UnreadableDocumentError("no such file"))

    assert tally.report().exit_code == 2


def test_an_interruption_is_exit_code_130() -> None:
    assert Tally("c", files=2, added=1, interrupted=True).report().exit_code == 130


def test_what_stopped_the_ingest_is_exit_code_1_and_in_the_summary() -> None:
    report = Tally("c", files=9, failure=CatalogUnavailableError("the disk is full")).report()

    assert report.exit_code == 1
    assert (report.error, report.detail) == ("CatalogUnavailableError", "the disk is full")
    assert "the disk is full" in summary(report)[-1]


def test_the_summary_names_each_failed_file_with_its_reason() -> None:
    tally = Tally("c", files=1, skipped={"hidden": 1, "no loader for .png": 3})

    tally.fail("/docs/a.pdf", EmptyDocumentError("it holds no text"))

    lines = summary(tally.report())
    assert "failed: /docs/a.pdf: it holds no text" in lines
    assert "skipped 3 files: no loader for .png" in lines
    assert "skipped 1 file: hidden" in lines


def test_a_file_in_quarantine_is_exit_code_1_unless_only_what_was_tried_counts() -> None:
    tally = Tally("c", files=1)

    tally.hold(HELD)

    report = tally.report()
    assert (report.exit_code, report.exit_code_of_tried, tally.done) == (1, 0, 1)
    assert report.failed == ()


def test_the_summary_says_how_often_a_file_failed_and_what_to_do() -> None:
    tally = Tally("c", files=1)

    tally.hold(HELD)

    lines = summary(tally.report())
    assert "0 failed, 1 quarantined; " in lines[0]
    assert "quarantined: /bomb: it holds no text (2 failures, the last on 2026-01-02)" in lines
    assert "`ingest retry`" in lines[-1]


def test_each_file_that_is_through_is_told_once() -> None:
    told: list[Outcome] = []
    tally = Tally("c", files=3, tell=told.append)
    error = OversizedDocumentError("it takes too long")
    error.seconds = 60.0004

    tally.fail("/slow", error)
    tally.hold(HELD)
    tally.store(make_document("/a", "One.", "Two."), replaces=True, seconds=1.5)

    assert told == [
        Outcome("/slow", "failed", "OversizedDocumentError", "it takes too long", seconds=60.0),
        Outcome("/bomb", "quarantined", "EmptyDocumentError", "it holds no text"),
        Outcome("/a", "updated", chunks=2, tokens=2, pages=2, seconds=1.5),
    ]


def test_the_slowest_files_are_named() -> None:
    tally = Tally("c", files=9)

    for number in range(9):
        tally.store(make_document(f"/{number}", "x"), replaces=False, seconds=float(number))

    report = tally.report()
    assert [one.source for one in report.slowest] == ["/8", "/7", "/6", "/5", "/4"]
    assert "slowest to parse: 8.0 s /8, 7.0 s /7, 6.0 s /6, 5.0 s /5, 4.0 s /4" in summary(report)


def test_a_report_that_is_not_whole_is_exit_code_1_and_said() -> None:
    report = replace(Tally("c", files=1, added=1).report(), report_problem="the disk is full")

    assert report.exit_code == 1
    assert summary(report)[-1] == "the file of --report is not whole: the disk is full"


def test_the_time_left_follows_the_bytes_that_are_through() -> None:
    tally = Tally("c", total_bytes=400, done_bytes=100)
    tally.started -= 10

    assert tally.seconds_left == pytest.approx(30, abs=1)


def test_the_time_left_is_not_guessed_before_a_file_is_through() -> None:
    assert Tally("c", total_bytes=400).seconds_left is None
    assert Tally("c", total_bytes=10_000, done_bytes=9).seconds_left is None


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_what_can_be_printed_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(st.text(st.characters()) | st.sampled_from(["\x1b[31m", "a\nb", "\udcff", "\u202egnp.exe"]))
def test_what_a_terminal_would_act_on_is_escaped(text: str) -> None:
    shown = printable(text)

    assert shown.encode().decode() == shown
    assert not set(shown) & {"\x1b", "\n", "\r", "\x07", "\u202e"}
