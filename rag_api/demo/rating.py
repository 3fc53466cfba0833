"""A reader's thumb, as `thumbs.js` hands it over → the API, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal

import gradio as gr
from pydantic import BaseModel, ConfigDict, ValidationError

from rag_api.demo.asking import Conversation
from rag_api.demo.client import Api
from rag_api.demo.faults import CallError
from rag_api.demo.turns import Turn
from rag_api.events import Retrieved

_SAID = {
    "kept": (
        "Thank you. Your rating is kept with the question and the answer.",
        "Your rating was not kept.",
    ),
    "commented": (
        "Thank you. Your comment is kept with the question and the answer.",
        "Your comment was not kept.",
    ),
    "withdrawn": ("Your rating was taken back.", "Your rating was not taken back."),
}
_FORGOTTEN = "This answer is not on the page any more."


class _Thumb(BaseModel):
    """What thumbs.js hands over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    rating: Literal["up", "down"] | None
    comment: str | None = None
    count: int
    """Of what it has handed over: another one each time, or Gradio would not notice."""


@dataclass(frozen=True, slots=True)
class Thumbs:
    """The action of rating, with the API that keeps it."""

    api: Api

    async def rate(self, given: str | None, conversation: Conversation, key: str | None) -> str:
        """Send a rating; gives what came of it, for thumbs.js."""
        try:
            thumb = _Thumb.model_validate_json(given or "")
        except ValidationError:
            return ""  # a page of another version: it waits, and says after a while that it did
        turn = next((one for one in conversation.turns if one.run == thumb.run), None)
        if turn is None:
            return _tell(thumb, fault=_FORGOTTEN)
        try:
            await _send(self.api.with_key(key), _write(turn, thumb))
        except CallError as error:
            return _tell(thumb, fault=str(error))
        return _tell(thumb)


def add_thumbs(conversation: gr.State, key: gr.Textbox, thumbs: Thumbs) -> None:
    """Add what thumbs.js presses and reads; nobody sees it."""
    given = gr.Textbox(visible="hidden")
    press = gr.Button("Rate", visible="hidden", elem_id="rate")
    rated = gr.HTML("", visible="hidden", elem_id="rated")
    press.click(
        thumbs.rate,
        [given, conversation, key],
        rated,
        js="(given, conversation, key) => [window.demoThumb, conversation, key]",
        show_progress="hidden",
        api_visibility="private",
        concurrency_limit=None,
    )


async def _send(api: Api, given: Mapping[str, object]) -> None:
    async with api.call("POST", "/v1/feedback", json=given) as response:
        await response.read()


def _write(turn: Turn, thumb: _Thumb) -> Mapping[str, object]:
    """The request; the answer goes along, for the API keeps it some minutes only."""
    given = {"answer_id": turn.run, "rating": thumb.rating, "comment": thumb.comment}
    return given if turn.retrieved is None else {**given, "answer": _copy(turn, turn.retrieved)}


def _copy(turn: Turn, retrieved: Retrieved) -> Mapping[str, object]:
    return {
        "question": turn.question,
        "query": retrieved.query,
        "collection": retrieved.collection,
        "answer": turn.text,
        "outcome": turn.outcome,
        "model": turn.model,
        "citations": [one.model_dump(mode="json") for one in turn.citations],
        "passages": [{**one.model_dump(mode="json"), "text": ""} for one in retrieved.passages],
    }


def _tell(thumb: _Thumb, *, fault: str = "") -> str:
    done, undone = _SAID["withdrawn" if thumb.rating is None else "kept"]
    if thumb.comment:
        done, undone = _SAID["commented"]
    said = f"{undone} {fault}" if fault else done
    told = {**thumb.model_dump(), "said": said, "failed": bool(fault)}
    return f'<span data-rated="{escape(json.dumps(told))}"></span>'
