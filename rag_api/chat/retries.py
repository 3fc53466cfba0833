"""A stream that breaks before its first text is asked for again: nothing of it was shown."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable

from rag_api.chat import ChatPart
from rag_core.errors import UnavailableError

_RETRIES = 2
_FIRST_WAIT_SECONDS = 0.5
_JITTER = 0.25
"""By how much of itself a wait is shortened at most, so that not all come back together."""
_LONGEST_WAIT_SECONDS = 5.0
"""A server that wants a longer one is not waited for: the asker decides about that."""

_LOG = logging.getLogger(__name__)


class Tries:
    """What is left of the attempts at one answer: how many, and how much time."""

    def __init__(self, seconds: float) -> None:
        self.deadline = asyncio.get_running_loop().time() + seconds
        """When the first token must be there, whichever attempt it comes from."""
        self._made = 0
        self._most = _RETRIES

    def stop(self) -> None:
        """Let the attempt that is being made be the last."""
        self._most = 0

    def next_wait(self, error: UnavailableError) -> float | None:
        """Seconds until the next attempt, doubling each time; None when there is none."""
        if self._made >= self._most:
            return None
        seconds = error.retry_after_seconds
        if not seconds:  # 0, or a date that is over, names no time either
            jitter = random.uniform(1 - _JITTER, 1)  # noqa: S311 - no secret
            seconds = _FIRST_WAIT_SECONDS * 2**self._made * jitter
        self._made += 1
        in_time = asyncio.get_running_loop().time() + seconds < self.deadline
        return seconds if in_time and seconds <= _LONGEST_WAIT_SECONDS else None


Attempt = Callable[[Tries], AsyncGenerator[ChatPart, None]]
"""Asks once; keeps to the deadline, and says `stop` when to ask again would be in vain."""


async def ask_again(attempt: Attempt, *, seconds: float) -> AsyncGenerator[ChatPart, None]:
    """Give the parts of the first attempt that shows anything, within `seconds` for all of them.

    Raises:
        ChatRejectedError: the server refuses; that is final.
        UnavailableError: no attempt succeeded, or one broke off after its first part.
    """
    tries = Tries(seconds)
    while True:
        parts = attempt(tries)
        try:
            async for part in parts:
                tries.stop()
                yield part
        except UnavailableError as error:
            wait = tries.next_wait(error)
            if wait is None:
                raise
            _LOG.info("%s; asking again in %.1f s", error, wait)
        else:
            return
        finally:
            await parts.aclose()
        await asyncio.sleep(wait)
