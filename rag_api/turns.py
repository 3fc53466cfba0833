"""Questions that come together → so many at once, some that wait, the rest refused."""

from __future__ import annotations

import asyncio
import logging

from rag_core.errors import OverloadedError

_LOGGED_SECONDS = 10.0
"""How often refusals are logged at most."""

_LOG = logging.getLogger(__name__)


class Turns:
    """Gives `most` turns at once, first come first served; as many may wait, so many seconds."""

    def __init__(self, most: int, *, seconds: float) -> None:
        self.taken = 0
        """Turns that were not given back yet."""
        self.waiting = 0
        """Questions that wait for one."""
        self._most = most
        self._seconds = seconds
        self._free = asyncio.Semaphore(most)
        self._refused = 0

    async def take(self) -> None:
        """Wait for a turn.

        Raises:
            OverloadedError: too many wait already, or it took too long.
        """
        if self._free.locked() and self.waiting >= self._most:
            raise self._refuse()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise self._refuse() from error
        finally:
            self.waiting -= 1
        self.taken += 1

    def give_back(self) -> None:
        """End a turn; the next in the queue has it."""
        self.taken -= 1
        self._free.release()

    def _refuse(self) -> OverloadedError:
        error = OverloadedError(answering=self._most, waiting=self.waiting)
        if not self._refused:
            _LOG.warning("questions are refused: %s", error)
            asyncio.get_running_loop().call_later(_LOGGED_SECONDS, self._log_refused)
        self._refused += 1
        return error

    def _log_refused(self) -> None:
        if self._refused > 1:
            _LOG.warning("%d questions were refused in %g s", self._refused, _LOGGED_SECONDS)
        self._refused = 0
