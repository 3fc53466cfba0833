from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from ingest.evaluate.answers import AnswerResults, Round, ask_answers, check_answers
from ingest.evaluate.api import AnswerView, read_url
from ingest.evaluate.dataset import Question
from ingest.evaluate.errors import AnswerFailedError
from ingest.evaluate.work import Work
from ingest.screen import Screen
from rag_core.errors import ConfigurationError, InvalidRequestError
from rag_core.index import Index
from rag_core.settings import Settings
from tests.ingest.evaluate_support import view
from tests.servers import serving
from tests.upstream import Upstream

QUOTE = "It ends in the North Sea."
ANSWER = view(f"{QUOTE} [1]", quotes=[(QUOTE, len(QUOTE) + 1)])
ABSTAINED = view("The documents do not say.", outcome="insufficient")
QUESTIONS = [
    Question("a", "Where does the Rhine end?", "here:1", {"rhine": 1}, (), ("North Sea",)),
    Question("b", "Where does the Elbe end?", "here:2", {"elbe": 1}, (), ("North Sea",)),
    Question("c", "Who won?", "here:3", answerable=False),
]
JSON = {"content-type": "application/json"}


def reply(body: AnswerView | object, status: int = 200) -> tuple[int, dict[str, str], list[bytes]]:
    content = body.model_dump() if isinstance(body, AnswerView) else body
    return status, JSON, [orjson.dumps(content)]


def verdict(content: str) -> tuple[int, dict[str, str], list[bytes]]:
    return reply({"choices": [{"message": {"role": "assistant", "content": content}}]})


def settings(**more: object) -> Settings:
    return Settings(_env_file=None, **more)  # type: ignore[arg-type] # what a test wants


@asynccontextmanager
async def working(index: Index, given: Settings) -> AsyncIterator[Work]:
    yield Work(index, given, Screen(as_json=True), asyncio.Event())


async def ask(
    index: Index,
    api: Upstream,
    questions: Sequence[Question] = QUESTIONS,
    *,
    judging: bool = False,
    **more: object,
) -> AnswerResults:
    async with serving(api) as port, working(index, settings(**more)) as work:
        return await ask_answers(
            work, questions, Round(f"http://127.0.0.1:{port}", "rivers", judging)
        )


async def test_answers_are_scored_against_gold_and_evidence(index: Index) -> None:
    api = Upstream([reply(ANSWER), reply(ABSTAINED)])

    results = await ask(index, api, QUESTIONS[:2])

    assert results.metrics["citation_precision"] == 1.0
    assert results.metrics["citation_recall"] == 0.5
    assert results.metrics["answered"] == 0.5
    assert results.metrics["faithfulness"] == 1.0
    assert results.metrics["gold_in_answer"] == 0.5
    assert results.metrics["exact_match"] == 0.0
    assert 0 < results.metrics["f1"] < 0.5
    assert "abstained" not in results.metrics
    assert results.texts["a"] == f"{QUOTE} [1]"


async def test_the_collection_and_the_key_go_along(index: Index) -> None:
    api = Upstream([reply(ANSWER)])

    await ask(index, api, QUESTIONS[:1], RAG_API_KEY="secret")

    assert api.requests == [
        {"question": "Where does the Rhine end?", "collection": "rivers", "stream": False}
    ]


async def test_refusing_what_cannot_be_answered_is_right(index: Index) -> None:
    results = await ask(index, Upstream([reply(ABSTAINED)]), QUESTIONS[2:])

    assert results.metrics["abstained"] == 1.0
    assert "answered" not in results.metrics


async def test_single_failures_are_counted_and_the_rest_goes_on(index: Index) -> None:
    api = Upstream([reply(ANSWER), reply({"error": "x"}, 500), reply(ANSWER)])

    results = await ask(index, api)

    assert (results.answered.asked, results.answered.failed) == (3, 1)
    assert results.answered.example is not None
    assert "status 500" in results.answered.example
    assert len(results.texts) == 2


