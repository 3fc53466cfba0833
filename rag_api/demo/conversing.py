"""What a visitor does with a conversation → how it is drawn from then on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from secrets import token_hex

import gradio as gr

from rag_api.demo.asking import (
    Conversation,
    begin_turn,
    drop_last,
    fail_last,
    grow,
    read_on,
    read_surroundings,
    stop_last,
)
from rag_api.demo.client import Api
from rag_api.demo.drawing import Update, draw, leave
from rag_api.demo.faults import CallError
from rag_api.demo.kept import UnreadableError, read_kept
from rag_api.demo.links import Links
from rag_api.demo.uploads import render_fault

Drawings = AsyncGenerator[tuple[Update, ...], None]


@dataclass(frozen=True, slots=True)
class Conversing:
    """The actions on a conversation, with the API that they ask."""

    api: Api
    links: Links

    async def ask(
        self,
        question: str,
        conversation: Conversation,
        key: str | None,
        collection: str | None,
        model: str | None,
    ) -> Drawings:
        """Answer a question; a blank one changes nothing."""
        if not question.strip():
            yield leave()
            return
        begun = begin_turn(conversation, question.strip())
        yield draw(begun, self.links)
        growing = grow(begun, self.api.with_key(key), collection=collection, model=model)
        async with aclosing(self._draw_all(growing, before=begun)) as drawing:
            async for drawn in drawing:
                yield drawn

    async def ask_again(
        self, conversation: Conversation, key: str | None, collection: str | None, model: str | None
    ) -> Drawings:
        """Answer the last question anew."""
        question, earlier = conversation.last_question, drop_last(conversation)
        async with aclosing(self.ask(question, earlier, key, collection, model)) as asking:
            async for drawn in asking:
                yield drawn

    async def stop(self, conversation: Conversation, key: str | None) -> tuple[Update, ...]:
        """End the answer in progress; what was written of it stays."""
        last = conversation.turns[-1] if conversation.turns else None
        if last is not None and last.running and last.run:
            try:
                await self.api.with_key(key).cancel(last.run)
            except CallError as error:
                return draw(fail_last(conversation, str(error)), self.links)
        return draw(stop_last(conversation), self.links)

    def clear(self) -> tuple[Update, ...]:
        """Begin a new conversation; the one before stays in the browser."""
        return draw(Conversation(), self.links)

    async def open_kept(self, kept: str | None, key: str | None) -> Drawings:
        """Show a conversation that the browser kept.

        Each drawing ends with what makes the page call `read_on`, and with what is wrong.
        """
        if not kept:
            yield (*leave(), gr.skip(), gr.skip())
            return
        try:
            opened = read_kept(kept)
        except UnreadableError as error:
            yield (*draw(Conversation(), self.links), "", render_fault(str(error)))
            return
        yield (*draw(opened, self.links, keeps=False), "", gr.skip())
        whole = await read_surroundings(opened, self.api.with_key(key))
        # Another one each time: only a change is noticed.
        unfinished = token_hex(4) if whole.turns[-1].running else ""
        yield (*draw(whole, self.links, keeps=False), unfinished, gr.skip())

    async def read_on(self, conversation: Conversation, key: str | None) -> Drawings:
        """Read the answer of a conversation that was opened to its end, unless it has ended."""
        if not conversation.turns or not conversation.turns[-1].running:
            yield leave()
            return
        try:
            growing = read_on(conversation, self.api.with_key(key))
            async with aclosing(self._draw_all(growing, before=conversation)) as drawing:
                async for drawn in drawing:
                    yield drawn
        except CallError as error:
            # Not to be kept so: the answer may be there for another try.
            yield draw(fail_last(conversation, str(error)), self.links, keeps=False)

    async def _draw_all(
        self, growing: AsyncGenerator[Conversation, None], *, before: Conversation
    ) -> Drawings:
        async with aclosing(growing):
            async for grown in growing:
                yield draw(grown, self.links, before=before)
                before = grown
