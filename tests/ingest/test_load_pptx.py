from __future__ import annotations

import io
import zipfile
from itertools import pairwise

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.presentation import Presentation
from pptx.slide import Slide
from pptx.util import Inches

from ingest.load.pptx import load_pptx
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError, UnreadableDocumentError

BOX = (Inches(1), Inches(3), Inches(4), Inches(1))
TITLE_ONLY, TITLE_AND_BODY, BLANK = 5, 1, 6


def save(slides: Presentation) -> bytes:
    stream = io.BytesIO()
    slides.save(stream)
    return stream.getvalue()


def add_slide(slides: Presentation, title: str = "", *, layout: int = TITLE_ONLY) -> Slide:
    slide = slides.slides.add_slide(slides.slide_layouts[layout])
    if title:
        slide.shapes.title.text = title
    return slide


def load(slides: Presentation) -> Document:
    return load_content(save(slides))


def load_content(content: bytes) -> Document:
    return load_pptx(content, source="/d/a.pptx", name="a.pptx", stem="a")


def test_each_slide_is_a_page_under_its_title() -> None:
    slides = pptx.Presentation()
    for title in ("First", "Second", "Third"):
        add_slide(slides, title)

    document = load(slides)

    starts = [*document.page_starts, len(document.text)]
    pages = [document.text[start:end].strip() for start, end in pairwise(starts)]
    assert pages == ["# First", "# Second", "# Third"]
    assert document.title == "First"


def test_a_slide_without_title_stands_under_its_number() -> None:
    slides = pptx.Presentation()
    add_slide(slides, "First")
    add_slide(slides, layout=BLANK).shapes.add_textbox(*BOX).text_frame.text = "Words."

    assert load(slides).text.endswith("# Slide 2\n\nWords.")


def test_the_body_is_a_list_with_its_levels() -> None:
    slides = pptx.Presentation()
    body = add_slide(slides, "A", layout=TITLE_AND_BODY).placeholders[1].text_frame
    body.text = "one"
    body.add_paragraph().text = "deeper"
    body.paragraphs[1].level = 1

    assert load(slides).text == "# A\n\n- one\n  - deeper"


def test_shapes_are_read_from_top_to_bottom_with_those_in_groups() -> None:
    slides = pptx.Presentation()
    shapes = add_slide(slides, "A").shapes
    shapes.add_textbox(Inches(1), Inches(5), *BOX[2:]).text_frame.text = "# below"
    group = shapes.add_group_shape()
    group.shapes.add_textbox(*BOX).text_frame.text = "above"

    assert load(slides).text == "# A\n\nabove\n\n\\# below"


def test_merged_cells_of_a_table_say_the_same() -> None:
    slides = pptx.Presentation()
    table = add_slide(slides, "A").shapes.add_table(3, 2, *BOX).table
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(1, 0).merge(table.cell(2, 0))
    for row, column, words in [(0, 0, "Top"), (1, 0, "side"), (1, 1, "x"), (2, 1, "y")]:
        table.cell(row, column).text = words

    rows = "| Top | Top |\n| --- | --- |\n| side | x |\n| side | y |"
    assert load(slides).text == f"# A\n\n{rows}"


def test_a_chart_is_a_table_of_its_values() -> None:
    slides = pptx.Presentation()
    data = CategoryChartData()
    data.categories = ["Ducks", "Geese"]
    data.add_series("2025", (12, 7.5))
    chart = add_slide(slides, "A").shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *BOX, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Birds"

    rows = "|  | 2025 |\n| --- | --- |\n| Ducks | 12 |\n| Geese | 7.5 |"
    assert load(slides).text == f"# A\n\nBirds\n\n{rows}"


def test_notes_follow_their_slide() -> None:
    slides = pptx.Presentation()
    add_slide(slides, "A").notes_slide.notes_text_frame.text = "Say it slowly."

    assert load(slides).text == "# A\n\nNotes: Say it slowly."


def test_the_title_is_that_of_the_properties() -> None:
    slides = pptx.Presentation()
    slides.core_properties.title = "The title"
    add_slide(slides, "A")

    assert load(slides).title == "The title"


def test_slides_without_words_are_empty() -> None:
    slides = pptx.Presentation()
    add_slide(slides, layout=BLANK)

    with pytest.raises(EmptyDocumentError):
        load(slides)


@pytest.mark.parametrize(
    ("slide", "reason"),
    [("<p:no", "broken XML"), ('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "DOCTYPE")],
)
def test_a_broken_or_hostile_slide_is_unreadable(slide: str, reason: str) -> None:
    slides = pptx.Presentation()
    add_slide(slides, "A")
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(save(slides))) as old, zipfile.ZipFile(stream, "w") as new:
        for member in old.namelist():
            new.writestr(member, slide if member == "ppt/slides/slide1.xml" else old.read(member))

    with pytest.raises(UnreadableDocumentError, match=reason):
        load_content(stream.getvalue())


def test_a_slide_that_is_missing_is_unreadable() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("ppt/slides/slide1.xml", "<x/>")

    with pytest.raises(UnreadableDocumentError, match="no part 'ppt/presentation"):
        load_content(stream.getvalue())
