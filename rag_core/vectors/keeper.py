"""The process that owns one Chroma server: `python -m rag_core.vectors.keeper HOME IDLE_SECONDS`.

It starts Chroma when the first of us comes, again when it dies, and stops it with SIGTERM when
the last of us has left: a kill -9 in the middle of a write may cost Chroma a whole collection.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from importlib.metadata import version
from pathlib import Path

from rag_core.locks import try_lock
from rag_core.vectors.place import Place, ServerRecord, place_in
from rag_core.vectors.process import ChromaProcess, GaveUpError, wait_for_lock
from rag_core.vectors.store import is_damaged, move_aside

_TICK_SECONDS = 0.25
_LOCK_SECONDS = 1.0
_QUICK_DEATH_SECONDS = 10.0
_MAX_QUICK_DEATHS = 4
_BACK_OFF_SECONDS = 0.1
_MAX_LOG_BYTES = 4_000_000
_LOG_TAIL_BYTES = 1_500


class Keeper:
    """One Chroma server on one folder, from its first start to its last stop."""

    def __init__(self, place: Place, idle_seconds: float) -> None:
        self._place = place
        self._idle_seconds = idle_seconds
        self._used = time.monotonic()
        self._chroma: ChromaProcess | None = None
        self._deaths = 0
        self._moved_aside: str | None = None
        self._told_to_stop = False
        self._last_lock: int | None = None
        self._wake, self._alarm = socket.socketpair()

    def run(self) -> None:
        """Keep the server until nobody uses it any more, or until we are told to stop."""
        self._listen()
        try:
            self._start()
            while not (self._told_to_stop or self._last_has_left()):
                self._tend()
                self._sleep(_TICK_SECONDS)
        except (GaveUpError, OSError) as error:
            self._place.write_failure(str(error))
        finally:
            self._place.forget_server()
            self._stop()

    def _listen(self) -> None:
        """A signal ends the sleep of the main loop."""
        self._wake.settimeout(0)
        self._alarm.settimeout(0)
        signal.set_wakeup_fd(self._alarm.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: setattr(self, "_told_to_stop", True))

    def _sleep(self, seconds: float) -> None:
        if select.select([self._wake], [], [], seconds)[0]:
            self._wake.recv(4096)

    def _last_has_left(self) -> bool:
        """Whether nobody has used the server for a while; if so, newcomers wait from now on."""
        lock = try_lock(self._place.users_lock)
        if lock is None:
            self._used = time.monotonic()
            return False
        if time.monotonic() - self._used < self._idle_seconds:
            os.close(lock)
            return False
        self._last_lock = lock
        return True

    def _tend(self) -> None:
        """Do what has come up since the last look."""
        if self._chroma is not None and self._chroma.has_ended():
            self._place.forget_server()
            self._count_death(self._chroma)
            self._start()
        if self._place.aside_request.exists():
            self._place.forget_server()
            self._stop()
            self._start()
        _bound(self._place.log)

    def _start(self) -> None:
        """Start Chroma and tell everyone; on the same port as before, if it can be had."""
        if self._place.aside_request.exists():
            self._move_aside()
        port = 0 if self._chroma is None else self._chroma.port
        self._chroma = ChromaProcess(self._place, port)
        while not self._chroma.answers():
            self._count_death(self._chroma)
            self._chroma = ChromaProcess(self._place, 0)
        self._place.write_server(
            ServerRecord(
                port=self._chroma.port,
                keeper_pid=os.getpid(),
                chroma_pid=self._chroma.process_id,
                version=version("chromadb"),
                moved_aside=self._moved_aside,
            )
        )

    def _count_death(self, chroma: ChromaProcess) -> None:
        """Wait a little longer after each quick death; give up after several.

        Raises:
            GaveUpError: with the end of Chroma's log.
        """
        quick = chroma.age_seconds < _QUICK_DEATH_SECONDS
        self._deaths = self._deaths + 1 if quick else 1
        if self._moved_aside is None and is_damaged(self._place.data):
            self._move_aside()
        elif self._deaths >= _MAX_QUICK_DEATHS:
            tail = _tail(self._place.log)
            raise GaveUpError(f"Chroma ended {self._deaths} times in a row; its last words: {tail}")
        time.sleep(_BACK_OFF_SECONDS * 2 ** (self._deaths - 1))

    def _move_aside(self) -> None:
        """Keep the broken store under another name; the catalog can make all of it again."""
        aside = move_aside(self._place.data)
        self._moved_aside = None if aside is None else str(aside)
        self._place.aside_request.unlink(missing_ok=True)

    def _stop(self) -> None:
        if self._chroma is not None:
            self._chroma.stop()


def _bound(log: Path) -> None:
    """Keep the last part of a log that has grown long as `….1`, and begin again."""
    if log.stat().st_size > _MAX_LOG_BYTES:
        log.with_name(f"{log.name}.1").write_bytes(log.read_bytes()[-_MAX_LOG_BYTES:])
        os.truncate(log, 0)


def _tail(log: Path) -> str:
    return log.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()


def main() -> None:
    """Leave the process that started us, and keep the server if no other keeper does."""
    place = place_in(Path(sys.argv[1]))
    if os.fork():
        os._exit(0)
    lock = wait_for_lock(place.keeper_lock, _LOCK_SECONDS)
    if lock is None:
        return
    place.forget_all()
    Keeper(place, float(sys.argv[2])).run()


if __name__ == "__main__":
    main()
