"""What the commands of several modules share: options, exit codes, and how a command is run."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
from collections.abc import Callable, Coroutine
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, TypeVar, get_type_hints

import typer


def lazily(name: str) -> ModuleType:
    """Import a module at the first use of it: `--help` need not wait for Chroma's client."""
    if name in sys.modules:  # to look for it again would be a use of it
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ImportError(f"no module named {name!r}")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from ingest import running
    from ingest.screen import Screen
    from rag_core.settings import Settings
else:
    running = lazily("ingest.running")

Given = TypeVar("Given")
Command = Callable[..., None]

EXIT_CODES = (
    "Exit codes: 0 all done; 1 a part failed, or the work stopped in the middle (what is done "
    "stays, run it again to go on); 2 wrong usage, or nothing could be done; 130 interrupted."
)


def check_text(given: Given) -> Given:
    """Refuse what neither a database nor JSON can hold; paths may be any bytes."""
    texts: list[object] = given if isinstance(given, list) else [given]
    for text in texts:
        if any("\ud800" <= character <= "\udfff" for character in str(text)):
            raise typer.BadParameter(f"{text!r} is not valid UTF-8")
    return given


Collection = Annotated[
    str | None,
    typer.Option(
        "--collection", "-c", callback=check_text, help="Its name; RAG_COLLECTION when not given."
    ),
]
OneCollection = Annotated[
    str | None,
    typer.Option(
        "--collection", "-c", callback=check_text, help="Only this one; all when not given."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Passwords = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        callback=check_text,
        help="Tried where a PDF asks for one; may be given several times.",
    ),
]


def gathered(group: type[object], name: str) -> Callable[[Command], Command]:
    """Let a command take the options that a dataclass names, all in its one parameter `name`."""
    hints = get_type_hints(group, include_extras=True)
    options = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[one.name])
        for one in inspect.signature(group).parameters.values()
    ]

    def gather(command: Command) -> Command:
        @functools.wraps(command)
        def call(**given: object) -> None:
            values = {one.name: given.pop(one.name) for one in options}
            command(**given, **{name: group(**values)})

        own = inspect.signature(command, eval_str=True)
        nested = [options if one.name == name else [one] for one in own.parameters.values()]
        shown = own.replace(parameters=[one for group in nested for one in group])
        call.__signature__ = shown  # type: ignore[attr-defined] # what typer reads
        return call

    return gather


def run(work: Callable[[Settings, Screen], Coroutine[None, None, int]], *, as_json: bool) -> None:
    """Do a command's work and end with its exit code."""
    raise typer.Exit(running.run(work, as_json=as_json))
