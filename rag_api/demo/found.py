"""A turn → the view "How this was found": what was searched, by whom, with which scores."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag_api.demo.turns import Turn
from rag_api.events import PassageView, Retrieved

_WRITTEN_BY = {
    None: "searched as it stands",
    "rule": "rewritten by rule, from the turn before",
    "model": "rewritten by the chat model",
}
_COLUMNS = (
    ("No.", "The passage's number"),
    ("Title", "Of the document"),
    ("Meaning", "Cosine similarity, at most 1"),
    ("Words", "BM25, 0 or more"),
    ("Both", "The score that orders them, unless a reranker does"),
    ("Reranker", "On the reranker's own scale"),
)


def render_found(turn: Turn) -> str:
    """Write the view, closed; nothing before the passages are there."""
    retrieved = turn.retrieved
    if retrieved is None:
        return ""
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in _facts(turn, retrieved)
    )
    return (
        f'<details class="found"><summary>How this was found</summary><dl>{facts}</dl>'
        f"{_table(retrieved.passages)}</details>"
    )


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
    facts.append(("Least score", f"{retrieved.least_score:.3f}, of meaning and words together"))
    facts += [("Warning", warning) for warning in retrieved.warnings]
    if turn.model:
        facts.append(("Answered by", turn.model))
    if turn.output_tokens:
        facts.append(("Tokens", f"{turn.input_tokens:,} read, {turn.output_tokens:,} written"))
    return facts


def _table(passages: Sequence[PassageView]) -> str:
    if not passages:
        return ""
    reranked = any(one.rerank_score is not None for one in passages)
    columns = _COLUMNS if reranked else _COLUMNS[:-1]
    head = "".join(f'<th scope="col" title="{about}">{name}</th>' for name, about in columns)
    rows = "".join(_row(one, reranked=reranked) for one in passages)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="Scores"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(passage: PassageView, *, reranked: bool) -> str:
    scores = [passage.score, passage.lexical_score, passage.fused_score]
    cells = [f"{score:.3f}" for score in scores]
    if reranked:
        score = passage.rerank_score
        cells.append("–" if score is None else f"{score:.3f}")
    numbers = "".join(f"<td>{cell}</td>" for cell in cells)
    title = escape(passage.title or passage.source)
    return f'<tr><th scope="row">{passage.number}</th><td class="name">{title}</td>{numbers}</tr>'
