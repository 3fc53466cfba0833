"""The command `ingest watch`: sources to rounds of sync, until somebody ends it."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.addition import stopping
from ingest.mirror import Mirror
from ingest.rounds import Rounds, wait_for_any
from ingest.screen import Screen
from ingest.watch import Watched, watching
from rag_core.errors import UnavailableError
from rag_core.index import open_index
from rag_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon, and how often."""

    settle_seconds: float
    every_seconds: float


async def watch_sources(settings: Settings, screen: Screen, *, mirror: Mirror, pace: Pace) -> int:
    """Keep the collection equal to the sources until SIGINT or SIGTERM."""
    watched = Watched(mirror.tops, settings.home, pace.settle_seconds)
    with stopping() as stop:
        async with watching(watched) as signs:
            rounds = Rounds(mirror, screen, signs.changed, stop, pace.every_seconds)
            await wait_for_any(signs.ready, stop)
            if not screen.as_json:
                screen.aside.print("watching; Ctrl-C ends it")
            await _run(settings, rounds)
    return 0


async def _run(settings: Settings, rounds: Rounds) -> None:
    """Open the index once, however often that has to be tried, and keep it open."""
    while not rounds.stop.is_set():
        try:
            async with open_index(settings) as index:
                await rounds.run(index)
        except BrokenPipeError:  # whoever read us has gone
            raise
        except (UnavailableError, OSError) as error:
            rounds.tell(error)
            await rounds.pause()
