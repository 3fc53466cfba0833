"""An embedding server that speaks OpenAI's protocol, and LangChain embeddings, to test against."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.fakes import WordEmbedder

DIMENSION = 64
SOON = {"retry-after-ms": "10"}


def word_vectors(texts: list[str]) -> list[list[float]]:
    """Of length three, not one: scaling is the embedder's task."""
    embedder = WordEmbedder()
    return [(3 * embedder._sum(text)).tolist() for text in texts]


def failure(status: int, message: str = "no", headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"message": message}}, status, headers or SOON)


@dataclass
class EmbeddingServer:
    """Answers from a script first, then well."""

    script: Iterator[Response] = field(default_factory=lambda: iter(()))
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.requests.append(json.loads(await request.body()))
        self.keys.append(request.headers.get("authorization", ""))
        response = next(self.script, None) or self.answer(self.requests[-1])
        await response(scope, receive, send)

    def answer(self, body: dict[str, Any]) -> Response:
        vectors: list[Any] = word_vectors(body["input"])
        if body["encoding_format"] == "base64":
            packed = (np.array(vector, "<f4").tobytes() for vector in vectors)
            vectors = [base64.b64encode(one).decode() for one in packed]
        return listing(vectors)


def listing(vectors: list[Any]) -> Response:
    """In reverse, as the protocol allows: `index` tells the order."""
    data = [
        {"object": "embedding", "index": index, "embedding": vector}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return JSONResponse({"object": "list", "model": "m", "data": data[::-1], "usage": usage})


class WordEmbeddings(Embeddings):
    """The blocking kind, which LangChain itself runs in a thread."""

    model = "words"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return word_vectors(texts)

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class SlowEmbeddings(WordEmbeddings):
    """The asynchronous kind; counts how many calls run at once."""

    running = 0
    most = 0

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.01)
        self.running -= 1
        return word_vectors(texts)


class GatedEmbeddings(WordEmbeddings):
    """Takes a hundred texts, then waits while the file is there that a variable names."""

    taken = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.taken += len(texts)
        while self.taken > 100 and Path(os.environ["EMBEDDINGS_GATE"]).exists():
            time.sleep(0.02)
        return word_vectors(texts)


class FailingEmbeddings(WordEmbeddings):
    """Works once, then no more."""

    calls = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.calls += 1
        if self.calls > 1:
            raise OSError("the model's server went away\nkey=secret")
        return word_vectors(texts)


def make_embeddings() -> Embeddings:
    return WordEmbeddings()


def make_nothing() -> None:
    raise ValueError("set WORDS_KEY\nkey=secret")


class WaitingEmbeddings(WordEmbeddings):
    """Holds texts that say `gated` while there is the file that EMBEDDINGS_GATE names."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        gate = os.environ.get("EMBEDDINGS_GATE")
        while gate and any("gated" in text for text in texts) and Path(gate).exists():
            time.sleep(0.05)
        return super().embed_documents(texts)
