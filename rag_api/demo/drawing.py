"""A conversation → what the page's components show of it, and what the browser is to keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from rag_api.demo.asking import Conversation
from rag_api.demo.conversation import render_turns, render_welcome
from rag_api.demo.kept import render_change
from rag_api.demo.links import Links
from rag_api.demo.panel import render_panel
from rag_api.demo.turns import Turn

Update = Any
"""What Gradio takes for a component: a value, or what `gr.update` makes."""

_PARTS = 8
_KEPT_EVERY_CHARACTERS = 2_000
"""Of an answer in progress, for when it is neither completed nor to be had again."""


def draw(
    conversation: Conversation,
    links: Links,
    *,
    before: Conversation | None = None,
    keeps: bool = True,
) -> tuple[Update, ...]:
    """Draw all of it; where it is known `before`, of the panel and the kept only what has changed.

    `keeps`: whether the browser is to keep it so.
    """
    turns = conversation.turns
    begun, running = bool(turns), bool(turns) and turns[-1].running
    kept = keeps and _has_changed(_milestone, before, conversation)
    changed = not running or _has_changed(_sources, before, conversation)
    return (
        conversation,
        render_turns(turns, links) if begun else render_welcome(),
        render_panel(turns, links) if changed else gr.skip(),
        gr.update(visible=not running),
        gr.update(visible=running),
        gr.update(visible=begun and not running),
        gr.update(visible=begun),
        render_change(conversation) if kept else gr.skip(),
    )


def leave() -> tuple[Update, ...]:
    """Change nothing of what `draw` gives."""
    return (gr.skip(),) * _PARTS


def _has_changed(
    look: Callable[[Turn], object], before: Conversation | None, now: Conversation
) -> bool:
    return before is None or look(before.turns[-1]) != look(now.turns[-1])


def _sources(last: Turn) -> tuple[object, ...]:
    return last.number, last.retrieved is None, len(last.citations), len(last.stretches)


def _milestone(last: Turn) -> tuple[object, ...]:
    written = len(last.text) // _KEPT_EVERY_CHARACTERS
    return last.number, last.run, last.retrieved is None, last.running, written
