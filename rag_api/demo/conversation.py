"""Turns → the conversation as HTML: questions, answers with their chips, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from rag_api.demo.answer_text import render_answer
from rag_api.demo.found import write_time
from rag_api.demo.links import Links
from rag_api.demo.panel import panel_prefix, score_bar
from rag_api.demo.thumbs import render_thumbs
from rag_api.demo.turns import Turn
from rag_api.events import NearMiss

_EMPTY = {
    "empty_collection": "This collection is empty: add documents to it, then ask again.",
    "filtered_out": "No document passes the filter.",
}
_WELCOME = """
<div class="welcome">
<h2>What would you like to know?</h2>
<p>Answers come from your documents alone. Choose a number in an answer to see the exact words it
rests on.</p>
</div>
"""
_NO_MODEL = "extractive"


def render_welcome() -> str:
    """What stands in the place of a conversation that has not begun."""
    return _WELCOME


def render_turns(turns: Iterable[Turn], links: Links) -> str:
    """Write the turns, oldest first."""
    return "".join(render_turn(turn, links) for turn in turns)


def render_turn(turn: Turn, links: Links) -> str:
    """Write a question and its answer as far as it has come."""
    body = render_answer(turn.text, turn.citations, prefix=panel_prefix(turn)) if turn.text else ""
    return (
        f'<article class="turn" aria-busy="{"true" if turn.running else "false"}">'
        f'<h2 class="question" dir="auto"><span class="unseen">You asked: </span>'
        f"{escape(turn.question)}</h2>"
        f'<div class="answer{_class(turn)}" dir="auto">'
        f"{_head(turn)}{body}{_foot(turn, links)}</div></article>"
    )


def _class(turn: Turn) -> str:
    if turn.status == "done" and turn.outcome != "answered":
        return " abstained"
    return f" {turn.status}"


def _head(turn: Turn) -> str:
    if turn.status == "searching":
        what = "Searching…" if turn.retrieved is None else "Reading the passages…"
        return f'<p class="waiting">{what}</p>'
    if turn.status == "done" and turn.outcome == "insufficient":
        return '<p class="badge">Not answered by these documents</p>'
    return ""


def _foot(turn: Turn, links: Links) -> str:
    if turn.status == "stopped":
        return f'<p class="note">{escape(turn.fault) or "Stopped."}</p>'
    if turn.status == "failed":
        return f'<p class="fault" role="alert">{escape(turn.fault)}</p>'
    if turn.status != "done":
        return ""
    note = '<p class="note">Cut off at the model’s limit.</p>' if turn.cut else ""
    if turn.outcome in _EMPTY and not turn.text:
        note += f"<p>{_EMPTY[turn.outcome]}</p>"
    return note + _nearest(turn, links) + _by(turn) + render_thumbs(turn)


def _by(turn: Turn) -> str:
    """Who answered, and how long it took where that was measured."""
    who = f"Answered by {turn.model}"
    if turn.model == _NO_MODEL:
        done = "Quoted" if turn.outcome == "answered" else "Searched"
        who = f"{done} without a chat model"
    took = turn.whole_milliseconds
    return f'<p class="by">{escape(who)}{"" if took is None else f" in {write_time(took)}"}</p>'


def _nearest(turn: Turn, links: Links) -> str:
    if not turn.nearest:
        return ""
    items = "".join(_miss(turn, one, links) for one in turn.nearest)
    return f'<div class="nearest"><h3>What came closest</h3><ul>{items}</ul></div>'


def _miss(turn: Turn, miss: NearMiss, links: Links) -> str:
    page = "" if miss.page is None else f", page {miss.page}"
    target = f"{panel_prefix(turn)}-{miss.number}"
    title = escape(f"{miss.title or miss.source}{page}")
    retrieved = turn.retrieved
    least = retrieved.least_score if retrieved else 0.0
    label = f"Score; from {least:.3f} on it would be close enough"
    bar = score_bar(miss.fused_score, label, in_percent=False)
    address = escape(links.address(miss))
    link = f'<a href="{address}" data-mark="{target}">{title}</a>{_part(turn, miss)}'
    return f"<li><span>{link}</span> {bar}</li>"


def _part(turn: Turn, miss: NearMiss) -> str:
    """The heading that it stands below; several may be of one document."""
    passages = turn.retrieved.passages if turn.retrieved else ()
    paths = [one.heading_path for one in passages if one.number == miss.number]
    heading = paths[0][-1] if paths and paths[0] else ""
    return f" <small>{escape(heading)}</small>" if heading not in {"", miss.title} else ""
