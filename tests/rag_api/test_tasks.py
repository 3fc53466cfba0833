from __future__ import annotations

import json

import pytest

from rag_api.answer import ExtractiveAnswerer, ModelAnswerer
from rag_api.chat import Finish, Text, Usage
from rag_api.routes.tasks import do_task, do_without_model, read_task
from tests.fakes import WordEmbedder
from tests.upstream import ScriptedChat, WordCounter

HISTORY = """
### Chat History:
<chat_history>
USER: What does it
cost?
ASSISTANT: It costs { "price": 12 } [1].
USER: And per month?
ASSISTANT: One euro.
</chat_history>"""


def prompt(shape: str) -> str:
    """What Open WebUI asks, in its form but not in its words."""
    return f"### Task:\nDo this.\n### Output:\nJSON format: {shape}\n{HISTORY}"


# As LobeChat asks for a title, in its form but not in its words.
NAMING = "You name things.\nWrite the title of a conversation, and nothing else."
CONVERSATION = "user: What does it\ncost?\nassistant: 12 euros [1].\nuser: And per month?"
TITLE = prompt('{ "title": "your title here" }')


@pytest.mark.parametrize(
    ("shape", "done"),
    [
        ('{ "title": "your title here" }', {"title": "What does it cost?"}),
        ('{ "tags": ["tag1", "tag2"] }', {"tags": []}),
        ('{ "follow_ups": ["Question 1?"] }', {"follow_ups": []}),
        ('{\n  "queries": ["query1"]\n}', {"queries": ["And per month?"]}),
        ('{ "text": "<your_completion>" }', {"text": ""}),
        ('{\n    "prompt": "A description."\n}', {"prompt": ""}),
    ],
)
def test_without_a_model_a_task_is_done_in_its_shape(shape: str, done: dict[str, object]) -> None:
    task = read_task(prompt(shape))

    assert task is not None
    assert json.loads(do_without_model(task)) == done


@pytest.mark.parametrize(
    "question",
    [
        "What is a ### Task:?",
        '### Task:\nAnswer from the context.\n<context>\n{ "title": "x" }\n</context>\nIts price?',
        "### Task:\nDescribe me the tasks.",
        f"### Tasks{HISTORY}",
    ],
)
def test_a_question_is_no_task(question: str) -> None:
    assert read_task(question) is None


@pytest.mark.parametrize(
    ("question", "instructions"),
    [
        (CONVERSATION, ""),
        (CONVERSATION, "You are a kind assistant. The title of a book is in italics."),
        ("What does it cost?", NAMING),
        ("Which user: Ann?\nassistant: none", NAMING),
    ],
)
def test_a_title_is_asked_for_of_a_conversation_only(question: str, instructions: str) -> None:
    assert read_task(question, instructions=instructions) is None


async def test_a_title_that_a_system_message_asks_for_is_a_plain_text() -> None:
    chat = ScriptedChat([Text("The price"), Finish("stop", Usage(50, 5))])
    task = read_task(CONVERSATION, instructions=NAMING)

    assert task is not None
    assert do_without_model(task) == "What does it cost?"
    done = await do_task(task, ModelAnswerer(chat, WordCounter(), 8192), max_tokens=None)

    asked = [("system", NAMING), ("user", CONVERSATION)]
    assert done.text == "The price"
    assert [(message.role, message.content) for message in chat.asked[0]] == asked


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("価格" * 50, f"{'価格' * 30}…"),
        ("short", "short"),
    ],
)
def test_a_title_is_short(said: str, title: str) -> None:
    task = read_task(TITLE.replace("What does it\ncost?", said))

    assert task is not None
    assert json.loads(do_without_model(task)) == {"title": title}


def test_a_conversation_without_a_user_has_no_title() -> None:
    task = read_task(TITLE.replace("USER", "TOOL"))

    assert task is not None
    assert json.loads(do_without_model(task)) == {"title": ""}


async def test_the_model_gets_the_task_as_it_is_and_few_tokens() -> None:
    chat = ScriptedChat([Text('{"title": '), Text('"Price"}'), Finish("stop", Usage(50, 5))])
    task = read_task(TITLE)

    assert task is not None
    done = await do_task(task, ModelAnswerer(chat, WordCounter(), 8192), max_tokens=50_000)

    assert done.text == '{"title": "Price"}'
    assert (done.done.input_tokens, done.done.output_tokens) == (50, 5)
    assert [(message.role, message.content) for message in chat.asked[0]] == [("user", TITLE)]


async def test_what_the_server_does_not_count_we_count() -> None:
    chat = ScriptedChat([Text("three short words"), Finish("length", None)])
    task = read_task(TITLE)

    assert task is not None
    done = await do_task(task, ModelAnswerer(chat, WordCounter(), 8192), max_tokens=None)

    assert (done.done.finish_reason, done.done.output_tokens) == ("length", 3)


async def test_a_conversation_that_is_too_long_for_the_model_is_not_sent_to_it() -> None:
    chat = ScriptedChat([])
    task = read_task(TITLE.replace("And", "And " * 500))

    assert task is not None
    done = await do_task(task, ModelAnswerer(chat, WordCounter(), 512), max_tokens=None)

    assert json.loads(done.text) == {"title": "What does it cost?"}
    assert not chat.asked


async def test_without_a_model_nothing_is_counted() -> None:
    task = read_task(TITLE)

    assert task is not None
    done = await do_task(task, ExtractiveAnswerer(WordEmbedder()), max_tokens=None)

    assert json.loads(done.text) == {"title": "What does it cost?"}
    assert (done.done.model, done.done.output_tokens) == ("extractive", 0)
