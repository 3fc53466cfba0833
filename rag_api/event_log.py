"""Events in, numbered from 1 → what any number of readers take, from any place, as it comes."""

from __future__ import annotations

import asyncio
import time

from rag_api.events import Delta, Done, Event, Events, Failed, Gap, Retrieved

KEPT_EVENTS = 32_768
"""How long a log may grow; then its beginning is dropped, and who comes late gets a Gap."""

TAKEN_EVENTS = 256
"""How many a reader takes at once: what waits for its socket to be free is bounded by them."""

# What an event weighs beside its text, measured; a passage's text is kept as text and as prompt.
_EVENT_BYTES = 200
_PASSAGE_BYTES = 3_000


class EventLog:
    """An append-only list of events, the last of which is terminal."""

    def __init__(self) -> None:
        self.ended = False
        """Whether the terminal event is there."""
        self.ended_at: int | None = None
        """When it came, in seconds since 1970."""
        self.size_bytes = 0
        """Roughly what it takes."""
        self._events: list[Event] = []
        self._dropped = 0
        self._readers: list[Reader] = []

    @property
    def last(self) -> int:
        """The newest event's number; 0 before the first."""
        return self._dropped + len(self._events)

    @property
    def has_readers(self) -> bool:
        """Whether anybody reads it now."""
        return bool(self._readers)

    def append(self, events: Events) -> None:
        """Add events that became ready together, at least one, and wake the readers."""
        self._events += events
        if isinstance(events[-1], Done | Failed):
            self.ended, self.ended_at = True, int(time.time())
        self.size_bytes += sum(map(_weigh, events))
        if len(self._events) > KEPT_EVENTS:
            self._trim()
        for reader in self._readers:
            reader.wake()

    def take(self, after: int) -> Events:
        """The next events behind this number that are there; a Gap when they are kept no more.

        Not more than TAKEN_EVENTS of them.
        """
        if after < self._dropped:
            return (Gap(first=after + 1, last=self._dropped),)
        start = after - self._dropped
        return tuple(self._events[start : start + TAKEN_EVENTS])

    def take_all(self) -> Events:
        """All events so far; instead of those that are kept no more a Gap."""
        gap = (Gap(first=1, last=self._dropped),) if self._dropped else ()
        return (*gap, *self._events)

    def open_reader(self, after: int) -> Reader:
        """Begin to read behind the event with this number."""
        reader = Reader(self, min(after, self.last))
        self._readers.append(reader)
        return reader

    def close_reader(self, reader: Reader) -> None:
        """Forget a reader that is gone."""
        self._readers.remove(reader)

    def _trim(self) -> None:
        surplus = KEPT_EVENTS // 4
        self.size_bytes -= sum(map(_weigh, self._events[:surplus]))
        del self._events[:surplus]
        self._dropped += surplus


class Reader:
    """A place in a log."""

    __slots__ = ("_log", "_waiting", "after")

    def __init__(self, log: EventLog, after: int) -> None:
        self.after = after
        """The number of the last event that was taken."""
        self._log = log
        self._waiting: asyncio.Future[None] | None = None

    @property
    def at_end(self) -> bool:
        """Whether the terminal event was taken."""
        return self._log.ended and self.after == self._log.last

    async def next(self) -> Events:
        """Wait for events behind this place and take them; none when woken for another reason."""
        events = self._log.take(self.after)
        if not events and not self._log.ended:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
            events = self._log.take(self.after)
        if len(events) == TAKEN_EVENTS:
            # There are more, and no wait before them: the others have their turn first.
            await asyncio.sleep(0)
        if events:
            first = events[0]
            self.after = first.last if isinstance(first, Gap) else self.after + len(events)
        return events

    def wake(self) -> None:
        """Let `next` return."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def _weigh(event: Event) -> int:
    if isinstance(event, Delta):
        return _EVENT_BYTES + len(event.text)
    if isinstance(event, Retrieved):
        return sum(_PASSAGE_BYTES + 2 * len(passage.text) for passage in event.passages)
    return _EVENT_BYTES * 4
