"""A turn → the view "How this was found": what was searched, the rankings, and the times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

from rag_api.demo.turns import Turn
from rag_api.events import PassageView, Retrieved

_WRITTEN_BY = {
    None: "searched as it stands",
    "rule": "rewritten by rule, from the turn before",
    "model": "rewritten by the chat model",
}
_SECOND_MILLISECONDS = 1000

Score = Callable[[PassageView], float | None]


def _score_words(passage: PassageView) -> float | None:
    """What has no word of the query has no place among those that have."""
    return passage.lexical_score if passage.lexical_score > 0 else None


_RANKINGS: tuple[tuple[str, str, Score], ...] = (
    ("By meaning", "Cosine similarity, at most 1", lambda one: one.score),
    ("By words", "BM25; a dash where no word of the query is", _score_words),
    ("Together", "Of meaning and words, as they were searched", lambda one: one.fused_score),
)
_RERANKING: tuple[str, str, Score] = (
    "By the reranker",
    "On its own scale",
    lambda one: one.rerank_score,
)


def render_found(turn: Turn) -> str:
    """Write the view, closed; nothing before the passages are there."""
    retrieved = turn.retrieved
    if retrieved is None:
        return ""
    return (
        '<details class="found"><summary>How this was found</summary>'
        f"{_list(_facts(turn, retrieved))}{_rankings(retrieved.passages)}"
        f"<h3>How long it took</h3>{_list(_times(turn, retrieved))}</details>"
    )


def write_time(milliseconds: float) -> str:
    """A time as people say it: `14 ms`, `2.1 s`."""
    if milliseconds >= _SECOND_MILLISECONDS:
        return f"{milliseconds / _SECOND_MILLISECONDS:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "under 1 ms"


def _list(facts: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    return f"<dl>{items}</dl>"


def _facts(turn: Turn, retrieved: Retrieved) -> list[tuple[str, str]]:
    facts = [
        ("Question", retrieved.question),
        ("Query", f"{retrieved.query} ({_WRITTEN_BY[retrieved.rewritten_by]})"),
    ]
    others = [query for query in retrieved.queries if query != retrieved.query]
    facts += [("Also searched", query) for query in others]
    searched = ", ".join(retrieved.collections) or retrieved.collection
    facts.append(("Collection", searched))
    facts.append(("Ordered by", retrieved.reranked_by or "meaning and words together"))
    facts.append(("Close enough", f"from {retrieved.least_score:.3f}, meaning and words together"))
    facts += [("Warning", warning) for warning in retrieved.warnings]
    if turn.model:
        facts.append(("Answered by", turn.model))
    if turn.output_tokens:
        facts.append(("Tokens", f"{turn.input_tokens:,} read, {turn.output_tokens:,} written"))
    return facts


def _times(turn: Turn, retrieved: Retrieved) -> list[tuple[str, str]]:
    timings = retrieved.timings
    measured = [
        ("Rewriting the question", timings.rewriting_milliseconds),
        ("Searching", timings.searching_milliseconds),
        ("Reranking", timings.reranking_milliseconds),
        ("Until the first word", turn.first_word_milliseconds),
        ("Whole answer", turn.whole_milliseconds),
    ]
    return [(name, write_time(time)) for name, time in measured if time is not None]


def _rankings(passages: Sequence[PassageView]) -> str:
    if not passages:
        return ""
    reranked = any(one.rerank_score is not None for one in passages)
    rankings = (*_RANKINGS, _RERANKING) if reranked else _RANKINGS
    head = "".join(f'<th scope="col" title="{about}">{name}</th>' for name, about, _ in rankings)
    # The last of them is what they were ordered by.
    *_, deciding = rankings[-1]
    best_first = sorted(passages, key=lambda one: _known(deciding(one)), reverse=True)
    rows = "".join(
        _row(one, [(_place(one, passages, score), score(one)) for *_, score in rankings])
        for one in best_first
    )
    return (
        "<h3>How the passages rank</h3>"
        '<div class="wide" tabindex="0" role="region" aria-label="How the passages rank"><table>'
        f'<thead><tr><th scope="col">Passage</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>"
    )


def _place(passage: PassageView, passages: Sequence[PassageView], score: Score) -> int:
    """Of the passage by this score, from 1; equal ones share theirs."""
    return 1 + sum(_known(score(other)) > _known(score(passage)) for other in passages)


def _known(score: float | None) -> float:
    return float("-inf") if score is None else score


def _row(passage: PassageView, placed: Iterable[tuple[int, float | None]]) -> str:
    cells = "".join(
        "<td>–</td>" if score is None else f"<td><b>{place}.</b> {score:.3f}</td>"
        for place, score in placed
    )
    title = escape(passage.title or passage.source)
    return (
        f'<tr><th scope="row" class="name"><span class="number">{passage.number}</span>{title}</th>'
        f"{cells}</tr>"
    )
