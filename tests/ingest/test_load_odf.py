from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from ingest.load.odf import load_odp, load_odt
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError, UnreadableDocumentError

NAMES = "office text table style presentation"
NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in NAMES.split()
)
DRAWING = 'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
META = f'<o {NAMESPACES} xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{{}}</dc:title></o>'
STYLES = (
    '<style:style style:name="P1" style:parent-style-name="Title"/>'
    '<text:list-style style:name="L1"><text:list-level-style-number text:level="1"/>'
    '<text:list-level-style-bullet text:level="2"/></text:list-style>'
)


def make_zip(parts: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


def load(body: str, *, kind: str = "text", **parts: str) -> Document:
    content = (
        f"<office:document-content {NAMESPACES} {DRAWING}>{STYLES}<office:body>"
        f"<office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    files = {name.replace("_", "."): text for name, text in parts.items()}
    reader: Callable[..., Document] = load_odt if kind == "text" else load_odp
    packed = make_zip({"content.xml": content, **files})
    return reader(packed, source="/d/a.odt", name="a.odt", stem="a")


def test_headings_and_paragraphs_become_markdown() -> None:
    body = (
        '<text:p text:style-name="P1">Top</text:p><text:h text:outline-level="2">Be<text:s/>low'
        "</text:h><text:p>Words<text:tab/>of\n it.<text:line-break/># no heading</text:p>"
    )

    document = load(body)

    assert document.text == "# Top\n\n## Be low\n\nWords of it.\n\\# no heading"
    assert document.title == "Top"


def test_lists_keep_their_numbers_and_levels() -> None:
    body = (
        '<text:list text:style-name="L1"><text:list-item><text:p>one</text:p><text:list>'
        "<text:list-item><text:p>deep</text:p></text:list-item></text:list></text:list-item>"
        "<text:list-item><text:p>two</text:p></text:list-item></text:list>"
    )

    assert load(body).text == "1. one\n  - deep\n2. two"


def test_tables_become_rows_under_their_header() -> None:
    body = (
        "<table:table><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell>"
        '<table:table-cell table:number-columns-repeated="2"><text:p>B</text:p>'
        "</table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>c</text:p>"
        '</table:table-cell><table:table-cell table:number-columns-repeated="16000"/>'
        "</table:table-row></table:table>"
    )

    assert load(body).text == "| A | B | B |\n| --- | --- | --- |\n| c |  |  |"


def test_notes_follow_the_text_and_comments_and_deleted_words_are_left_out() -> None:
    body = (
        "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:p>Words"
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>The note."
        "</text:p></text:note-body></text:note><office:annotation><text:p>hm</text:p>"
        "</office:annotation> go on.</text:p>"
    )

    assert load(body).text == "Words[^1] go on.\n\n[^1]: The note."


def test_text_boxes_follow_their_paragraph() -> None:
    box = "<draw:frame><draw:text-box><text:p>inside</text:p></draw:text-box></draw:frame>"

    assert load(f"<text:p>before{box}after</text:p>").text == "beforeafter\n\ninside"


def test_pages_begin_where_the_program_left_marks() -> None:
    document = load("<text:p>First.</text:p><text:soft-page-break/><text:p>Second.</text:p>")

    assert [document.text[start:].split()[0] for start in document.page_starts] == [
        "First.",
        "Second.",
    ]


def test_slides_are_pages_under_their_title_or_number() -> None:
    body = (
        "<draw:page><draw:frame><draw:text-box><text:p>Words.</text:p></draw:text-box></draw:frame>"
        '<draw:frame presentation:class="title"><draw:text-box><text:p>First</text:p>'
        "</draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>Slowly."
        "</text:p></draw:text-box></draw:frame></presentation:notes></draw:page><draw:page>"
        "<draw:custom-shape><text:p>Shape.</text:p></draw:custom-shape></draw:page>"
    )

    document = load(body, kind="presentation")

    assert document.text == "# First\n\nWords.\n\nNotes: Slowly.\n\n# Slide 2\n\nShape."
    assert document.page_starts == (0, document.text.index("# Slide 2"))


def test_the_title_is_that_of_the_properties() -> None:
    assert load("<text:p>Words.</text:p>", meta_xml=META.format("The title")).title == "The title"


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"content.xml": "<no"}, "broken XML"),
        ({"content.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}, "DOCTYPE"),
        ({"content.xml": "x", "META-INF/manifest.xml": "<a:encryption-data/>"}, "password"),
        ({"other": "x"}, "no part"),
    ],
)
def test_a_broken_hostile_or_encrypted_text_is_unreadable(
    parts: dict[str, str], reason: str
) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        load_odt(make_zip(parts), source="/d/a.odt", name="a.odt", stem="a")


def test_a_text_without_words_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load("<text:p/>")
