"""What frontends ask besides questions (a title, tags, follow-ups): done without retrieval.

After each answer Open WebUI sends such a request to the same model, in one message that begins with
`### Task:` and shows the JSON object it wants. It takes an empty value for "none". LobeChat asks
for a title in a system message, and the user's message is the conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from fastapi import Request

from rag_api.answer import Answerer, ModelAnswerer
from rag_api.asked import Asked
from rag_api.chat import Finish, Message, Text, Usage
from rag_api.events import AnswerStream, Done, Retrieved
from rag_api.parts import Parts
from rag_api.prompt import Budget, make_budget
from rag_api.routes.models import check_model
from rag_api.runs import Run
from rag_api.wire.completed import Completed
from rag_api.wire.response import client_leaves, work_until

_OPENING = "### Task:"
_MOST_TOKENS = 1024
_MOST_TITLE_CHARACTERS = 60
_MOST_QUERY_CHARACTERS = 300

# What was said, or what documents hold, shows no shape.
_MATERIAL = re.compile(r"<(?:chat_history|context)>")
_SHAPE = re.compile(r'\{\s*"(\w+)":\s*([\["])')
_LINES = re.MULTILINE | re.DOTALL
_ROLES = "USER|ASSISTANT|SYSTEM|user|assistant|system"
_SAID_BY_USER = re.compile(rf"^(?:USER|user): (.+?)(?=^(?:{_ROLES}): |^</|\Z)", _LINES)
_CONVERSATION = re.compile(r"user: .*?^assistant: ", _LINES)
_ASKS_FOR_TITLE = re.compile(r"\btitle\b.*\bconversation\b", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Task:
    """One of them."""

    prompt: str
    key: str
    """The only key of the JSON object that is asked for."""
    is_list: bool
    """Whether its value is a list, else it is a text."""
    instructions: str = ""
    """What a system message says of it: no JSON object is asked for, only its value."""


def read_task(question: str, *, instructions: str = "") -> Task | None:
    """The task that a question really is; None when it is a question.

    Open WebUI's prompt for files that a user attached begins alike, but shows no JSON.
    `instructions` are those of a system message, when the question is all that is said otherwise.
    """
    if _ASKS_FOR_TITLE.search(instructions) and _CONVERSATION.match(question):
        return Task(question, "title", is_list=False, instructions=instructions)
    if not question.startswith(_OPENING):
        return None
    shape = _SHAPE.search(_MATERIAL.split(question)[0])
    return Task(question, shape[1], is_list=shape[2] == "[") if shape else None


async def begin_task(task: Task, *, asked: Asked, parts: Parts, request: Request) -> Run:
    """Wait for a place, and do what a frontend asks on the side while it waits for it.

    The run gives it in one piece, whether the frontend streams it or not.

    Raises:
        OverloadedError: too many questions are being answered.
        RagError: the chat model cannot be asked.
        ClientDisconnect: the client left.
    """
    check_model(asked.model, parts)
    async with parts.runs.admit() as place:
        work = do_task(task, parts.answerer, max_tokens=asked.max_tokens)
        completed = await work_until(work, end=client_leaves(request.receive))

        async def give() -> AnswerStream:
            yield completed.as_events()

        return place.start(give(), detaches=False)


async def do_task(task: Task, answerer: Answerer, *, max_tokens: int | None) -> Completed:
    """Let the chat model do it, as it is; without one, or room for it, do what is honest.

    Raises:
        RagError: the chat model cannot be asked.
    """
    if isinstance(answerer, ModelAnswerer):
        wanted = min(max_tokens or _MOST_TOKENS, _MOST_TOKENS)
        budget = make_budget(answerer.counter, answerer.context_tokens, wanted)
        messages = [Message("user", task.prompt)]
        if task.instructions:
            messages.insert(0, Message("system", task.instructions))
        if sum(map(budget.count, messages)) <= budget.prompt_tokens:
            return await _ask(answerer, messages, budget)
    return _complete(answerer, task.prompt, do_without_model(task), Finish("stop", None))


def do_without_model(task: Task) -> str:
    """The user's own words as title and search query; no tags, follow-ups or anything else."""
    value: str | list[str] = [] if task.is_list else ""
    if said := _SAID_BY_USER.findall(task.prompt):
        if task.key == "title":
            value = _shorten(said[0], _MOST_TITLE_CHARACTERS)
        if task.key == "queries":
            value = [_shorten(said[-1], _MOST_QUERY_CHARACTERS)]
    if task.instructions:
        return str(value)
    return json.dumps({task.key: value}, ensure_ascii=False)


async def _ask(answerer: ModelAnswerer, messages: Sequence[Message], budget: Budget) -> Completed:
    texts: list[str] = []
    finish = Finish("stop", None)
    limit = budget.answer_tokens
    async with aclosing(answerer.chat.stream(messages, max_tokens=limit)) as parts:
        async for part in parts:
            if isinstance(part, Text):
                texts.append(part.text)
            else:
                finish = part
    text = "".join(texts)
    counted = Usage(sum(map(budget.count, messages)), answerer.counter.count(text))
    usage = counted if finish.usage is None else finish.usage
    return _complete(answerer, messages[-1].content, text, Finish(finish.reason, usage))


def _complete(answerer: Answerer, prompt: str, text: str, finish: Finish) -> Completed:
    """The text as an answer that rests on no passages."""
    usage = Usage(0, 0) if finish.usage is None else finish.usage
    done = Done(
        outcome="answered",
        finish_reason=finish.reason,
        model=answerer.model,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
    )
    retrieved = Retrieved(question=prompt, query="", collection="", passages=())
    return Completed(retrieved, text, (), done)


def _shorten(text: str, most: int) -> str:
    """The text on one line, cut between words where there are any."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    cut = line.rfind(" ", most // 2, most)
    return f"{line[: cut if cut > 0 else most]}…"
