"""The command `ingest search`: what fits a query."""

from __future__ import annotations

from ingest.screen import Screen
from rag_core.documents import Passage, join_headings
from rag_core.index import open_index
from rag_core.query import Query
from rag_core.search import search
from rag_core.settings import Settings

_SHOWN_CHARACTERS = 400


async def find(
    settings: Settings, screen: Screen, *, query: str, collection: str | None, top_k: int
) -> int:
    """Find the passages that fit a query."""
    name = collection or settings.collection
    async with open_index(settings) as index:
        passages = (await search(index, name, Query(query, top_k))).passages
    lines = [
        line
        for number, passage in enumerate(passages, 1)
        for line in _describe_passage(number, passage)
    ]
    screen.show(
        {"collection": name, "query": query, "passages": passages}, lines or ["nothing found"]
    )
    return 0


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
