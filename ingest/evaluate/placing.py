"""Words that answers cited to where they stand in the documents that are there now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Sized
from collections.abc import Mapping

from ingest.evaluate.dataset import ExpectedPassage
from ingest.stored import each_document
from rag_core.catalog import documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.catalog.feedback import Quote
from rag_core.errors import DocumentNotFoundError


async def place_quotes(
    catalog: Catalog, collection: Collection, quotes: Sized[Quote]
) -> Mapping[Quote, ExpectedPassage]:
    """Find each quote's words, and name its document by its source.

    Documents may have changed since, or been renamed; quotes whose words are gone are left out.
    """
    by_document: dict[tuple[str, str], list[Quote]] = defaultdict(list)
    known: dict[str, tuple[str, str]] = {}
    async for one in each_document(catalog, collection):
        known[one.source] = known[one.id] = (one.id, one.source)
    for quote in dict.fromkeys(quotes):
        # A renamed document keeps its id, and a changed one its source.
        document = known.get(quote.document_id) or known.get(quote.source)
        if document is not None:
            by_document[document].append(quote)
    placed: dict[Quote, ExpectedPassage] = {}
    for (document_id, source), cited in by_document.items():
        text = await read_text(catalog, document_id)
        for quote in cited:
            start = find_words(text, quote.text, near=quote.start)
            if start is not None:
                end = start + len(quote.text)
                placed[quote] = ExpectedPassage(source, (quote.text,), start, end)
    return placed


def find_words(text: str, words: str, *, near: int) -> int | None:
    """Where these words begin, as close as may be to where they were; None when nowhere."""
    if not words.strip():
        return None
    after = text.find(words, near)
    before = text.rfind(words, 0, near + len(words))
    places = [place for place in (after, before) if place >= 0]
    return min(places, key=lambda place: abs(place - near), default=None)


async def read_text(catalog: Catalog, document_id: str) -> str:
    """The text of a document; empty when it was removed in this very moment."""
    try:
        return (await documents.get_document(catalog, document_id))[1]
    except DocumentNotFoundError:
        return ""
