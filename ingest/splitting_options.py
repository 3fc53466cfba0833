"""The options of splitting, for every command that takes them, as the one value that they mean."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from ingest.splitting import Wish
from rag_core.documents import Strategy

_CHUNK_TOKENS = typer.Option(
    "--chunk-tokens", metavar="N", help="The most tokens that a chunk has; 256 when not given."
)
_OVERLAP = typer.Option(
    "--overlap", metavar="N", help="The most tokens that a chunk repeats of the one before; 0."
)
_STRATEGY = typer.Option(
    "--strategy",
    help="Cut at headings and paragraphs, between sentences whatever the headings, or as the "
    "first but never across pages.",
)
_OPTIONS = {
    "chunk_tokens": Annotated[int | None, _CHUNK_TOKENS],
    "overlap_tokens": Annotated[int | None, _OVERLAP],
    "strategy": Annotated[Strategy | None, _STRATEGY],
}


def takes_splitting(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options for its one parameter `splitting`.

    Typer makes an option of each parameter, and these would be three more wherever they are taken.
    """

    @wraps(command)
    def with_options(**given: Any) -> None:
        asked = {name: given.pop(name) for name in _OPTIONS}
        command(splitting=Wish(**asked), **given)

    signature = inspect.signature(command, eval_str=True)
    kept = [one for name, one in signature.parameters.items() if name != "splitting"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in _OPTIONS.items()
    ]
    parameters = [*kept, *added]
    vars(with_options)["__signature__"] = signature.replace(parameters=parameters)
    with_options.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_options
