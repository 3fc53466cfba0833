from __future__ import annotations

import io
from contextlib import redirect_stdout
from types import MappingProxyType

import orjson
import pytest

from ingest.screen import Screen
from rag_core.errors import InvalidRequestError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_markup_in_a_path_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(as_json=False).show({}, ["/docs/[red]a[/red]:smile:.md"])

    assert capsys.readouterr().out == "/docs/[red]a[/red]:smile:.md\n"


def test_markup_in_a_table_on_a_terminal_is_printed_as_it_is() -> None:
    with redirect_stdout(Terminal()) as terminal:
        Screen(as_json=False).show_table({}, ["source"], [["[red]a[/red]\x1b[2J.md"]])

    assert "[red]a[/red]\\x1b[2J.md" in terminal.getvalue()


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    with redirect_stdout(Terminal()) as terminal:
        Screen(as_json=False).show_table({}, ["source"], [["a.md"]])

    assert "\x1b[3" not in terminal.getvalue()


def test_a_table_in_a_pipe_is_lines_with_tabs_that_are_never_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen(as_json=False).show_table({}, ["source", "id"], [["x" * 300, "1\t2"]])

    assert capsys.readouterr().out == f"source\tid\n{'x' * 300}\t1\\t2\n"


def test_json_is_one_object_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    result = {"hash": b"\x01\xff", "metadata": MappingProxyType({"a": "b"})}

    Screen(as_json=True).show(result, ["never printed"])

    assert capsys.readouterr().out == '{"hash":"01ff","metadata":{"a":"b"}}\n'


def test_an_error_is_one_sentence_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(as_json=False).fail(InvalidRequestError("the question is empty"))

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "ingest: the question is empty\n")


def test_an_error_as_json_is_an_object_on_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen(as_json=True).fail(InvalidRequestError("the question is empty"))

    assert orjson.loads(capsys.readouterr().out) == {
        "error": "InvalidRequestError",
        "detail": "the question is empty",
    }


def test_without_a_terminal_nobody_says_yes() -> None:
    assert not Screen(as_json=False).confirm("Remove 3 documents?")
