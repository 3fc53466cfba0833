"""Thumbs below answers: to the real API over a socket, and pressed in a real Chromium."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from rag_api.admission import Runs
from rag_api.demo.asking import Conversation, begin_turn, grow
from rag_api.demo.client import Api
from rag_api.demo.rating import Thumbs
from rag_api.demo.thumbs import render_thumbs
from rag_api.demo.turns import Turn
from tests.api import QUOTE, MemoryRatings, make_app, make_parts
from tests.browser import needs_chromium
from tests.gates import GatedChat
from tests.rag_api.test_demo_browser import ask, picture, visit
from tests.servers import serving

GONE = Runs(most=10, kept_bytes=0)


async def converse(api: Api) -> Conversation:
    begun = begin_turn(Conversation(), "What does it cost?")
    return [one async for one in grow(begun, api, collection=None)][-1]


def write(run: str, **more: object) -> str:
    return json.dumps({"run": run, "rating": "up", "comment": None, "count": 1, **more})


def read(told: str) -> Mapping[str, Any]:
    found = re.fullmatch(r'<span data-rated="(.*)"></span>', told)
    assert found
    values: Mapping[str, Any] = json.loads(unescape(found[1]))
    return values


async def test_a_thumb_reaches_the_api_also_when_the_answer_is_gone_there() -> None:
    parts = make_parts(runs=GONE, api_key="secret")
    async with serving(make_app(parts), lifespan="on") as port:
        api = Api(f"http://127.0.0.1:{port}")
        conversation = await converse(replace(api, key="secret"))
        run = conversation.turns[0].run
        refused = await Thumbs(api).rate(write(run), conversation, None)
        kept = await Thumbs(api).rate(write(run, comment="<Yes>"), conversation, " secret ")

    assert isinstance(parts.ratings, MemoryRatings)
    ((thumb, answer),) = parts.ratings.kept.values()
    assert (thumb.rating, thumb.comment, answer.quotes[0].text) == ("up", "<Yes>", QUOTE)
    assert (answer.verified, answer.text) == (False, "It costs 12 euros [1].")
    assert (read(kept)["failed"], read(refused)["failed"]) == (False, True)
    assert read(refused)["said"].startswith("Your rating was not kept. This API asks for a key")


async def test_a_thumb_is_withdrawn_and_what_is_not_there_is_a_sentence() -> None:
    parts = make_parts()
    async with serving(make_app(parts), lifespan="on") as port:
        thumbs = Thumbs(Api(f"http://127.0.0.1:{port}"))
        conversation = await converse(thumbs.api)
        run = conversation.turns[0].run
        await thumbs.rate(write(run), conversation, None)
        gone = await thumbs.rate(write(run, rating=None), conversation, None)
        other = await thumbs.rate(write("other"), conversation, None)

    assert isinstance(parts.ratings, MemoryRatings)
    assert parts.ratings.kept == {}
    assert read(gone)["said"] == "Your rating was taken back."
    assert read(other)["said"] == (
        "Your rating was not kept. This answer is not on the page any more."
    )


@pytest.mark.parametrize("given", [None, "", "{}", '{"run": 1}', write("a", rating="good")])
async def test_what_is_no_thumb_changes_nothing(given: str | None) -> None:
    assert await Thumbs(Api("http://127.0.0.1:9")).rate(given, Conversation(), None) == ""


@pytest.mark.parametrize(
    ("turn", "shown"),
    [
        (Turn(1, "Q", status="done", run="a"), True),
        (Turn(1, "Q", status="answering", run="a"), False),
        (Turn(1, "Q", status="failed", run="a"), False),
        (Turn(1, "Q", status="done"), False),
    ],
)
def test_complete_answers_have_thumbs(turn: Turn, shown: bool) -> None:  # noqa: FBT001 - a case
    assert ("thumb" in render_thumbs(turn)) is shown


@needs_chromium
async def test_a_reader_rates_comments_and_changes_their_mind() -> None:
    chat = GatedChat()
    chat.gate.set()
    parts = make_parts(chat=chat)
    pressed = "[...document.querySelectorAll('[data-thumb]')].map((one) => one.ariaPressed).join()"
    async with serving(make_app(parts), lifespan="on") as port:
        results = await visit(
            f"http://127.0.0.1:{port}",
            ("wait", "#examples button"),
            *ask("What does it cost?"),
            ("press", "Bad answer"),
            ("see", "Thank you. Your rating is kept"),
            ("write", "What was wrong, or missing? (optional)", "No <b>date</b>"),
            ("check",),
            picture("rated"),
            ("press", "Send comment"),
            ("see", "Thank you. Your comment is kept"),
            ("evaluate", pressed),
            *ask("And in dollars?"),
            ("until", "document.querySelectorAll('[data-thumb]').length === 4"),
            ("evaluate", pressed),
            ("evaluate", "[...document.querySelectorAll('[data-thumb=up]')].at(-1).focus()"),
            ("key", "Space"),
            ("see", "What was good about it?"),
            ("evaluate", "document.activeElement.ariaLabel"),
            ("key", "Enter"),
            ("see", "Your rating was taken back."),
            ("evaluate", pressed),
            ("reload",),
            ("until", "document.querySelectorAll('[data-thumb]').length === 4"),
            ("evaluate", pressed),
        )

    assert isinstance(parts.ratings, MemoryRatings)
    assert results == [
        "false,true",
        "false,true,false,false",
        None,
        "Good answer",
        "false,true,false,false",
        "false,true,false,false",
    ]
    ((thumb, _),) = parts.ratings.kept.values()
    assert (thumb.rating, thumb.comment) == ("down", "No <b>date</b>")
