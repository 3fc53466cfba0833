"""Thumbs below an answer, as HTML that `thumbs.js` brings to life."""

from __future__ import annotations

from html import escape

from rag_api.demo.turns import Turn

_THUMB = (
    "M7 11v9H3v-9zM7 11l4-8a2.3 2.3 0 0 1 2.2 2.8L12.5 9H19a2 2 0 0 1 2 2.4l-1.4 7a2 2 0 0 1-2 "
    "1.6H7"
)
_CHOICES = (("up", "Good answer"), ("down", "Bad answer"))


def render_thumbs(turn: Turn) -> str:
    """Two buttons below an answer that is complete."""
    if turn.status != "done" or not turn.run:
        return ""
    buttons = "".join(_button(rating, label) for rating, label in _CHOICES)
    return (
        f'<div class="thumbs" role="group" aria-label="Rate this answer" '
        f'data-run="{escape(turn.run)}">{buttons}</div>'
    )


def _button(rating: str, label: str) -> str:
    return (
        f'<button type="button" data-thumb="{rating}" aria-pressed="false" aria-label="{label}" '
        f'title="{label}"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{_THUMB}"/></svg>'
        "</button>"
    )
