"""The page: its parts, where they stand, and which action each leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

import gradio as gr

from rag_api.demo.actions import Actions
from rag_api.demo.asking import Conversation
from rag_api.demo.conversation import render_welcome
from rag_api.demo.conversing import Conversing
from rag_api.demo.examples import MOST_EXAMPLES
from rag_api.demo.panel import EMPTY_PANEL, PANEL_HEAD
from rag_api.demo.rating import Thumbs, add_thumbs

TITLE = "Ask your documents"
_SECONDS_BETWEEN_SWEEPS, _OLDEST_SECONDS = 600, 3600
"""Of the uploads that Gradio keeps; the API has its own copy by then."""
_CONVERSATIONS = """
<button type="button" id="list" aria-haspopup="dialog">Conversations</button>
<dialog id="conversations" aria-labelledby="conversations-title">
<div class="head"><h2 id="conversations-title">Your conversations</h2>
<button type="button" class="close">Close</button></div>
<ul></ul>
<p class="none">None yet: what you ask is listed here.</p>
<p class="said" role="status"></p>
<p class="hint">Kept in this browser alone, up to 4 MB of them; when that is full, the oldest are
deleted first.</p>
</dialog>
"""
_ADDING = """
<p class="hint">PDF, Word, PowerPoint, Excel, Markdown, HTML, text and more. They are added to the
collection that is chosen, and can be asked about as soon as they are read.</p>
"""

# What the browser keeps takes the place of the first value; conversations.js knows it.
_STORED = "(_, key) => [demo.stored(), key]"
_CHOSEN = "(key) => [key, ...demo.chosen()]"
_SENT = "(...values) => { demoSent(); return values; }"
_CHOOSE = "(...names) => { demo.choose(...names); }"


@dataclass(frozen=True, slots=True)
class _Parts:
    """The page's components."""

    conversation: gr.State
    stored: gr.Textbox
    unfinished: gr.Textbox
    open: gr.Button
    kept: gr.HTML
    clear: gr.Button
    files: gr.File
    job: gr.HTML
    collection: gr.Dropdown
    model: gr.Dropdown
    key: gr.Textbox
    notice: gr.HTML
    log: gr.HTML
    panel: gr.HTML
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    again: gr.Button
    examples: list[gr.Button]

    @property
    def drawn(self) -> list[gr.components.Component]:
        """What changes with the conversation, in the order in which `draw` gives it."""
        parts = (self.conversation, self.log, self.panel, self.ask, self.stop, self.again)
        return [*parts, self.clear, self.kept]

    @property
    def wanted(self) -> list[gr.components.Component]:
        """How a question is to be answered."""
        return [self.key, self.collection, self.model]


def build_page(actions: Actions, conversing: Conversing) -> gr.Blocks:
    """Lay the page out and connect its parts."""
    page = gr.Blocks(
        title=TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(_SECONDS_BETWEEN_SWEEPS, _OLDEST_SECONDS),
    )
    with page:
        parts = _lay_out()
        _connect_opening(page, parts, actions)
        _connect_conversing(page, parts, conversing)
        _connect_upload(parts, actions)
        add_thumbs(parts.conversation, parts.key, Thumbs(actions.api))
    return page


def _lay_out() -> _Parts:
    conversation = gr.State(Conversation())
    stored, unfinished = gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden")
    opens = gr.Button("Open", visible="hidden", elem_id="open")
    kept = gr.HTML("", visible="hidden", elem_id="kept")
    with gr.Row(elem_id="top"):
        gr.HTML(f"<h1>{TITLE}</h1>", elem_id="title")
        gr.HTML(_CONVERSATIONS, elem_id="history")
        clear = gr.Button("New conversation", visible=False, elem_id="clear")
        with gr.Accordion("Add documents", open=False, elem_id="add"):
            files = gr.File(file_count="multiple", label="Files to add", height=140)
            gr.HTML(_ADDING, elem_id="adding")
        choice = _lay_out_choice()
    notice, job = gr.HTML("", elem_id="notice"), gr.HTML("", elem_id="job")
    with gr.Row(elem_id="both"):
        with gr.Column(scale=3, min_width=320, elem_id="left"):
            log = gr.HTML(render_welcome(), elem_id="log")
            with gr.Row(elem_id="examples"):
                examples = [
                    gr.Button("", visible=False, size="sm", elem_classes="example")
                    for _ in range(MOST_EXAMPLES)
                ]
            question, ask, stop, again = _lay_out_composer()
        with gr.Column(scale=2, min_width=320, elem_id="right"):
            gr.HTML(PANEL_HEAD, elem_id="sources-title")
            panel = gr.HTML(EMPTY_PANEL, elem_id="panel")
    return _Parts(
        *(conversation, stored, unfinished, opens, kept, clear, files, job),
        *choice,
        notice,
        log,
        panel,
        question,
        ask,
        stop,
        again,
        examples,
    )


