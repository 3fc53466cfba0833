from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.load.tables import write_tables

WIDE = "long words " * 80


def write(*rows: str) -> str:
    return write_tables([row.split(",") for row in rows], level=2)


def test_the_first_row_is_the_header() -> None:
    assert write("Name,Age", "Ann,7") == "| Name | Age |\n| --- | --- |\n| Ann | 7 |"


def test_a_first_row_with_numbers_is_no_header_but_years_may_be() -> None:
    assert write("Ann,7", "Bob,8") == "| Ann | 7 |\n| Bob | 8 |"
    assert "---" in write("Item,2023,2024", "Apples,7,8")


def test_a_row_that_says_one_thing_is_the_title_above_a_table() -> None:
    text = write("Ducks,,", "Year,Kind,Number", "2019,tufted,120")

    assert text.startswith("Ducks\n\n| Year | Kind | Number |")


def test_an_empty_row_parts_tables_with_headers_of_their_own() -> None:
    assert write("A,B", "1,2", ",", "C,D", "3,4").count("---") == 4


def test_rows_after_an_empty_one_go_on_with_the_table_when_they_have_no_header() -> None:
    assert write("A,B", "x,2", ",", "y,4").endswith("| x | 2 |\n| y | 4 |")


def test_empty_columns_are_left_out() -> None:
    assert write("A,,B", "x,,y").startswith("| A | B |")


def test_bars_and_line_ends_in_cells_do_not_break_the_row() -> None:
    assert write("A|B", "x\ny") == "| A\\|B |\n| --- |\n| x y |"


def test_wide_rows_become_records_that_name_each_value() -> None:
    text = write("Question,Answer", f"Why?,{WIDE}", f"How?,{WIDE}")

    assert text.startswith("## Row 2: Why?\n\n- Question: Why?\n- Answer: long words")
    assert "\n\n## Row 3: How?\n" in text


def test_a_single_cell_is_a_paragraph_that_is_no_heading() -> None:
    assert write("# not a heading") == "\\# not a heading"


@given(st.lists(st.lists(st.sampled_from(["", "a", "7", "b c"]), min_size=3, max_size=3)))
def test_no_cell_is_lost(rows: list[list[str]]) -> None:
    text = write_tables(rows, level=2)

    for cell in {cell.strip() for row in rows for cell in row}:
        assert cell in text
