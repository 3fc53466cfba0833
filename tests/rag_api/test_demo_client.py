"""The page's client against the real API over a socket."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from rag_api.admission import Runs
from rag_api.demo.asking import Conversation, begin_turn, grow, read_on, read_surroundings
from rag_api.demo.bunches import in_bunches
from rag_api.demo.client import Api
from rag_api.demo.faults import CallError, read_refusal
from rag_api.demo.turns import Turn
from tests.api import QUOTE, ScriptedChat, make_app, make_parts
from tests.gates import GatedChat
from tests.servers import serving

AWAY = "http://127.0.0.1:9"


async def test_an_answer_comes_with_what_stands_around_its_passages() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        begun = begin_turn(Conversation(), "What does it cost?")
        grown = [one async for one in grow(begun, Api(f"http://127.0.0.1:{port}"), collection=None)]

    (turn,) = grown[-1].turns
    assert (turn.status, turn.text, len(turn.citations)) == ("done", "It costs 12 euros [1].", 1)
    assert turn.stretches[1].text == f"Intro.\n\n# Price\n\n{QUOTE}\n"


async def test_history_goes_along() -> None:
    chat = ScriptedChat()
    async with serving(make_app(make_parts(chat=chat)), lifespan="on") as port:
        conversation = Conversation()
        for question in ("What does it cost?", "And in dollars?"):
            api = Api(f"http://127.0.0.1:{port}")
            growing = grow(begin_turn(conversation, question), api, collection=None)
            conversation = [one async for one in growing][-1]

    assert "It costs 12 euros" in str(chat.prompts[1])


async def left_in_mid_answer(api: Api) -> Conversation:
    """A conversation whose answer goes on while nobody reads it."""
    begun = begin_turn(Conversation(), "What does it cost?")
    async with aclosing(grow(begun, api, collection=None)) as growing:
        return await anext(one async for one in growing if one.turns[-1].text)


async def test_who_comes_back_reads_on_and_nothing_is_asked_again() -> None:
    chat = GatedChat()
    async with serving(make_app(make_parts(chat=chat)), lifespan="on") as port:
        api = Api(f"http://127.0.0.1:{port}")
        left = await left_in_mid_answer(api)
        chat.gate.set()
        (*_, whole) = [one async for one in read_on(left, api)]

    (turn,) = whole.turns
    assert (turn.text, turn.status, chat.answers) == (chat.text, "done", 1)
    assert turn.stretches[1].text == f"Intro.\n\n# Price\n\n{QUOTE}\n"
    assert left.turns[0].first_word_milliseconds is not None
    assert turn.whole_milliseconds is None


async def test_an_answer_that_is_cancelled_ends_and_is_called_stopped() -> None:
    chat = GatedChat()
    async with serving(make_app(make_parts(chat=chat)), lifespan="on") as port:
        api = Api(f"http://127.0.0.1:{port}")
        left = await left_in_mid_answer(api)
        await api.cancel(left.turns[0].run)
        (*_, read) = [one async for one in read_on(left, api)]

    assert chat.closed.is_set()
    assert (read.turns[0].status, read.turns[0].fault) == ("stopped", "")


@pytest.mark.parametrize(
    ("run", "said"),
    [("0" * 24, "no longer kept"), ("../collections", "no longer kept"), ("", "left")],
)
async def test_an_answer_that_is_gone_is_a_sentence(run: str, said: str) -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        lost = Conversation((Turn(1, "What does it cost?", run=run),))
        (read,) = [one async for one in read_on(lost, Api(f"http://127.0.0.1:{port}"))]

    assert read.turns[0].status == "failed"
    assert said in read.turns[0].fault


async def test_an_api_that_asks_for_a_key_does_not_end_what_it_may_still_have() -> None:
    async with serving(make_app(make_parts(api_key="secret")), lifespan="on") as port:
        left = Conversation((Turn(1, "What does it cost?", run="0" * 24),))
        with pytest.raises(CallError, match="asks for a key"):
            await anext(read_on(left, Api(f"http://127.0.0.1:{port}")))


async def test_a_document_that_is_gone_is_known_as_such_in_all_turns() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        api = Api(f"http://127.0.0.1:{port}")
        begun = begin_turn(Conversation(), "What does it cost?")
        (*_, whole) = [one async for one in grow(begun, api, collection=None)]
        turn = whole.turns[0]
        moved = turn.retrieved.passages[0].model_copy(update={"document_id": "gone"})
        retrieved = turn.retrieved.model_copy(update={"passages": (moved,)})
        old = replace(turn, retrieved=retrieved, stretches={})
        read = await read_surroundings(replace(whole, turns=(old, replace(old, number=2))), api)

    assert [one.gone for one in read.turns] == [{"gone"}, {"gone"}]


async def test_models_are_listed_where_there_is_a_choice_of_them() -> None:
    parts = make_parts()
    choice = replace(
        parts, others={"large": replace(parts.answerer, chat=ScriptedChat(model="large"))}
    )
    async with (
        serving(make_app(parts), lifespan="on") as port,
        serving(make_app(choice), lifespan="on") as other,
    ):
        alone = await Api(f"http://127.0.0.1:{port}").list_models()
        both = await Api(f"http://127.0.0.1:{other}").list_models()

    assert (alone, both) == ([], ["tiny", "large"])


@pytest.mark.parametrize(
    ("key", "said"), [(None, "asks for a key"), ("other", "That key is wrong")]
)
async def test_a_missing_or_wrong_key_is_a_sentence(key: str | None, said: str) -> None:
    async with serving(make_app(make_parts(api_key="secret")), lifespan="on") as port:
        url = f"http://127.0.0.1:{port}"
        answered = [one async for one in Api(url, key).answer("Q", collection=None, history=[])]
        with pytest.raises(CallError) as refused:
            await Api(url, key).list_collections()
        await Api(url, "secret").list_collections()

    assert said in answered[-1].detail
    assert refused.value.unauthorized


async def test_an_api_that_is_away_is_a_sentence() -> None:
    (failed,) = [one async for one in Api(AWAY).answer("Q", collection=None, history=[])]

    assert "does not answer" in failed.detail


async def test_an_overloaded_api_is_a_sentence_with_the_time_to_wait() -> None:
    runs = Runs(most=1, queue_seconds=0.05)
    chat = GatedChat()
    async with serving(make_app(make_parts(chat=chat, runs=runs)), lifespan="on") as port:
        api = Api(f"http://127.0.0.1:{port}")
        async with aclosing(api.answer("Q", collection=None, history=[])) as first:
            await anext(first)
            (failed,) = [one async for one in api.answer("Q", collection=None, history=[])]

    assert "Try again in" in failed.detail


async def test_an_unknown_collection_is_a_sentence() -> None:
    async with serving(make_app(make_parts()), lifespan="on") as port:
        api = Api(f"http://127.0.0.1:{port}")
        (failed,) = [one async for one in api.answer("Q", collection="none", history=[])]

    assert "none" in failed.detail
    assert failed.detail.endswith(".")


async def test_an_upload_becomes_a_job_in_the_collection(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("# A")
    parts = make_parts(RAG_HOME=tmp_path)
    async with serving(make_app(parts), lifespan="on") as port:
        job = await Api(f"http://127.0.0.1:{port}").upload([file], collection="notes")

    assert (job.collection, job.files[0].source) == ("notes", "upload:a.md")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, b'{"detail": "busy"}', "Busy. Try again in 2 s."),
        (413, b'{"detail": "the file is large"}', "That is too large: The file is large."),
        (500, b"<html>", "The API answered with status 500."),
        (422, b"[1]", "The API answered with status 422."),
    ],
)
def test_refusals_are_sentences(status: int, body: bytes, said: str) -> None:
    assert str(read_refusal(status, body, "2")) == said


async def test_what_comes_together_is_drawn_together_and_nothing_is_lost() -> None:
    async def count() -> object:
        for number in range(20):
            yield number
            await asyncio.sleep(0.001)

    bunches = [one async for one in in_bunches(count(), seconds=0.01)]

    assert [number for bunch in bunches for number in bunch] == list(range(20))
    assert len(bunches) < 15


async def test_what_the_items_raise_comes_after_them() -> None:
    async def fail() -> object:
        yield 1
        raise CallError("No.")

    bunches = in_bunches(fail(), seconds=0)

    assert await anext(bunches) == [1]
    with pytest.raises(CallError):
        await anext(bunches)
