"""Servers of `/rerank` as they are: three protocols, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from rag_core.errors import UnavailableError
from rag_core.rerank import open_reranker
from rag_core.rerank.order import rerank_passages
from rag_core.rerank.replies import read_scores
from rag_core.settings import Settings
from tests.api import PASSAGE
from tests.servers import serving
from tests.upstream import sending

KEY = "sk-very-secret"
TEXTS = ["a", "bbb", "cc"]
"""A longer text fits better, to the servers here."""
SCORES = [0.1, 0.3, 0.2]


def cohere(body: dict[str, object]) -> tuple[int, object]:
    if "documents" not in body or "model" not in body:
        return 400, {"message": "invalid request: model and documents are required"}
    return 200, {"id": "1", "results": ranked(body["documents"], "relevance_score"), "meta": {}}


def tei(body: dict[str, object]) -> tuple[int, object]:
    texts = body.get("texts")
    if not isinstance(texts, list):
        return 422, {"error": "missing field `texts`", "error_type": "Validation"}
    if len(texts) > 32:
        return 422, {"error": "batch size > maximum allowed batch size 32"}
    return 200, ranked(texts, "score")


def voyage(body: dict[str, object]) -> tuple[int, object]:
    return 200, {"object": "list", "data": ranked(body["documents"], "relevance_score")}


def ranked(texts: object, key: str) -> list[dict[str, float]]:
    assert isinstance(texts, list)
    scored = [{"index": at, key: len(text) / 10} for at, text in enumerate(texts)]
    return sorted(scored, key=lambda one: -one[key])


@dataclass
class Server:
    """Answers by a function, and keeps what it was sent."""

    answer: Callable[[dict[str, object]], tuple[int, object]]
    headers: dict[str, str] = field(default_factory=dict)
    pause_seconds: float = 0.0
    asked: list[tuple[str, dict[str, str], dict[str, object]]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content, more = b"", True
        while more:
            message = await receive()
            content, more = content + message["body"], message.get("more_body", False)
        sent = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((scope["path"], sent, json.loads(content)))
        status, said = self.answer(json.loads(content))
        await asyncio.sleep(self.pause_seconds)
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        await send({"type": "http.response.body", "body": body})


async def ask(
    server: Server,
    *,
    model: str | None = "tiny",
    path: str = "/v1/rerank",
    texts: Sequence[str] = TEXTS,
    times: int = 1,
) -> list[float]:
    scores: list[float] = []
    async with serving(server) as port, open_reranker(settings_for(port, model, path)) as reranker:
        assert reranker is not None
        for _ in range(times):
            scores = await reranker.rerank("q \ud800", texts)
    return scores


def settings_for(port: int, model: str | None, path: str) -> Settings:
    url = f"http://127.0.0.1:{port}{path}"
    values = {"RERANK_URL": url, "RERANK_API_KEY": KEY, "RERANK_MODEL": model}
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize("answer", [cohere, voyage])
async def test_cohere_jina_and_voyage_are_asked_by_their_protocol(
    answer: Callable[[dict[str, object]], tuple[int, object]],
) -> None:
    server = Server(answer)

    assert await ask(server) == SCORES

    ((path, headers, body),) = server.asked
    assert path == "/v1/rerank"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body == {"model": "tiny", "query": "q ?", "documents": TEXTS, "top_n": 3}


async def test_tei_is_asked_by_its_protocol_as_many_texts_at_once_as_it_takes() -> None:
    server = Server(tei)
    texts = ["x" * (place % 7) for place in range(70)]

    scores = await ask(server, model=None, texts=texts)

    assert scores == [len(text) / 10 for text in texts]
    assert [len(body["texts"]) for _, _, body in server.asked] == [32, 32, 6]
    assert server.asked[0][2]["truncate"] is True


async def test_a_server_that_speaks_the_other_protocol_is_found_out_once() -> None:
    server = Server(tei)

    assert await ask(server, model="named", times=3) == SCORES

    assert ["texts" in body for _, _, body in server.asked] == [False, True, True, True]


async def test_a_base_url_is_enough() -> None:
    server = Server(cohere)

    await ask(server, path="/v2/")

    assert server.asked[0][0] == "/v2/rerank"


async def test_no_texts_are_not_sent() -> None:
    server = Server(cohere)

    assert await ask(server, texts=[]) == []
    assert server.asked == []


FAULTS = {
    "no JSON": (200, b"<html>"),
    "no list of scores": (200, {"results": None}),
    "2 scores for 3 texts": (200, ranked(TEXTS[:2], "score")),
    "is no score": (200, [{"index": 7, "score": 1}]),
    "is no score:": (200, [{"index": 0, "score": 1}, {"index": 0, "score": 1}]),
    "is no score: {'index'": (200, [{"index": 0, "score": "high"}]),
    "no JSON$": (200, b'[{"index": 0, "score": NaN}]'),
    "is no score: None": (200, [None]),
    "more than 4 MiB": (200, b" " * (5 << 20)),
    "answered 503: busy": (503, b"busy"),
    "answered 429": (429, b"slow down"),
    "answered 401: check RERANK_API_KEY": (401, {"message": f"bad key {KEY}"}),
    "answered 400: no … here": (400, f"no {KEY} here".encode()),
}


@pytest.mark.parametrize("said", FAULTS)
async def test_a_fault_is_an_error_that_says_what_it_was_and_not_the_key(said: str) -> None:
    with pytest.raises(UnavailableError, match=said) as caught:
        await ask(Server(lambda _: FAULTS[said]))

    assert "the reranker at http://127.0.0.1:" in str(caught.value)
    assert KEY not in str(caught.value)


async def test_a_redirect_is_not_followed_with_key_and_passages() -> None:
    elsewhere = Server(cohere)
    async with serving(elsewhere) as port:
        location = {"location": f"http://127.0.0.1:{port}/rerank"}
        with pytest.raises(UnavailableError, match="307: a redirect"):
            await ask(Server(lambda _: (307, b""), headers=location))

    assert elsewhere.asked == []


async def test_a_server_that_is_not_there_or_hangs_up_is_an_error() -> None:
    async with (
        sending(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[") as port,
        open_reranker(settings_for(port, "tiny", "/")) as reranker,
    ):
        assert reranker is not None
        with pytest.raises(UnavailableError, match="does not answer"):
            await reranker.rerank("q", TEXTS)

    async with open_reranker(settings_for(port, "tiny", "/")) as reranker:
        assert reranker is not None
        with pytest.raises(UnavailableError, match="does not answer"):
            await reranker.rerank("q", TEXTS)


async def test_a_server_that_hangs_is_left_in_time() -> None:
    server = Server(cohere, pause_seconds=5)
    async with (
        serving(server) as port,
        open_reranker(settings_for(port, "tiny", "/")) as reranker,
    ):
        assert reranker is not None
        with pytest.raises(UnavailableError, match=r"'tiny' took longer than 0.1 s for 1 passages"):
            await rerank_passages(reranker, "q", [PASSAGE], weights={}, timeout_seconds=0.1)


async def test_passages_come_in_the_rerankers_order_and_equals_in_their_own() -> None:
    passages = [replace(PASSAGE, chunk_id=text, text=text) for text in ("b", "a", "ccc", "d")]
    server = Server(cohere)
    async with serving(server) as port, open_reranker(settings_for(port, "t", "/")) as reranker:
        assert reranker is not None
        ranked = await rerank_passages(reranker, "q", passages, weights={}, timeout_seconds=5)

    assert [one.text for one in ranked] == ["ccc", "b", "a", "d"]
    assert ranked[0].rerank_score == pytest.approx(len("Prices & more > Price\nccc") / 10)
    assert {one.fused_score for one in ranked} == {PASSAGE.fused_score}
    documents = server.asked[0][2]["documents"]
    assert documents[0] == "Prices & more > Price\nb"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["results", "data", "index", "score", "relevance_score"]), inner
        )
    ),
)


@given(JSON.map(json.dumps) | st.text(max_size=20))
def test_whatever_a_server_says_there_are_scores_or_an_error(said: str) -> None:
    try:
        scores = read_scores(said.encode("utf-8", "replace"), 2, where="it")
    except UnavailableError:
        return

    assert len(scores) == 2
    assert all(isinstance(one, float) for one in scores)
