"""HTML to a Document: the main text as Markdown, without menus, footers and banners."""

from __future__ import annotations

import re

from html_to_markdown import ConversionError, ConversionOptions, PreprocessingOptions, convert
from lxml import etree
from lxml import html as lxml_html

from ingest.blocks import find_title
from ingest.load.text import decode_text, normalise_text, require_text
from rag_core.documents import Document
from rag_core.errors import OversizedDocumentError, UnreadableDocumentError

MAX_HTML_BYTES = 64 << 20

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_HEAD_BYTES = 4096
_EXCLUDED = re.findall(
    r"\S+",
    "nav footer aside script style noscript template iframe svg form button dialog "
    "[role=navigation] [role=banner] [role=contentinfo] [role=search] [role=complementary] "
    "[role=dialog] [role=menu] [role=menubar] [aria-hidden=true] [hidden] "
    "[class*=cookie] [id*=cookie] [class*=consent] [id*=consent] "
    ".sidebar #sidebar .breadcrumb .breadcrumbs .headerlink .noprint .newsletter .advertisement "
    "div[class*=GlobalNav] #nav-menu .nav-menu #right-rail .right-rail "
    ".share .social .navbox .mw-editsection .mw-jump-link .mw-indicators .vector-header-container",
)


def _make_options(*, excluded: list[str]) -> ConversionOptions:
    return ConversionOptions(
        exclude_selectors=excluded,
        strip_tags=["a"],  # keeps a link's words; its address only dilutes what is embedded
        skip_images=True,
        compact_tables=True,
        extract_metadata=False,
        preprocessing=PreprocessingOptions(enabled=False),  # it drops the header with its h1
    )


_OPTIONS = _make_options(excluded=_EXCLUDED)
_WITH_ASIDES = _make_options(excluded=["head", "nav", "script", "style", "template"])
_PROSE = ("p", "pre", "td", "dd")
_MAIN = "//main | //*[@role='main'] | //article | //*[@itemprop='articleBody']"
_MAIN_SHARE = 0.5
"""Of a page's prose, that its main element holds: news F1 .67 without this choice, .90 with it."""
_INNER_SHARE = 0.9
"""Of the main element's prose, that an element inside it must hold to be taken instead."""
_LEAST_MAIN_CHARACTERS = 200
_MOST_MAINS = 100
_LOSS_BYTES = 4096
_LOSS_SHARE = 0.002


def load_html(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read a page; its title is that of the head, or else its first heading.

    Raises:
        OversizedDocumentError: it is larger than MAX_HTML_BYTES.
        UnreadableDocumentError: it cannot be converted, or is nested too deeply.
    """
    if len(content) > MAX_HTML_BYTES:
        raise OversizedDocumentError(
            f"{name!r} has {len(content) >> 20} MiB, pages may have {MAX_HTML_BYTES >> 20}"
        )
    declared = _DECLARED.search(content[:_HEAD_BYTES])
    encoding = declared[1].decode("ascii", "replace") if declared else None
    page, warnings = decode_text(content, name=name, declared=encoding)
    require_text(page, name=name)
    title, main = _find_main(page)
    text, faults = convert_page(main, name)
    _require_main(text, faults, name)
    if len(page) > _LOSS_BYTES and len(text) < _LOSS_SHARE * len(page):
        faults = (*faults, f"only {len(text)} characters of text in {len(page)} of HTML")
    title = title or find_title(text) or stem
    return Document(source, title, text, "text/html", "markdown", warnings=(*warnings, *faults))


def _require_main(text: str, faults: tuple[str, ...], name: str) -> None:
    if faults and not text:
        raise UnreadableDocumentError(f"{name!r} gives no text: {faults[0]}")
    require_text(text, name=name)


def convert_page(page: str, name: str, *, asides: bool = False) -> tuple[str, tuple[str, ...]]:
    """The Markdown of a page or a part of one, and what was lost; books hold notes as asides.

    Raises:
        UnreadableDocumentError: it cannot be converted.
    """
    try:
        result = convert(page, _WITH_ASIDES if asides else _OPTIONS)
    except ConversionError as error:
        raise UnreadableDocumentError(f"{name!r} cannot be read as HTML: {error}") from error
    warnings = tuple(str(warning.message) for warning in result.warnings)
    return normalise_text(result.content or "").strip("\n"), warnings


def _find_main(page: str) -> tuple[str, str]:
    """The title in the head, and the HTML of the element that holds most of the prose."""
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True)
    try:
        root = lxml_html.document_fromstring(page.encode("utf-8"), parser=parser)
    except (etree.LxmlError, ValueError):
        return "", page
    title = " ".join((root.findtext(".//title") or "").split())
    mains = [(_measure_prose(element), element) for element in root.xpath(_MAIN)[:_MOST_MAINS]]
    most = max((prose for prose, _ in mains), default=0)
    if most < max(_LEAST_MAIN_CHARACTERS, _MAIN_SHARE * _measure_prose(root)):
        return title, page
    innermost = [element for prose, element in mains if prose >= _INNER_SHARE * most][-1]
    return title, lxml_html.tostring(innermost, encoding="unicode", with_tail=False)


def _measure_prose(element: etree._Element) -> int:
    """Characters in paragraphs and their like: menus hold few."""
    return sum(len("".join(part.itertext())) for part in element.iter(*_PROSE))
