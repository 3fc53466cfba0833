from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.load import load_document
from ingest.load.kinds import Kind, find_kind
from rag_core.errors import (
    DocumentError,
    EmptyDocumentError,
    UnreadableDocumentError,
    UnsupportedDocumentError,
)
from tests.ole import make_ole


def make_zip(*members: str, mimetype: str = "") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
        if mimetype:
            archive.writestr("mimetype", mimetype)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("suffix", "content", "kind"),
    [
        (".md", b"# Title", "markdown"),
        (".md", b"<html>in Markdown", "markdown"),
        (".txt", b"words", "text"),
        (".py", b"print()", "code"),
        (".rst", b"Title\n=====", "rst"),
        ("", b"\xef\xbb\xbf <!DOCTYPE html><p>", "html"),
        (".txt", b"<!-- saved --><!-- page --><HTML>", "html"),
        (".vue", b"<html>", "text"),
        (".HTM", b"no tags", "html"),
        (".txt", b"%PDF-1.7", "pdf"),
        (".bin", make_zip("word/document.xml"), "docx"),
        (".txt", b"MZ is how this text begins", "text"),
        (".doc", b"{\\rtf1 text}", "rtf"),
        (".zip", make_zip("META-INF/container.xml"), "epub"),
        (
            ".txt",
            make_zip("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
            "odt",
        ),
        (".csv", b"a,b", "delimited"),
        (".csv", b'{"a": 1}', "json"),
        (".txt", b'{"a": 1}\n{"a": 2}\nno json', "json"),
        (".txt", b"[not] json", "text"),
        (".json", b"<?xml version='1.0'?><a/>", "xml"),
        (".ipynb", b"{}", "json"),
        (".xml", b"<a/>", "xml"),
        ("", b"<?xml version='1.0'?><a/>", "xml"),
        (".xml", b"<?xml version='1.0'?><html/>", "html"),
        (".csv", b"<!doctype html><p>", "html"),
        (".txt", b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n", "delimited"),
        (".txt", b"One, two.\nThree, four.\nFive, six.\nSeven, eight.\n", "text"),
        (".py", b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n", "code"),
        (".dat", make_zip("xl/workbook.xml"), "workbook"),
        (".bin", make_ole({"Workbook": b"words"}), "workbook"),
        (".docx", make_ole({"WordDocument": b"words"}), "doc"),
        (".doc", make_ole({"__properties_version1.0": b"words"}), "msg"),
        (".log", b"From: a\nTo: b\nSubject: c\n\nwords", "eml"),
        (".txt", b"From: a\nwords\n\nTo: b\nSubject: c", "text"),
        (".docx", make_zip("ppt/presentation.xml"), "pptx"),
        (".xls", b"<html><table>", "html"),
    ],
)
def test_content_comes_before_the_suffix(suffix: str, content: bytes, kind: Kind) -> None:
    assert find_kind(suffix, content, name="a") == kind


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG image"),
        (make_zip("xl/styles.xml"), "Excel"),
        (make_zip("ppt/theme.xml"), "PowerPoint"),
        (make_zip("a.txt"), "zip archive"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>', "entities"),
        (b"\x00\x01\x02\x03", "binary"),
    ],
)
def test_what_no_loader_reads_is_named(content: bytes, looks_like: str) -> None:
    with pytest.raises(UnsupportedDocumentError, match=looks_like):
        load_document(Path("a.dat"), source="/a.dat", content=content)


@pytest.mark.parametrize(
    ("stream", "looks_like"),
    [("PowerPoint Document", "save it as PPTX"), ("Other", "no loader reads")],
)
def test_other_old_office_files_are_named(stream: str, looks_like: str) -> None:
    content = make_ole({stream: b"words"})

    with pytest.raises(UnsupportedDocumentError, match=looks_like):
        find_kind(".doc", content, name="a.doc")


def test_a_broken_container_of_streams_is_unreadable() -> None:
    with pytest.raises(UnreadableDocumentError, match="broken Office file"):
        find_kind(".doc", make_ole({"Workbook": b"words"})[:600], name="a.doc")


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".xlsx"])
def test_a_file_that_is_not_what_it_is_named_is_unreadable(suffix: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=suffix):
        load_document(Path("a" + suffix), source="/a", content=b"plain words")
    with pytest.raises(UnreadableDocumentError, match="a web page: rename it"):
        find_kind(suffix, b"<!doctype html>Log in", name="a" + suffix)


def test_comments_before_html_are_skipped_in_linear_time() -> None:
    assert find_kind("", b"<!---->" * 600, name="a") == "text"


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.touch()

    with pytest.raises(EmptyDocumentError, match=r"'a\.md' is empty"):
        load_document(path, source="/a.md")


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocumentError, match="No such file"):
        load_document(tmp_path / "gone.md", source="/gone.md")


def test_the_file_is_read_when_no_content_is_given(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# Title\n\nWords.")

    document = load_document(path, source="/somewhere/a.md")

    assert (document.source, document.title) == ("/somewhere/a.md", "Title")


@settings(deadline=None)  # a parser's first call loads its library
@given(
    st.sampled_from([b"%PDF-", b"PK\x03\x04", b"<html>", b"\xff\xfe", b""]),
    st.binary(max_size=200),
    st.sampled_from([".md", ".html", ".pdf", ".docx", ""]),
)
def test_any_bytes_give_a_document_or_an_error_of_ours(
    start: bytes, rest: bytes, suffix: str
) -> None:
    try:
        text = load_document(Path("a" + suffix), source="/a", content=start + rest).text
    except DocumentError as error:
        text = str(error)

    assert text.strip()
