"""A question and the conversation so far → the conversation as it grows, ready to be drawn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import reduce

from rag_api.demo.bunches import in_bunches
from rag_api.demo.client import Api
from rag_api.demo.faults import CallError
from rag_api.demo.turns import Stretch, Turn, list_history, stop_turn, take_event
from rag_api.events import Citation
from rag_api.requests import DocumentView

_DRAWN_EVERY_SECONDS = 0.1
_AROUND_CHARACTERS = 500
"""How much of a document is shown before and after a passage."""


@dataclass(frozen=True, slots=True, eq=False)
class Conversation:
    """The turns of one visitor, oldest first; the same only as itself, since Gradio hashes it."""

    turns: tuple[Turn, ...] = ()

    @property
    def last_question(self) -> str:
        """What was asked last; empty before anything was."""
        return self.turns[-1].question if self.turns else ""


def begin_turn(conversation: Conversation, question: str) -> Conversation:
    """The conversation with a new question at its end."""
    number = conversation.turns[-1].number + 1 if conversation.turns else 1
    earlier = tuple(map(stop_turn, conversation.turns))
    return Conversation((*earlier, Turn(number, question)))


def drop_last(conversation: Conversation) -> Conversation:
    """The conversation without its last turn, to be asked again."""
    return Conversation(conversation.turns[:-1])


def stop_last(conversation: Conversation) -> Conversation:
    """The conversation, whose last turn runs no more."""
    return Conversation(tuple(map(stop_turn, conversation.turns)))


async def grow(
    conversation: Conversation, api: Api, *, collection: str | None
) -> AsyncGenerator[Conversation, None]:
    """Have the last question answered; what is given last has an answer, or a sentence why not."""
    *earlier, turn = conversation.turns
    events = api.answer(turn.question, collection=collection, history=list_history(tuple(earlier)))
    read: dict[str, DocumentView | None] = {}
    async with aclosing(in_bunches(events, seconds=_DRAWN_EVERY_SECONDS)) as bunches:
        async for bunch in bunches:
            turn = await _read_around(reduce(take_event, bunch, turn), api, read)
            yield Conversation((*earlier, turn))


async def _read_around(turn: Turn, api: Api, read: dict[str, DocumentView | None]) -> Turn:
    """Fetch what stands around the passages that are cited by now; it can do without.

    `read` keeps the documents by their ids: none is asked for twice.
    """
    passages = turn.retrieved.passages if turn.retrieved else ()
    cited = {citation.number for citation in turn.citations} - turn.stretches.keys()
    for passage in passages:
        if passage.number in cited:
            if passage.document_id not in read:
                read[passage.document_id] = await _read_document(passage.document_id, api)
            document = read[passage.document_id]
            if document is None:
                continue
            stretch = cut_stretch(document.text, passage.start, passage.end)
            stretch = replace(stretch, page_starts=document.page_starts, page_url=document.page_url)
            turn = replace(turn, stretches={**turn.stretches, passage.number: stretch})
    return replace(turn, citations=tuple(_with_page(one, turn) for one in turn.citations))


async def _read_document(document_id: str, api: Api) -> DocumentView | None:
    try:
        return await api.read_document(document_id)
    except CallError:
        # It was replaced meanwhile, or the API is busy: the passage itself is there.
        return None


def _with_page(citation: Citation, turn: Turn) -> Citation:
    """The citation with the page of its own words; a passage may go on over several."""
    stretch = turn.stretches.get(citation.number)
    if stretch is None or not stretch.page_starts:
        return citation
    page = bisect_right(stretch.page_starts, citation.start)
    return citation if page == citation.page else citation.model_copy(update={"page": page})


def cut_stretch(text: str, start: int, end: int) -> Stretch:
    """What stands around a passage, to the end of a word."""
    first = max(0, start - _AROUND_CHARACTERS)
    last = min(len(text), end + _AROUND_CHARACTERS)
    if first > 0:
        first = text.find(" ", first, start) + 1 or first
    if last < len(text):
        space = text.rfind(" ", end, last)
        last = last if space < 0 else space
    return Stretch(first, text[first:last], to_end=last == len(text))
