"""Passages of a document that exists, for the tests of what quotes them."""

from __future__ import annotations

from rag_api.events import PassageView, Retrieved

DOCUMENT = (
    "# The lighthouse\n\n"
    "The lighthouse on Skerry Rock was built in 1844 by Alan Stevenson. "
    "It stands 48 metres above the sea.\n\n"
    "| part | height |\n| lamp | 3 m |\n\n"
    "Its keepers lived on the rock for six weeks at a time. "
    "The light was made automatic in 1994, and the last keepers left.\n"
)


def passage_of(
    start: int, end: int, *, number: int = 1, fused_score: float = 0.6, document: str = DOCUMENT
) -> PassageView:
    return PassageView(
        number=number,
        chunk_id=f"d1-{number}",
        document_id="d1",
        collection="default",
        source="/docs/lighthouse.md",
        title="The lighthouse",
        page=2,
        heading_path=("The lighthouse",),
        start=start,
        end=end,
        text=document[start:end],
        score=0.5,
        lexical_score=2.0,
        fused_score=fused_score,
        confidence=0.9,
        url="http://here/v1/sources/d1-0",
        metadata={},
    )


MIDDLE = DOCUMENT.index("Its keepers")
PASSAGES = (passage_of(0, MIDDLE), passage_of(MIDDLE, len(DOCUMENT), number=2, fused_score=0.5))


def retrieved(*passages: PassageView, question: str = "When was it built?") -> Retrieved:
    return Retrieved(
        question=question,
        query=question,
        collection="default",
        passages=passages,
        empty=None if passages else "empty_collection",
    )