@pytest.mark.parametrize("status", [401, 404])
async def test_what_all_would_meet_ends_it_at_once(index: Index, status: int) -> None:
    api = Upstream([reply({"error": "x", "detail": "no"}, status)])

    with pytest.raises(AnswerFailedError, match=f"status {status}"):
        await ask(index, api)

    assert len(api.requests) == 1


@pytest.mark.parametrize("body", [{}, [], "x", {"answer": 1}])
async def test_an_answer_of_another_service_is_a_failure(index: Index, body: object) -> None:
    with pytest.raises(AnswerFailedError, match="gives no answer of ours"):
        await ask(index, Upstream([reply(body)]))


async def test_a_redirect_is_not_followed_with_the_key(index: Index) -> None:
    api = Upstream([(307, {"location": "http://127.0.0.1:9/"}, [b""])])

    results = await ask(index, api, QUESTIONS[:1])

    assert results.answered.failed == 1


async def test_a_judge_is_asked_about_each_sentence(index: Index) -> None:
    model = Upstream([verdict('Here: ```json\n{"supported": [true], "correct": true}\n```')])

    async with serving(model) as port:
        results = await ask(
            index,
            Upstream([reply(ANSWER)]),
            QUESTIONS[:1],
            judging=True,
            OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1",
            OPENAI_API_KEY="key",
            CHAT_MODEL="tiny",
        )

    assert results.metrics["judged_faithfulness"] == 1.0
    assert results.metrics["judged_correctness"] == 1.0
    [asked] = model.requests
    assert asked["model"] == "tiny"
    assert QUOTE in str(asked["messages"])


@pytest.mark.parametrize(
    "said", ["no JSON", '{"supported": "yes"}', '{"supported": [true, false]}', "{}", "}{"]
)
async def test_a_judge_that_says_something_else_is_a_failure(index: Index, said: str) -> None:
    async with serving(Upstream([verdict(said)])) as port:
        results = await ask(
            index,
            Upstream([reply(ANSWER)]),
            QUESTIONS[:1],
            judging=True,
            OPENAI_BASE_URL=f"http://127.0.0.1:{port}",
        )

    assert results.answered.failed == 1
    assert results.answered.example is not None
    assert "no verdict" not in results.answered.example or said in results.answered.example
    assert "judged_faithfulness" not in results.metrics
    assert results.metrics["citation_precision"] == results.metrics["faithfulness"] == 1.0


async def test_without_a_chat_model_there_is_no_judge(index: Index) -> None:
    with pytest.raises(ConfigurationError, match="--judge needs a chat model"):
        await ask(index, Upstream([reply(ANSWER)]), judging=True, OPENAI_API_KEY=None)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - what a server listens on
def test_auto_is_the_address_of_the_settings(host: str, tmp_path: Path) -> None:
    given = settings(RAG_HOST=host, RAG_PORT=8123, RAG_HOME=tmp_path)

    assert read_url("auto", given) == "http://127.0.0.1:8123"


def test_a_url_may_end_as_the_api_is_shown() -> None:
    assert read_url("https://x.example/v1/", settings()) == "https://x.example"


@pytest.mark.parametrize("given", ["", "x", "ftp://x", "http://", "http://me:pw@x/", "file:///x"])
def test_what_is_no_url_is_refused(given: str) -> None:
    with pytest.raises(InvalidRequestError, match="must be auto, or look like"):
        read_url(given, settings())


async def test_whom_to_ask_is_checked_before_the_searches() -> None:
    with pytest.raises(AnswerFailedError, match="healthz does not answer"):
        await check_answers(settings(), "http://127.0.0.1:9", judging=False)
    with pytest.raises(ConfigurationError, match="--judge needs a chat model"):
        await check_answers(settings(), "http://127.0.0.1:9", judging=True)
    with pytest.raises(InvalidRequestError, match="must be auto"):
        await check_answers(settings(), "nowhere", judging=False)
