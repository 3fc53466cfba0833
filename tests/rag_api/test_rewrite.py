import asyncio

import pytest

from rag_api import rewrite as rewrite_module
from rag_api.answer import Answerer, ExtractiveAnswerer, ModelAnswerer
from rag_api.chat import Finish, Text
from rag_api.fallback import Rest
from rag_api.prompt import Turn
from rag_api.rewrite import Rewriting, rewrite
from rag_core.errors import ChatUnavailableError, InvalidRequestError
from tests import api
from tests.fakes import WordEmbedder
from tests.upstream import ScriptedChat, WordCounter

HISTORY = (
    Turn("user", "What does Acme Premium include?"),
    Turn("assistant", "Five terabytes of storage [1]."),
)
EXTRACTIVE = ExtractiveAnswerer(WordEmbedder())
STOP = Finish("stop", None)
WRITTEN = "QUERY: What is the price of Acme Premium?\n"


def model_of(*parts: Text | Finish | Exception) -> ModelAnswerer:
    return ModelAnswerer(ScriptedChat(parts), WordCounter(), 8192)


def asked(answerer: ModelAnswerer) -> int:
    assert isinstance(answerer.chat, ScriptedChat)
    return len(answerer.chat.asked)


async def test_the_model_writes_a_follow_up_in_whole_words() -> None:
    written = await rewrite("And its price?", HISTORY, Rewriting(), model_of(Text(WRITTEN), STOP))

    assert written.query == "What is the price of Acme Premium?"
    assert written.queries == (written.query,)
    assert (written.written_by, written.warnings) == ("model", ())


async def test_without_a_model_the_names_before_are_searched_too() -> None:
    written = await rewrite("And its price?", HISTORY, Rewriting(), EXTRACTIVE)

    assert written.query == "Acme Premium: And its price?"
    assert written.queries == (written.query, "And its price?")
    assert written.written_by == "rule"


@pytest.mark.parametrize(
    ("question", "history", "rewriting"),
    [
        ("And its price?", (), Rewriting()),
        ("And its price?", HISTORY, Rewriting(follows_up=False)),
        ("What does the Basic plan of Acme cost in Europe?", HISTORY, Rewriting()),
        ("Thanks!", HISTORY, Rewriting()),
        ("And its price?", (Turn("user", "Hello!"), Turn("assistant", "Hi!")), Rewriting()),
    ],
)
async def test_nobody_is_asked_when_there_is_nothing_to_rewrite(
    question: str, history: tuple[Turn, ...], rewriting: Rewriting
) -> None:
    answerer = model_of(Text(WRITTEN), STOP)

    written = await rewrite(question, history, rewriting, answerer)

    assert written.queries == (question,)
    assert written.written_by is None
    assert asked(answerer) == 0


@pytest.mark.parametrize(
    "parts",
    [
        [ChatUnavailableError("cut")],
        [Text("QUERY: What is"), ChatUnavailableError("cut")],
        [Text("I cannot do that."), STOP],
        [STOP],
        [],
    ],
)
async def test_a_model_that_fails_costs_a_warning_only(parts: list[Text | Finish]) -> None:
    written = await rewrite("And its price?", HISTORY, Rewriting(), model_of(*parts))

    assert written.query == "Acme Premium: And its price?"
    assert written.written_by == "rule"
    assert len(written.warnings) == 1


async def test_a_slow_model_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite_module, "_SECONDS", 0.01)
    chat = api.ScriptedChat(texts=["QUERY: What"], hangs=True)

    written = await rewrite(
        "And its price?", HISTORY, Rewriting(), ModelAnswerer(chat, WordCounter(), 8192)
    )

    assert written.written_by == "rule"
    assert "0.01 s" in written.warnings[0]
    assert chat.closed.is_set()


async def test_nothing_is_waited_for_behind_the_lines_that_were_wanted() -> None:
    chat = api.ScriptedChat(texts=[WRITTEN], hangs=True)

    async with asyncio.timeout(1):
        written = await rewrite(
            "And its price?", HISTORY, Rewriting(), ModelAnswerer(chat, WordCounter(), 8192)
        )

    assert written.written_by == "model"
    assert chat.closed.is_set()


async def test_a_model_that_rests_is_left_alone() -> None:
    rest = Rest(lambda: 0.0)
    for _ in range(3):
        rest.note_failure(ChatUnavailableError("cut"))
    answerer = ModelAnswerer(ScriptedChat([Text(WRITTEN)]), WordCounter(), 8192, rest=rest)

    written = await rewrite("And its price?", HISTORY, Rewriting(), answerer)

    assert written.written_by == "rule"
    assert asked(answerer) == 0


async def test_a_conversation_that_does_not_fit_is_left_to_the_rule() -> None:
    chat = ScriptedChat([Text(WRITTEN), STOP])

    written = await rewrite(
        "And its price?", HISTORY, Rewriting(), ModelAnswerer(chat, WordCounter(), 60)
    )

    assert written.written_by == "rule"
    assert chat.asked == []


async def test_variants_and_a_passage_are_written_in_one_call() -> None:
    answerer = model_of(Text("QUERY: x\nVARIANT: cost of it\nPASSAGE: It costs 5.\n"), STOP)

    written = await rewrite("What is the price?", (), Rewriting(variants=2, hyde=True), answerer)

    assert written.query == "What is the price?"
    assert written.queries == ("What is the price?", "cost of it", "It costs 5.")
    assert (written.written_by, written.warnings) == ("model", ())
    assert asked(answerer) == 1


async def test_variants_that_are_missing_are_warned_of() -> None:
    answerer = model_of(Text("VARIANT: cost of it\n"), STOP)

    written = await rewrite("What is the price?", (), Rewriting(variants=4), answerer)

    assert written.queries == ("What is the price?", "cost of it")
    assert written.warnings == ("The chat model wrote 1 of 3 further queries.",)


@pytest.mark.parametrize("rewriting", [Rewriting(variants=2), Rewriting(hyde=True)])
async def test_what_only_a_model_can_do_is_refused_without_one(rewriting: Rewriting) -> None:
    answerer: Answerer = EXTRACTIVE

    with pytest.raises(InvalidRequestError, match="CHAT_MODEL"):
        await rewrite("What is the price?", (), rewriting, answerer)
