"""What a visitor does on the page → what changes on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from rag_api.demo.asking import Conversation, begin_turn, drop_last, grow, stop_last
from rag_api.demo.client import Api
from rag_api.demo.conversation import render_turns, render_welcome
from rag_api.demo.examples import MOST_EXAMPLES, WIDE_QUERY, write_examples
from rag_api.demo.faults import CallError
from rag_api.demo.links import Links
from rag_api.demo.panel import render_panel
from rag_api.demo.uploads import render_fault, render_job, render_sending

Update = Any
"""What Gradio takes for a component: a value, or what `gr.update` makes."""
_MOST_PASSAGES = 50


@dataclass(frozen=True, slots=True)
class Actions:
    """The page's actions, with the API that they ask."""

    api: Api
    links: Links

    async def open_page(self, key: str | None, chosen: str | None) -> tuple[Update, ...]:
        """The collections to choose from, the key's field if one is wanted, and what is wrong."""
        try:
            found = await self._api(key).list_collections()
        except CallError as error:
            wanted = gr.update(visible=True) if error.unauthorized else gr.skip()
            return gr.skip(), wanted, render_fault(str(error))
        choices = [(_describe(one.name, one.documents), one.name) for one in found]
        names = [one.name for one in found]
        choice = chosen if chosen in names else next(iter(sorted(names, key=_default_first)), None)
        return gr.update(choices=choices, value=choice), gr.skip(), ""

    async def offer_examples(self, key: str | None, collection: str | None) -> list[Update]:
        """Questions to begin with, on as many buttons."""
        questions: list[str] = []
        if collection:
            try:
                found = await self._api(key).search(
                    WIDE_QUERY, collection=collection, top_k=_MOST_PASSAGES
                )
                questions = write_examples(found.passages)
            except CallError:
                questions = []
        missing = [gr.update(visible=False)] * (MOST_EXAMPLES - len(questions))
        return [*(gr.update(value=one, visible=True) for one in questions), *missing]

    async def ask(
        self, question: str, conversation: Conversation, key: str | None, collection: str | None
    ) -> AsyncGenerator[tuple[Update, ...], None]:
        """Answer a question; a blank one changes nothing."""
        if not question.strip():
            yield self._draw(conversation)
            return
        begun = begin_turn(conversation, question.strip())
        yield self._draw(begun)
        async with aclosing(grow(begun, self._api(key), collection=collection)) as growing:
            shown = begun
            async for grown in growing:
                yield self._draw(grown, before=shown)
                shown = grown

    async def ask_again(
        self, conversation: Conversation, key: str | None, collection: str | None
    ) -> AsyncGenerator[tuple[Update, ...], None]:
        """Answer the last question anew."""
        question = conversation.last_question
        async with aclosing(self.ask(question, drop_last(conversation), key, collection)) as asking:
            async for drawn in asking:
                yield drawn

    def stop(self, conversation: Conversation) -> tuple[Update, ...]:
        """End the answer in progress; what was written of it stays."""
        return self._draw(stop_last(conversation))

    def clear(self) -> tuple[Update, ...]:
        """Begin a new conversation."""
        return self._draw(Conversation())

    async def upload(
        self, files: list[str] | None, key: str | None, collection: str | None
    ) -> AsyncGenerator[tuple[Update, Update], None]:
        """Send files to the API and follow their job; gives its line, and empties the field."""
        paths = [Path(file) for file in files or []]
        if not paths:
            yield gr.skip(), gr.skip()
            return
        yield render_sending([path.name for path in paths]), gr.skip()
        api = self._api(key)
        try:
            job = await api.upload(paths, collection=collection)
            yield render_job(job), None
            async for event in api.follow(job.id):
                yield render_job(event.job), gr.skip()
        except CallError as error:
            yield render_fault(str(error)), None

    def _api(self, key: str | None) -> Api:
        """The API, asked with the key that the visitor typed, if any."""
        typed = (key or "").strip()
        return replace(self.api, key=typed) if typed else self.api

    def _draw(
        self, conversation: Conversation, *, before: Conversation | None = None
    ) -> tuple[Update, ...]:
        """The conversation and its parts; the panel only where it has changed since `before`."""
        turns = conversation.turns
        running = bool(turns) and turns[-1].running
        panel: Update = gr.skip()
        if before is None or _sources(before) != _sources(conversation) or not running:
            panel = render_panel(turns, self.links)
        return (
            conversation,
            render_turns(turns, self.links) if turns else render_welcome(),
            panel,
            gr.update(visible=not running),
            gr.update(visible=running),
            gr.update(visible=bool(turns) and not running),
            gr.update(visible=bool(turns) and not running),
        )


def _sources(conversation: Conversation) -> tuple[object, ...]:
    last = conversation.turns[-1]
    return last.number, last.retrieved is None, len(last.citations), len(last.stretches)


def _describe(name: str, documents: int) -> str:
    return f"{name} ({documents:,} document{'' if documents == 1 else 's'})"


def _default_first(name: str) -> tuple[bool, str]:
    return name != "default", name
