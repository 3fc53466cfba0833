"""The OpenAPI document and the application hold each other to their word, for made-up requests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from rag_api.routes.documentation import describe_api
from tests.api import make_app, make_parts
from tests.servers import serving

KEY = "secret"
HEADERS = {"Authorization": f"Bearer {KEY}"}
_REFUSED = [400, 401, 404, 413, 422]
# A filter is one of many shapes: what is no longer the one may be another, and is answered.
_ANOTHER_FILTER = {"negative_data_rejection": {"expected-statuses": [200, *_REFUSED]}}
CONFIG = schemathesis.Config.from_dict(
    {
        # What the checks do not know to be a refusal: a question that is too long.
        "checks": {"negative_data_rejection": {"expected-statuses": _REFUSED}},
        "operations": [
            {
                # No schema says that there must be a question among the messages, that the answer
                # before is kept still, how many numbers the embedding model's vectors have, or
                # which values a filter's field is compared with.
                "include-path": ["/v1/chat/completions", "/v1/responses", "/api/chat"],
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": [200, 400, 404, 422]},
                    **_ANOTHER_FILTER,
                },
            },
            {
                "include-path": "/v1/embeddings",
                "checks": {"positive_data_acceptance": {"expected-statuses": [200, 400, 404]}},
            },
            {
                # Nor that collections are named in one place only, and of a URL what a text in
                # JSON is to hold.
                "include-path": ["/v1/answers", "/v1/search", "/api/ask"],
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": [200, 400, 401, 404, 422]},
                    **_ANOTHER_FILTER,
                },
            },
            {
                # Nor which answers are kept, and have ended.
                "include-path": "/v1/feedback",
                "checks": {"positive_data_acceptance": {"expected-statuses": [200, 400, 404]}},
            },
            {
                # Nor what a text in a form holds, or that a file has a name.
                "include-path": "/v1/documents",
                "checks": {"positive_data_acceptance": {"expected-statuses": [202, 400, 422]}},
            },
        ],
    }
)
API = schemathesis.openapi.from_dict(describe_api(make_app(make_parts())), config=CONFIG)
BOUNDED = settings(
    max_examples=10,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


async def serve(ports: Queue[int], stopped: threading.Event) -> None:
    with TemporaryDirectory() as home:
        await serve_from(Path(home), ports, stopped)


async def serve_from(home: Path, ports: Queue[int], stopped: threading.Event) -> None:
    parts = make_parts(api_key=KEY, RAG_HOME=home)
    # The longest question that the document allows finds room.
    parts = replace(parts, answerer=replace(parts.answerer, context_tokens=100_000))
    async with serving(make_app(parts), lifespan="on") as port:
        ports.put(port)
        await asyncio.to_thread(stopped.wait)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """The application on a server in a thread of its own: the generated tests are not async."""
    ports: Queue[int] = Queue()
    stopped = threading.Event()
    server = threading.Thread(target=lambda: asyncio.run(serve(ports, stopped)))
    server.start()
    yield f"http://127.0.0.1:{ports.get(timeout=10)}"
    stopped.set()
    server.join()


@API.parametrize()
@BOUNDED
def test_every_answer_is_as_the_document_says(case: schemathesis.Case, base_url: str) -> None:
    case.call_and_validate(base_url=base_url, headers=HEADERS)


def test_answers_are_followed_and_cancelled_as_the_document_says(base_url: str) -> None:
    class Workflow(API.as_state_machine()):
        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, object]:
            del case
            return {"base_url": base_url, "headers": HEADERS}

    Workflow.run(settings=settings(BOUNDED, max_examples=5, stateful_step_count=4))
