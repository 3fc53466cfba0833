from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.report import Tally, printable, summary
from rag_core.errors import CatalogUnavailableError, EmptyDocumentError, UnreadableDocumentError


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


def test_the_time_left_follows_the_bytes_that_are_through() -> None:
    tally = Tally("c", total_bytes=400, done_bytes=100)
    tally.started -= 10

    assert tally.seconds_left == pytest.approx(30, abs=1)


def test_the_time_left_is_not_guessed_before_a_file_is_through() -> None:
    assert Tally("c", total_bytes=400).seconds_left is None


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_what_can_be_printed_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(st.text(st.characters()) | st.sampled_from(["\x1b[31m", "a\nb", "\udcff", "\u202egnp.exe"]))
def test_what_a_terminal_would_act_on_is_escaped(text: str) -> None:
    shown = printable(text)

    assert shown.encode().decode() == shown
    assert not set(shown) & {"\x1b", "\n", "\r", "\x07", "\u202e"}
