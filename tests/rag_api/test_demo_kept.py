"""A conversation, as it is kept in a browser and comes back."""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import pairwise
from typing import Any

import pytest

from rag_api.demo.asking import Conversation
from rag_api.demo.conversation import render_turns
from rag_api.demo.drawing import draw
from rag_api.demo.kept import UnreadableError, read_kept, render_change
from rag_api.demo.panel import render_panel
from rag_api.demo.turns import Turn
from tests.rag_api.test_demo_turns import ANSWERED, HOSTILE, LINKS


def read_change(html: str) -> dict[str, Any]:
    """What page.js reads there."""
    (change,) = re.findall('data-change="([^"]*)"', html)
    read: dict[str, Any] = json.loads(unescape(change))
    return read


def keep(*turns: Turn) -> dict[str, Any]:
    changes = [read_change(render_change(Conversation((turn,), "c1"))) for turn in turns]
    return {"version": 1, "id": "c1", "name": HOSTILE, "turns": [one["turn"] for one in changes]}


def test_what_is_kept_comes_back_as_it_was() -> None:
    opened = read_kept(json.dumps(keep(ANSWERED)))

    assert opened.id == "c1"
    assert render_turns(opened.turns, LINKS) == render_turns([ANSWERED], LINKS)
    assert render_panel(opened.turns, LINKS) == render_panel([ANSWERED], LINKS)


def test_only_the_last_turn_may_still_run() -> None:
    opened = read_kept(json.dumps(keep(Turn(1, "?", run="a"), Turn(2, "!", run="b"))))

    assert [turn.status for turn in opened.turns] == ["stopped", "searching"]
    assert opened.turns[1].run == "b"


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"turns": []},
        {"turns": [{"number": 1}]},
        {"turns": "none"},
        {"turns": 2 * keep(ANSWERED)["turns"]},
    ],
)
def test_another_format_is_told_of_in_a_sentence(change: dict[str, object]) -> None:
    with pytest.raises(UnreadableError, match="another version of the page"):
        read_kept(json.dumps(keep(ANSWERED) | change))


@pytest.mark.parametrize("text", ["", "null", "[", "\ud800", "1" * 5000])
def test_garbage_is_told_of_in_the_same(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_kept(text)


def test_a_turn_is_kept_when_something_came_that_would_else_be_lost() -> None:
    begun = Turn(1, "?")
    grown = [
        begun,
        Turn(1, "?", run="a"),
        Turn(1, "?", "answering", "It", run="a"),
        Turn(1, "?", "answering", "It costs", run="a"),
        Turn(1, "?", "answering", "It" * 1500, run="a"),
        Turn(1, "?", "done", "It" * 1500, run="a"),
    ]
    conversations = [Conversation((turn,), "c1") for turn in grown]

    drawn = [draw(conversations[0], LINKS)]
    drawn += [draw(now, LINKS, before=then) for then, now in pairwise(conversations)]

    kept = [read_change(one[-1])["turn"]["text"] for one in drawn if isinstance(one[-1], str)]
    assert kept == ["", "", "It" * 1500, "It" * 1500]
