"""An answer that fails, and another model's answer to the same question → one answer's events.

Loses nothing when the first model answers; when it fails again and again, it is left alone for a
while, so that not every question has to wait for its failure.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import aclosing

from rag_api.events import AnswerStream, Done, Restarted
from rag_core.errors import ChatRejectedError, RagError, UnavailableError, find_retry_after

_PATIENCE = 3
"""Questions in a row that a model may fail before it is left alone."""
_REST_SECONDS = 30.0
_LONGEST_REST_SECONDS = 60.0

_LOG = logging.getLogger(__name__)

ModelError = UnavailableError | ChatRejectedError
Clock = Callable[[], float]


class Rest:
    """Whether a model that failed is to be left alone now."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    @property
    def resting(self) -> bool:
        """Whether it is left alone now; unlike `is_due`, this changes nothing."""
        return self._clock() < self._until

    def is_due(self) -> bool:
        """Whether not to ask it now; after a rest, one question at a time finds out how it is."""
        if self.resting:
            return True
        if self._failures >= _PATIENCE:
            self._until = self._clock() + _REST_SECONDS
        return False

    def note_success(self) -> None:
        """It answered: what was before is forgiven."""
        self._failures, self._until = 0, 0.0

    def note_failure(self, error: ModelError) -> None:
        """It failed, which may have cost the asker a minute; or it named a time to come back."""
        if isinstance(error, ChatRejectedError):
            # That takes no time, and may be the fault of one question.
            return
        self._failures += 1
        seconds = find_retry_after(error) or 0.0
        if self._failures >= _PATIENCE:
            seconds = max(seconds, _REST_SECONDS)
        self._until = self._clock() + min(seconds, _LONGEST_REST_SECONDS)


async def fall_back(
    first: AnswerStream, other: Callable[[], AnswerStream], *, model: str, rest: Rest
) -> AnswerStream:
    """Give the first answer; when its model fails, the other one, which `model` writes, anew.

    A `Restarted` stands between them when something of the first was given.

    Raises:
        RagError: the other failed too; a note names the first failure.
    """
    failure: ModelError | None = None
    shown = ended = False
    try:
        async for events in first:
            shown, ended = True, isinstance(events[-1], Done)
            yield events
    except (UnavailableError, ChatRejectedError) as error:
        failure = error
    finally:
        await first.aclose()
    if failure is None or ended:
        rest.note_success()
        return
    rest.note_failure(failure)
    _LOG.warning("%s; %r answers instead", failure, model)
    if shown:
        yield (Restarted(model=model, detail=str(failure)),)
    async with aclosing(_answer_after(failure, other)) as answered:
        async for events in answered:
            yield events


async def _answer_after(failure: ModelError, other: Callable[[], AnswerStream]) -> AnswerStream:
    try:
        async with aclosing(other()) as answered:
            async for events in answered:
                yield events
    except RagError as error:
        error.add_note(f"before it, {failure}")
        raise
