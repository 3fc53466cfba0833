from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load.delimited import find_delimiter, load_delimited
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError

TABLE = "| Name | Place |\n| --- | --- |\n| Ann | Bonn, Rhein |"


def load(content: bytes) -> Document:
    return load_delimited(content, source="/d/a.csv", name="a.csv", stem="a")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(delimiter: str) -> None:
    text = f'Name{delimiter}Place\r\nAnn{delimiter}"Bonn, Rhein"\r\n'

    assert load(text.encode()).text == TABLE


def test_the_encoding_is_found_out() -> None:
    text = "Name;Straße\nJürgen;Äußere Gasse\nZoë;Kölner Straße\n"

    assert "| Jürgen | Äußere Gasse |" in load(text.encode("cp1252")).text
    assert "| Jürgen | Äußere Gasse |" in load(text.encode("utf-16")).text


def test_a_cell_may_hold_line_ends() -> None:
    assert load(b'Name,Words\nAnn,"one\ntwo"\n').text.endswith("| Ann | one two |")


def test_a_quotation_mark_that_nothing_closes_swallows_no_rows() -> None:
    rows = "".join(f"row{number},x\n" for number in range(10_000))

    document = load(f'Name,Size\nscreen,"5 inch\n{rows}'.encode())

    assert "| row9999 | x |" in document.text
    assert document.warnings == ("a quotation mark is never closed: all were read as letters",)


def test_rows_of_other_lengths_are_kept() -> None:
    assert load(b"A,B\nx\ny,1,extra\n").text.endswith("| x |  |  |\n| y | 1 | extra |")


def test_blank_lines_part_no_rows_of_the_same_width() -> None:
    assert load(b'Name,Place\r\r\nAnn,"Bonn, Rhein"\r\r\n').text == TABLE
    assert load(b"A,B\nx,\n\n,y\n").text.endswith("| x |  |\n|  | y |")
    assert "\n\n| C | D | E |\n| ---" in load(b"A,B\nx,y\n\nC,D,E\nu,v,w\n").text


def test_the_line_in_which_excel_names_the_delimiter_is_no_row() -> None:
    assert load(b"\xef\xbb\xbfsep=;\r\nName;Place\r\nAnn;Bonn, Rhein\r\n").text == TABLE


def test_one_column_is_a_table_too() -> None:
    assert load(b"Name\nAnn\n").text == "| Name |\n| --- |\n| Ann |"


def test_nothing_but_delimiters_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load(b",,\n,,\n")


@given(st.lists(st.tuples(*[st.text("ab ,;\"'\n", min_size=1)] * 3), min_size=3))
def test_what_a_csv_writer_writes_is_read_again(rows: list[tuple[str, str, str]]) -> None:
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([("n", "a", "z"), *rows])

    assert find_delimiter(stream.getvalue())[0] in ",;"
