from __future__ import annotations

import pytest

from ingest.load.xml import load_xml
from rag_core.documents import Document
from rag_core.errors import EmptyDocumentError, UnreadableDocumentError, UnsupportedDocumentError

WORDS = "Words that go on. " * 9


def load(content: str) -> Document:
    return load_xml(content.encode(), source="/d/a.xml", name="a.xml", stem="a")


def test_titles_are_headings_and_short_values_stand_beside_their_names() -> None:
    text = load(
        "<rss><channel><title>News</title><lang>en</lang><item><title>Ducks</title>"
        "<by>Ann</by></item></channel></rss>"
    ).text

    assert text == "# News\n\n- lang: en\n\n## Ducks\n\n- by: Ann"


def test_a_value_carries_the_names_that_lead_to_it() -> None:
    text = load("<order id='5'><to><city>Bonn</city></to></order>").text

    assert text == "- id: 5\n- to.city: Bonn"


def test_elements_that_repeat_are_told_apart_by_number() -> None:
    text = load("<l><order><n>1</n></order><order><n>2</n></order></l>").text

    assert text == "# order 1\n\n- n: 1\n\n# order 2\n\n- n: 2"


def test_prose_is_paragraphs_with_the_words_of_what_stands_in_it() -> None:
    text = load(f"<a><p># See <b>this</b> &amp; that.<!-- no --></p><p>{WORDS}</p></a>").text

    assert text == f"\\# See this & that.\n\n{WORDS.strip()}"


def test_html_in_a_value_becomes_markdown() -> None:
    text = load(
        "<a><title>T</title><d>&lt;h1&gt;In&lt;/h1&gt;&lt;p&gt;Words.&lt;/p&gt;</d></a>"
    ).text

    assert text == "# T\n\n## In\n\nWords."


def test_what_is_not_well_formed_is_read_as_plain_text_with_a_warning() -> None:
    document = load("<a>words")

    assert (document.text, document.markup) == ("<a>words", "plain")
    assert document.warnings[0].startswith("no well-formed XML")


def test_declared_entities_are_refused_and_others_are_read() -> None:
    with pytest.raises(UnsupportedDocumentError, match="entities"):
        load('<!DOCTYPE a [<!ENTITY b "boom">]><a>&b;</a>')

    assert load('<!DOCTYPE a SYSTEM "file:///nowhere"><a>Fish&nbsp;&amp; x</a>').text == "Fish & x"


def test_very_deep_elements_are_no_traceback() -> None:
    document = load("<a>" * 5000 + "words" + "</a>" * 5000)

    assert document.markup == "plain"


def test_a_file_without_words_is_empty() -> None:
    with pytest.raises(EmptyDocumentError):
        load("<a><b/></a>")


def test_binary_data_is_no_xml() -> None:
    with pytest.raises((UnreadableDocumentError, UnsupportedDocumentError)):
        load_xml(b"<a>\0\1\2\3", source="/d/a.xml", name="a.xml", stem="a")
