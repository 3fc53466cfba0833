from __future__ import annotations

import pytest

from ingest.load.html import MAX_HTML_BYTES, load_html
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError, OversizedDocumentError, UnreadableDocumentError

PROSE = "<p>" + "Enough words to be the main text of a page. " * 8 + "</p>"
PAGE = f"""<!doctype html><html><head><title> A
 title</title><style>.x {{}}</style></head><body>
<header><nav><a href="/">Home menu</a></nav><h1>Heading</h1></header>
{PROSE}<h2>Part</h2><p>See <a href="http://x.example/">the link</a>.</p>
<table><tr><th>Name</th><th>Age</th></tr><tr><td>Ann</td><td>7</td></tr></table>
<ul><li>milk</li></ul><pre><code class="language-python"># code
</code></pre><script>alert(1)</script><div id="cookie-banner">We use cookies</div>
<footer>Imprint</footer></body></html>"""


def load(page: str | bytes) -> Document:
    content = page if isinstance(page, bytes) else page.encode()
    return load_html(content, source="/d/a.html", name="a.html", stem="a")


def test_headings_tables_lists_and_code_become_markdown() -> None:
    text = load(PAGE).text

    parts = ["# Heading", "## Part", "| Name | Age |", "| Ann | 7 |", "- milk", "```python\n# code"]
    assert all(part in text for part in parts)
    assert text.index("# Heading") < text.index("## Part") < text.index("| Ann")


@pytest.mark.parametrize("junk", ["Home menu", "alert", "cookies", "Imprint", ".x", "http"])
def test_what_is_around_the_text_is_left_out(junk: str) -> None:
    assert junk not in load(PAGE).text


def test_the_words_of_links_stay() -> None:
    assert "See the link." in load(PAGE).text


def test_the_title_is_that_of_the_head_then_the_first_heading_then_the_file_name() -> None:
    titles = [load(PAGE).title, load(f"<h1>First</h1>{PROSE}").title, load(PROSE).title]

    assert titles == ["A title", "First", "a"]


def test_the_element_with_most_of_the_prose_is_the_document() -> None:
    document = load(f"<div><p>Teaser elsewhere</p></div><article>{PROSE}</article>")

    assert document.text.startswith("Enough words")
    assert "Teaser" not in document.text


def test_a_small_article_does_not_hide_the_rest() -> None:
    document = load(f"<article><p>One of many.</p></article>{PROSE}")

    assert "One of many." in document.text
    assert "Enough words" in document.text


def test_the_declared_encoding_is_used() -> None:
    page = f"<meta charset='windows-1251'><p>Привет, мир</p>{PROSE}".encode("cp1251")

    assert "Привет, мир" in load(page).text


def test_deep_nesting_is_the_reason_when_it_hides_all_text() -> None:
    depth = 20_000

    with pytest.raises(UnreadableDocumentError, match="depth limit"):
        load("<div>" * depth + "lost" + "</div>" * depth)


def test_little_text_in_a_large_page_gives_a_warning() -> None:
    document = load("<p>word</p><script>" + "x" * 20_000 + "</script>")

    assert document.warnings == ("only 4 characters of text in 20028 of HTML",)


def test_a_page_without_text_is_no_document() -> None:
    with pytest.raises(EmptyDocumentError):
        load("<html><body><nav>menu</nav></body></html>")


def test_a_page_over_the_limit_is_refused() -> None:
    page = bytes(MAX_HTML_BYTES + 1)

    with pytest.raises(OversizedDocumentError, match="64 MiB"):
        load(page)