def _lay_out_choice() -> tuple[gr.Dropdown, gr.Dropdown, gr.Textbox]:
    return (
        gr.Dropdown([], label="Collection", elem_id="collection", allow_custom_value=True),
        gr.Dropdown([], label="Model", elem_id="model", visible=False, allow_custom_value=True),
        gr.Textbox(label="API key", type="password", visible=False, elem_id="key"),
    )


def _lay_out_composer() -> tuple[gr.Textbox, gr.Button, gr.Button, gr.Button]:
    again = gr.Button("Answer again", visible=False, elem_id="again")
    with gr.Row(elem_id="composer"):
        question = gr.Textbox(
            label="Your question",
            placeholder="Ask a question",
            lines=1,
            max_lines=6,
            autofocus=True,
            elem_id="question",
        )
        ask = gr.Button("Ask", variant="primary", elem_id="ask")
        stop = gr.Button("Stop", visible=False, elem_id="stop")
    return question, ask, stop, again


class _Quiet(TypedDict):
    show_progress: Literal["hidden"]
    api_visibility: Literal["private"]


class _Unlimited(_Quiet):
    concurrency_limit: None


_QUIET: _Quiet = {"show_progress": "hidden", "api_visibility": "private"}
# How many are answered at once is the API's to say.
_UNLIMITED: _Unlimited = {**_QUIET, "concurrency_limit": None}


def _connect_opening(page: gr.Blocks, parts: _Parts, actions: Actions) -> None:
    opened = [parts.collection, parts.model, parts.key, parts.notice]
    page.load(actions.open_page, parts.wanted, opened, js=_CHOSEN, **_QUIET)
    parts.key.submit(actions.open_page, parts.wanted, opened, **_QUIET)
    wanted = [parts.key, parts.collection]
    parts.collection.change(actions.offer_examples, wanted, parts.examples, **_QUIET)
    for choice in (parts.collection, parts.model):
        choice.change(None, [parts.collection, parts.model], js=_CHOOSE)


def _connect_conversing(page: gr.Blocks, parts: _Parts, conversing: Conversing) -> None:
    again = [parts.conversation, *parts.wanted]
    asker = [parts.conversation, parts.key]
    asked = [parts.question.submit, parts.ask.click]
    running = [
        gr.on(asked, conversing.ask, [parts.question, *again], parts.drawn, **_UNLIMITED),
        parts.again.click(conversing.ask_again, again, parts.drawn, **_UNLIMITED),
        *(
            example.click(conversing.ask, [example, *again], parts.drawn, **_UNLIMITED)
            for example in parts.examples
        ),
        parts.unfinished.change(conversing.read_on, asker, parts.drawn, **_UNLIMITED),
    ]
    # Before the others: what a click calls is called in turn, and each waited for.
    ends = [parts.stop.click, parts.clear.click, parts.open.click]
    gr.on(ends, None, cancels=running, **_QUIET)
    parts.stop.click(conversing.stop, asker, parts.drawn, **_QUIET)
    parts.clear.click(conversing.clear, None, parts.drawn, **_QUIET)
    parts.open.click(None, None, parts.notice, js="() => ''")
    gr.on(
        [page.load, parts.key.submit, parts.open.click],
        conversing.open_kept,
        [parts.stored, parts.key],
        [*parts.drawn, parts.unfinished, parts.notice],
        js=_STORED,
        **_UNLIMITED,
    )


def _connect_upload(parts: _Parts, actions: Actions) -> None:
    sent = parts.files.upload(
        actions.upload,
        [parts.files, parts.key, parts.collection],
        [parts.job, parts.files],
        js=_SENT,
        trigger_mode="multiple",  # or files that are added while others are read would be lost
        **_UNLIMITED,
    )
    opened = [parts.collection, parts.model, parts.key, parts.notice]
    sent.then(actions.open_page, parts.wanted, opened, **_QUIET)
