from __future__ import annotations

import io
import zipfile

import pytest

from ingest.load.epub import load_epub
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError, UnreadableDocumentError

CONTAINER = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
PACKAGE = """<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
<dc:title>The Book</dc:title><dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator></metadata>
<manifest><item id="n" href="nav.xhtml" properties="nav"/><item id="b" href="b%20c.xhtml#top"/>
<item id="a" href="a.xhtml"/></manifest><spine><itemref idref="n"/><itemref idref="b"/>
<itemref idref="a"/></spine></package>"""
CHAPTER = "<html><head><title>{0}</title></head><body>{1}</body></html>"


def load(**parts: str | bytes) -> Document:
    stream = io.BytesIO()
    files = {
        "META-INF/container.xml": CONTAINER,
        "OPS/book.opf": PACKAGE,
        "OPS/nav.xhtml": CHAPTER.format("Contents", "<p>Contents.</p>"),
        "OPS/b c.xhtml": CHAPTER.format("B", "<h1>Begin</h1><p>First.</p><aside>Note.</aside>"),
        "OPS/a.xhtml": CHAPTER.format("End", "<p>Last.</p>"),
    }
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in {**files, **parts}.items():
            archive.writestr(name, text)
    return load_epub(stream.getvalue(), source="/d/a.epub", name="a.epub", stem="a")


def test_chapters_follow_in_reading_order_under_their_titles() -> None:
    document = load()

    assert document.title == "The Book"
    assert document.text == ("Authors: Ann, Bob\n\n# Begin\n\nFirst.\n\nNote.\n\n# End\n\nLast.")


def test_a_chapter_that_cannot_be_read_is_a_warning() -> None:
    document = load(**{"OPS/a.xhtml": b"\0\1\2\3"})

    assert "First." in document.text
    assert "OPS/a.xhtml' is no text" in document.warnings[0]


def test_an_encrypted_book_is_unreadable() -> None:
    parts = dict.fromkeys(("OPS/a.xhtml", "OPS/b c.xhtml"), b"\0\1\2\3")

    with pytest.raises(UnreadableDocumentError, match="encrypted"):
        load(**parts, **{"META-INF/encryption.xml": "<x/>"})


def test_a_book_without_words_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load(**{"OPS/book.opf": "<package/>"})


@pytest.mark.parametrize(
    ("part", "text", "reason"),
    [
        ("META-INF/container.xml", "<no", "broken XML"),
        ("META-INF/container.xml", "<container/>", "broken book"),
        ("OPS/book.opf", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "DOCTYPE"),
    ],
)
def test_a_broken_or_hostile_book_is_unreadable(part: str, text: str, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        load(**{part: text})
