"""A turn → the panel beside its answer: the passages with the cited words marked, and how found."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from rag_api.demo.found import render_found
from rag_api.demo.links import Links
from rag_api.demo.marks import mark_ranges
from rag_api.demo.pages import render_pages
from rag_api.demo.turns import Stretch, Turn
from rag_api.events import PassageView

PANEL_HEAD = '<h2>Sources</h2><button type="button" id="back" hidden>Back to the answer</button>'
EMPTY_PANEL = (
    '<p class="hint">The passages that an answer rests on stand here, with the cited words '
    "marked in their place.</p>"
)

_GONE = "This document was changed or removed since; this is the passage as it was."


def render_panel(turns: Iterable[Turn], links: Links) -> str:
    """Write the sources of all turns; only the last turn's are shown at first."""
    found = [turn for turn in turns if turn.retrieved is not None]
    if not found:
        return EMPTY_PANEL
    last = found[-1].number
    return "".join(_section(turn, links, shown=turn.number == last) for turn in found)


def panel_prefix(turn: Turn) -> str:
    """What the ids of a turn's marks and cards begin with."""
    return f"t{turn.number}"


def score_bar(value: float, label: str, *, in_percent: bool = True) -> str:
    """A bar from 0 to 1, with its value as a text for those who do not see it."""
    percent = round(100 * max(0.0, min(value, 1.0)))
    shown = f"{percent} %" if in_percent else f"{value:.3f}"
    return (
        f'<span class="score" role="img" aria-label="{escape(label)}: {shown}" '
        f'title="{escape(label)}"><span class="bar"><span style="width:{percent}%"></span></span>'
        f'<span class="percent">{shown}</span></span>'
    )


def _section(turn: Turn, links: Links, *, shown: bool) -> str:
    hidden = "" if shown else " hidden"
    passages = turn.retrieved.passages if turn.retrieved else ()
    cited = {citation.number for citation in turn.citations}
    ordered = sorted(passages, key=lambda one: (one.number not in cited, one.number))
    cards = "".join(_card(turn, one, links, cited=one.number in cited) for one in ordered)
    nothing = '<p class="hint">No passage was found.</p>' if not passages else ""
    return (
        f'<section class="sources" id="{panel_prefix(turn)}-sources"{hidden} '
        f'aria-label="Sources of the answer to: {escape(turn.question[:100])}">'
        f'<p class="about">{_about(turn, len(passages), len(cited))}</p>'
        f"{cards}{nothing}{render_found(turn)}</section>"
    )


def _about(turn: Turn, found: int, cited: int) -> str:
    counted = f"{found} passage{'' if found == 1 else 's'} read"
    if turn.outcome == "insufficient":
        return f"{counted}, none of them close enough"
    return f"{counted}, {cited} cited" if cited or not turn.running else f"{counted}…"


def _card(turn: Turn, passage: PassageView, links: Links, *, cited: bool) -> str:
    identity = f"{panel_prefix(turn)}-{passage.number}"
    title = escape(passage.title or passage.source)
    pages = _pages(turn, passage)
    place = [f"page{'s' if len(pages) > 1 else ''} {', '.join(map(str, pages))}"] if pages else []
    path = [one for one in passage.heading_path if one != passage.title]
    place += [" › ".join(path)] if path else []
    return (
        f'<details class="card{" cited" if cited else ""}" id="{identity}"'
        f'{" open" if cited else ""}><summary><span class="number">{passage.number}</span>'
        f'<span class="title">{title}<small>{escape(" · ".join(place))}</small></span>'
        f"{score_bar(passage.confidence, 'How well it fits the question')}</summary>"
        f'<div class="text" dir="auto" tabindex="0">{_text(turn, passage, identity)}</div>'
        f"{_place(turn, passage, links)}</details>"
    )


def _place(turn: Turn, passage: PassageView, links: Links) -> str:
    if passage.document_id in turn.gone:
        return f'<p class="gone">{_GONE}</p>'
    page = next(iter(_pages(turn, passage)), None)
    shown = render_pages(turn, passage, links)
    return f'{shown}<p class="links">{links.write(passage, page=page)}</p>'


def _pages(turn: Turn, passage: PassageView) -> list[int]:
    """Those of the cited words; where none are cited, that on which the passage begins."""
    cited = {one.page for one in turn.citations if one.number == passage.number}
    return sorted(page for page in cited or {passage.page} if page is not None)


def _text(turn: Turn, passage: PassageView, identity: str) -> str:
    """The passage, with what stands around it in the document once that was read."""
    ranges = [(one.start, one.end) for one in turn.citations if one.number == passage.number]
    stretch = turn.stretches.get(passage.number) or Stretch(passage.start, passage.text)
    first, last = passage.start - stretch.start, passage.end - stretch.start
    marked = mark_ranges(stretch.text[first:last], ranges, start=passage.start, prefix=identity)
    before, after = escape(stretch.text[:first]), escape(stretch.text[last:])
    return (
        f'<span class="around">{_cut_mark(stretch.start > 0)}{before}</span>'
        f'<span class="passage">{marked}</span>'
        f'<span class="around">{after}{_cut_mark(not stretch.to_end)}</span>'
    )


def _cut_mark(cut: bool) -> str:  # noqa: FBT001 - says what it is at its two calls
    return "… " if cut else ""
