"""Passages that do not hold an answer → what is said of it, and the nearest of them."""

from __future__ import annotations

from collections.abc import Sequence

from rag_api.events import NearMiss, Outcome, PassageView, Retrieved

_MOST_NEAREST = 3

DOUBT = (
    "The search found nothing that fits this question well. Unless a passage holds the answer all "
    "the same, say that the documents do not."
)
"""What the chat model is told of passages below the least score."""


def fits(retrieved: Retrieved) -> bool:
    """Whether a passage has the least score; below it lies next to no question that is answered."""
    return _best_score(retrieved) >= retrieved.least_score


def _best_score(retrieved: Retrieved) -> float:
    """Of all that was found: a reranker may leave out what the search found best."""
    if retrieved.best_score is not None:
        return retrieved.best_score
    return max((passage.fused_score for passage in retrieved.passages), default=-1.0)


def find_nearest(passages: Sequence[PassageView]) -> tuple[NearMiss, ...]:
    """The closest passages, best first."""
    ranked = sorted(passages, key=lambda passage: -passage.fused_score)[:_MOST_NEAREST]
    return tuple(
        NearMiss(
            number=passage.number,
            chunk_id=passage.chunk_id,
            title=passage.title,
            source=passage.source,
            page=passage.page,
            score=passage.score,
            fused_score=passage.fused_score,
            url=passage.url,
        )
        for passage in ranked
    )


def explain_misfit(retrieved: Retrieved) -> str:
    """Say why passages that were found are not answered from."""
    best = _best_score(retrieved)
    if best >= retrieved.least_score:
        return "The passages that were found hold no sentence that answers this question."
    return (
        "The documents do not seem to hold an answer to this question: the closest passage scores "
        f"{best:.3f}, and {retrieved.least_score:.3f} is what an answer takes."
    )


def explain_nothing(retrieved: Retrieved) -> tuple[str, Outcome]:
    """Say why there are no passages at all, and what outcome that is."""
    names = list(retrieved.collections or [retrieved.collection])
    places = ", ".join(map(repr, names))
    many = len(names) > 1
    if retrieved.empty == "filtered_out":
        return (
            f"No document of the collection{'s' * many} {places} passes the filter, so that "
            "there is nothing to answer from. Without the filter, or with a wider one, there may "
            "be."
        ), "filtered_out"
    if retrieved.empty == "empty_collection":
        return (
            f"The collection{'s' * many} {places} hold{'s' * (not many)} no passages to answer "
            "from."
        ), "empty_collection"
    return "Nothing was found that fits this question.", "insufficient"
