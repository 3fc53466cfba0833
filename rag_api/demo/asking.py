"""A question and the conversation so far → the conversation as it grows, ready to be drawn."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import reduce
from secrets import token_hex

from rag_api.demo.bunches import in_bunches
from rag_api.demo.client import Api
from rag_api.demo.faults import CallError
from rag_api.demo.surroundings import Documents, read_around
from rag_api.demo.turns import (
    Begun,
    Turn,
    fail_turn,
    list_history,
    note_time,
    stop_turn,
    take_event,
)
from rag_api.events import Event

_DRAWN_EVERY_SECONDS = 0.1
_LOST = "The page was left before this question had been searched."


@dataclass(frozen=True, slots=True, eq=False)
class Conversation:
    """The turns of one visitor, oldest first; the same only as itself, since Gradio hashes it."""

    turns: tuple[Turn, ...] = ()
    id: str = ""
    """What its visitor's browser keeps it by; empty before anything was asked."""

    @property
    def last_question(self) -> str:
        """What was asked last; empty before anything was."""
        return self.turns[-1].question if self.turns else ""


def begin_turn(conversation: Conversation, question: str) -> Conversation:
    """The conversation with a new question at its end."""
    number = conversation.turns[-1].number + 1 if conversation.turns else 1
    earlier = tuple(map(stop_turn, conversation.turns))
    return Conversation((*earlier, Turn(number, question)), conversation.id or token_hex(8))


def drop_last(conversation: Conversation) -> Conversation:
    """The conversation without its last turn, to be asked again."""
    return replace(conversation, turns=conversation.turns[:-1])


def stop_last(conversation: Conversation) -> Conversation:
    """The conversation, whose last turn runs no more."""
    return replace(conversation, turns=tuple(map(stop_turn, conversation.turns)))


def fail_last(conversation: Conversation, sentence: str) -> Conversation:
    """The conversation, whose last turn cannot be completed for this reason."""
    *earlier, last = conversation.turns
    return replace(conversation, turns=(*earlier, fail_turn(last, sentence)))


async def grow(
    conversation: Conversation, api: Api, *, collection: str | None, model: str | None = None
) -> AsyncGenerator[Conversation, None]:
    """Have the last question answered; what is given last has an answer, or a sentence why not."""
    *earlier, turn = conversation.turns
    history = list_history(tuple(earlier))
    events = api.answer(turn.question, collection=collection, history=history, model=model)
    async with aclosing(_take(conversation, _clock(events), api)) as growing:
        async for grown in growing:
            yield grown


async def read_on(conversation: Conversation, api: Api) -> AsyncGenerator[Conversation, None]:
    """Read the answer that is still being written, from its first word on; asks nothing anew.

    Raises:
        CallError: the API does not let us; the answer may be there all the same.
    """
    *earlier, turn = conversation.turns
    if not turn.run:
        yield fail_last(conversation, _LOST)
        return
    begun = replace(conversation, turns=(*earlier, Turn(turn.number, turn.question, run=turn.run)))
    try:
        events = _unclocked(api.read_again(turn.run))
        async with aclosing(_take(begun, events, api)) as growing:
            async for grown in growing:
                yield grown
    except CallError as error:
        if not error.not_found:
            raise
        yield fail_last(conversation, str(error))


async def read_surroundings(conversation: Conversation, api: Api) -> Conversation:
    """Fetch what stands around the passages that all turns cite, and see which are gone."""
    read: Documents = {}
    turns = [await read_around(turn, api, read) for turn in conversation.turns]
    return replace(conversation, turns=tuple(turns))


Heard = tuple[Event | Begun, float | None]
"""An event, and how many milliseconds after the question it came, where that is known."""


async def _clock(events: AsyncGenerator[Event | Begun, None]) -> AsyncGenerator[Heard, None]:
    asked = time.perf_counter()
    async with aclosing(events):
        async for event in events:
            yield event, 1000 * (time.perf_counter() - asked)


async def _unclocked(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Heard, None]:
    async with aclosing(events):
        async for event in events:
            yield event, None


async def _take(
    conversation: Conversation, events: AsyncGenerator[Heard, None], api: Api
) -> AsyncGenerator[Conversation, None]:
    *earlier, turn = conversation.turns
    read: Documents = {}
    async with aclosing(in_bunches(events, seconds=_DRAWN_EVERY_SECONDS)) as bunches:
        async for bunch in bunches:
            turn = await read_around(reduce(_hear, bunch, turn), api, read)
            yield replace(conversation, turns=(*earlier, turn))


def _hear(turn: Turn, heard: Heard) -> Turn:
    event, milliseconds = heard
    return note_time(take_event(turn, event), milliseconds)
