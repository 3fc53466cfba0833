"""The command `ingest search`: what fits a query."""

from __future__ import annotations

from ingest.filter_text import parse_filter
from ingest.screen import Screen
from rag_core.documents import Passage, join_headings
from rag_core.index import open_index
from rag_core.query import Query
from rag_core.search import search
from rag_core.settings import Settings

_SHOWN_CHARACTERS = 400
_KEYS = (
    *("chunk_id", "document_id", "collection", "source", "title", "text", "start", "end", "page"),
    *("heading_path", "score", "lexical_score", "fused_score", "confidence", "metadata"),
)
"""Of a passage in JSON; reranking and merging, of which the others tell, are the API's."""

_WHY_NOTHING = {
    None: "nothing found",
    "empty_collection": "nothing found: the collection is empty",
    "filtered_out": "nothing found: the filter allows no document of the collection",
}


async def find(
    settings: Settings,
    screen: Screen,
    *,
    query: str,
    collection: str | None,
    top_k: int,
    filtered_by: str | None,
) -> int:
    """Find the passages that fit a query, in the documents that a filter allows."""
    name = collection or settings.collection
    allowed = None if filtered_by is None else parse_filter(filtered_by)
    async with open_index(settings) as index:
        found = await search(index, name, Query(query, top_k, filter=allowed))
    lines = [
        line
        for number, passage in enumerate(found.passages, 1)
        for line in _describe_passage(number, passage)
    ]
    screen.show(
        {
            "collection": name,
            "query": query,
            "passages": list(map(_view_passage, found.passages)),
            "empty": found.empty,
        },
        lines or [_WHY_NOTHING[found.empty]],
    )
    return 0


def _view_passage(passage: Passage) -> dict[str, object]:
    return {name: getattr(passage, name) for name in _KEYS}


def _describe_passage(number: int, passage: Passage) -> list[str]:
    place = join_headings(passage.title, passage.heading_path)
    page = "" if passage.page is None else f", page {passage.page}"
    text = " ".join(passage.text.split())
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    scores = f"cosine {passage.score:.3f}, BM25 {passage.lexical_score:.2f}"
    return [
        f"{number}. {place}{page}",
        f"   {passage.source} [{passage.start}, {passage.end})",
        f"   score {passage.fused_score:.3f} ({scores}), on the topic by {passage.confidence:.0%}",
        f"   {shown}",
        "",
    ]
