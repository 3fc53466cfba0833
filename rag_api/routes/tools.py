"""The tools that other programs' models call: each takes arguments and gives one value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rag_api.asked import Asked
from rag_api.parts import Parts
from rag_api.retrieval_options import RetrievalOptions
from rag_api.routes.access import source_url
from rag_api.routes.asking import start_answer
from rag_api.routes.retrieval import check_length
from rag_api.routes.retrieval import search as find_passages
from rag_api.wire.completed import complete
from rag_api.wire.mcp_objects import (
    AskArguments,
    FetchArguments,
    FetchedPassage,
    SearchArguments,
    SearchResults,
    ToolAnswer,
    view_fetched,
    view_results,
    view_tool_answer,
)
from rag_core.errors import InvalidRequestError
from rag_core.validation import say_fault

Arguments = Mapping[str, object]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Tool:
    """What a model is told of a tool, and the function behind it."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    run: Callable[[Arguments, Parts, str], Awaitable[BaseModel]]
    """Takes what the model sent, the parts, and what our URLs begin with; raises RagError."""


async def search(arguments: Arguments, parts: Parts, base_url: str) -> SearchResults:
    """Find passages in the usual collection; raises RagError."""
    query = read_arguments(SearchArguments, arguments).query
    check_length(query)
    found = await find_passages(Asked(query), parts=parts, base_url=base_url)
    return view_results(found.passages)


async def fetch(arguments: Arguments, parts: Parts, base_url: str) -> FetchedPassage:
    """Show a passage with what is around it; raises RagError."""
    wanted = read_arguments(FetchArguments, arguments).id
    source = await parts.library.read_source(wanted)
    document = await parts.library.read_document(source.document_id)
    url = source_url(source.chunk_id, parts=parts, base_url=base_url)
    return view_fetched(source, document, url=url)


async def ask(arguments: Arguments, parts: Parts, base_url: str) -> ToolAnswer:
    """Answer a question; cancelling it closes the request to the chat model. Raises RagError."""
    wanted = read_arguments(AskArguments, arguments)
    options = RetrievalOptions(filter=wanted.filter)
    asked = Asked(wanted.question, collection=wanted.collection, options=options)
    run = await start_answer(asked, parts=parts, base_url=base_url, detaches=False)
    return view_tool_answer(await complete(run.read()))


def read_arguments(model: type[Model], arguments: Arguments) -> Model:
    """Check what a model sent.

    Raises:
        InvalidRequestError: it does not fit; the text names each argument and its fault.
    """
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        faults = [f"{fault['loc'][0]}: {say_fault(fault)}" for fault in error.errors()]
        raise InvalidRequestError("; ".join(faults)) from error


TOOLS = (
    Tool(
        "search",
        "Search the documents",
        "Find passages in the documents that fit a query, best first. Read one with fetch.",
        SearchArguments,
        SearchResults,
        search,
    ),
    Tool(
        "fetch",
        "Read a passage",
        "Read a passage that search found, with the text around it in its document.",
        FetchArguments,
        FetchedPassage,
        fetch,
    ),
    Tool(
        "ask",
        "Ask the documents",
        "Have a question answered from the documents. Markers [n] in the answer point at its "
        "sources, each with the exact words that it rests on.",
        AskArguments,
        ToolAnswer,
        ask,
    ),
)
