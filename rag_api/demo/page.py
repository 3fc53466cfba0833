"""The page: its parts, where they stand, and which action each leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

import gradio as gr

from rag_api.demo.actions import Actions
from rag_api.demo.asking import Conversation
from rag_api.demo.conversation import render_welcome
from rag_api.demo.examples import MOST_EXAMPLES
from rag_api.demo.panel import EMPTY_PANEL
from rag_api.demo.rating import Thumbs, add_thumbs

TITLE = "Ask your documents"
_SECONDS_BETWEEN_SWEEPS, _OLDEST_SECONDS = 600, 3600
"""Of the uploads that Gradio keeps; the API has its own copy by then."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """The page's components."""

    conversation: gr.State
    collection: gr.Dropdown
    key: gr.Textbox
    notice: gr.HTML
    log: gr.HTML
    panel: gr.HTML
    examples: list[gr.Button]
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    again: gr.Button
    clear: gr.Button
    files: gr.File
    job: gr.HTML

    @property
    def drawn(self) -> list[gr.components.Component]:
        """What changes with the conversation, in the order in which actions give it."""
        return [
            *(self.conversation, self.log, self.panel),
            *(self.ask, self.stop, self.again, self.clear),
        ]


def build_page(actions: Actions) -> gr.Blocks:
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
        _connect_asking(parts, actions)
        _connect_upload(parts, actions)
        add_thumbs(parts.conversation, parts.key, Thumbs(actions.api))
    return page


def _lay_out() -> _Parts:
    conversation = gr.State(Conversation())
    with gr.Row(elem_id="top"):
        gr.HTML(f"<h1>{TITLE}</h1>", elem_id="title")
        collection = gr.Dropdown(
            [], label="Collection", elem_id="collection", allow_custom_value=True
        )
        key = gr.Textbox(label="API key", type="password", visible=False, elem_id="key")
    notice = gr.HTML("", elem_id="notice")
    with gr.Row(elem_id="both"):
        with gr.Column(scale=3, min_width=320, elem_id="left"):
            log = gr.HTML(render_welcome(), elem_id="log")
            with gr.Row(elem_id="examples"):
                examples = [
                    gr.Button("", visible=False, size="sm", elem_classes="example")
                    for _ in range(MOST_EXAMPLES)
                ]
            question, (ask, stop, again, clear) = _lay_out_composer()
            with gr.Accordion("Add documents", open=False, elem_id="add"):
                files = gr.File(file_count="multiple", label="Files to add", height=120)
                job = gr.HTML("", elem_id="job")
        with gr.Column(scale=2, min_width=320, elem_id="right"):
            gr.HTML("<h2>Sources</h2>", elem_id="sources-title")
            panel = gr.HTML(EMPTY_PANEL, elem_id="panel")
    return _Parts(
        *(conversation, collection, key, notice, log, panel, examples),
        *(question, ask, stop, again, clear, files, job),
    )


def _lay_out_composer() -> tuple[gr.Textbox, tuple[gr.Button, ...]]:
    with gr.Column(elem_id="composer"):
        question = gr.Textbox(
            label="Your question",
            placeholder="Ask something the documents can answer",
            lines=1,
            max_lines=6,
            autofocus=True,
            elem_id="question",
        )
        with gr.Row(elem_id="buttons"):
            buttons = (
                gr.Button("Ask", variant="primary", elem_id="ask"),
                gr.Button("Stop", variant="stop", visible=False, elem_id="stop"),
                gr.Button("Answer again", visible=False, elem_id="again"),
                gr.Button("New conversation", visible=False, elem_id="clear"),
            )
    return question, buttons


class _Quiet(TypedDict):
    show_progress: Literal["hidden"]
    api_visibility: Literal["private"]


class _Unlimited(_Quiet):
    concurrency_limit: None


_QUIET: _Quiet = {"show_progress": "hidden", "api_visibility": "private"}
# How many are answered at once is the API's to say.
_UNLIMITED: _Unlimited = {**_QUIET, "concurrency_limit": None}


def _connect_opening(page: gr.Blocks, parts: _Parts, actions: Actions) -> None:
    opened = [parts.collection, parts.key, parts.notice]
    wanted = [parts.key, parts.collection]
    page.load(actions.open_page, wanted, opened, **_QUIET)
    parts.key.submit(actions.open_page, wanted, opened, **_QUIET)
    parts.collection.change(actions.offer_examples, wanted, parts.examples, **_QUIET)


def _connect_asking(parts: _Parts, actions: Actions) -> None:
    given = [parts.question, parts.conversation, parts.key, parts.collection]
    again = given[1:]
    asked = [parts.question.submit, parts.ask.click]
    running = [
        gr.on(asked, actions.ask, given, parts.drawn, **_UNLIMITED),
        parts.again.click(actions.ask_again, again, parts.drawn, **_UNLIMITED),
        *(
            example.click(actions.ask, [example, *again], parts.drawn, **_UNLIMITED)
            for example in parts.examples
        ),
    ]
    parts.stop.click(actions.stop, parts.conversation, parts.drawn, cancels=running, **_QUIET)
    parts.clear.click(actions.clear, None, parts.drawn, cancels=running, **_QUIET)


def _connect_upload(parts: _Parts, actions: Actions) -> None:
    sent = parts.files.upload(
        actions.upload,
        [parts.files, parts.key, parts.collection],
        [parts.job, parts.files],
        **_UNLIMITED,
    )
    wanted = [parts.key, parts.collection]
    sent.then(actions.open_page, wanted, [parts.collection, parts.key, parts.notice], **_QUIET)
