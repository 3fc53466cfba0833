"""The process that owns one Chroma server: `python -m rag_core.vectors.keeper HOME IDLE_SECONDS`.

It starts Chroma when the first of us comes, again when it dies, and stops it with SIGTERM when
the last of us has left: a kill -9 in the middle of a write may cost Chroma a whole collection.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from rag_core.locks import try_lock
from rag_core.vectors.place import HOST, Place, ServerRecord, place_in
from rag_core.vectors.store import is_damaged, move_aside, remove_leftovers

_TICK_SECONDS = 0.25
_LOCK_SECONDS = 1.0
_ANSWER_SECONDS = 60.0
_STOP_SECONDS = 20.0
_QUICK_DEATH_SECONDS = 10.0
_MAX_QUICK_DEATHS = 4
_BACK_OFF_SECONDS = 0.1
_MAX_LOG_BYTES = 4_000_000
_LOG_TAIL_BYTES = 1_500


class _GaveUpError(Exception):
    """Chroma cannot be kept running; the text is for those who wait for it."""


class Keeper:
    """One Chroma server on one folder, from its first start to its last stop."""

    def __init__(self, place: Place, idle_seconds: float) -> None:
        self._place = place
        self._idle_seconds = idle_seconds
        self._used = time.monotonic()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._started = 0.0
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
        except (_GaveUpError, OSError) as error:
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
        if self._process is not None and self._process.poll() is not None:
            self._place.forget_server()
            self._count_death()
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
        process = self._launch()
        while not self._answers(process):
            self._port = 0
            self._count_death()
            process = self._launch()
        self._place.write_server(
            ServerRecord(
                port=self._port,
                keeper_pid=os.getpid(),
                chroma_pid=process.pid,
                version=version("chromadb"),
                moved_aside=self._moved_aside,
            )
        )

    def _launch(self) -> subprocess.Popen[bytes]:
        lock = self._lock_data()
        self._port = self._port or _free_port()
        remove_leftovers(self._place.data)
        arguments = [os.getpid(), lock, self._place.data, self._port]
        with self._place.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", "rag_core.vectors.run_chroma", *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                env=_environment(),
            )
        os.close(lock)
        self._started = time.monotonic()
        return self._process

    def _lock_data(self) -> int:
        """Take the lock that Chroma inherits, and so outlives us with it: never two on one folder.

        One that an earlier, killed keeper left behind is stopped first.
        """
        for number in (0, signal.SIGTERM, signal.SIGKILL):
            if number:
                _signal_holder(self._place.data_lock, number)
            lock = _wait_for_lock(self._place.data_lock, _STOP_SECONDS if number else 1.0)
            if lock is not None:
                os.ftruncate(lock, 0)
                return lock
        raise _GaveUpError(f"another process holds {str(self._place.data_lock)!r}")

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait for the first heartbeat; False when the process ends before it."""
        while process.poll() is None:
            if _heartbeat(self._port):
                return process.poll() is None
            if time.monotonic() - self._started > _ANSWER_SECONDS:
                raise _GaveUpError(f"Chroma did not answer within {_ANSWER_SECONDS:.0f} s")
            time.sleep(0.01)
        return False

    def _count_death(self) -> None:
        """Wait a little longer after each quick death; give up after several.

        Raises:
            _GaveUpError: with the end of Chroma's log.
        """
        quick = time.monotonic() - self._started < _QUICK_DEATH_SECONDS
        self._deaths = self._deaths + 1 if quick else 1
        if self._moved_aside is None and is_damaged(self._place.data):
            self._move_aside()
        elif self._deaths >= _MAX_QUICK_DEATHS:
            tail = _tail(self._place.log)
            raise _GaveUpError(
                f"Chroma ended {self._deaths} times in a row; its last words: {tail}"
            )
        time.sleep(_BACK_OFF_SECONDS * 2 ** (self._deaths - 1))

    def _move_aside(self) -> None:
        """Keep the broken store under another name; the catalog can make all of it again."""
        aside = move_aside(self._place.data)
        self._moved_aside = None if aside is None else str(aside)
        self._place.aside_request.unlink(missing_ok=True)

    def _stop(self) -> None:
        """End Chroma orderly, and wait for it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment() -> dict[str, str]:
    """Ours, without what Chroma would take for its own settings or send traces to."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("CHROMA_", "OTEL_"))}
    return {**ours, "RUST_LOG": "error", "NO_COLOR": "1", "ANONYMIZED_TELEMETRY": "False"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _heartbeat(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1.0) as connection:
            connection.sendall(b"GET /api/v2/heartbeat HTTP/1.0\r\n\r\n")
            return connection.recv(64).startswith((b"HTTP/1.0 200", b"HTTP/1.1 200"))
    except OSError:
        return False


def _wait_for_lock(path: Path, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while (lock := try_lock(path)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return lock


def _signal_holder(lock: Path, number: int) -> None:
    """Send a signal to the process that holds a lock and has written its id into it."""
    holder = lock.read_text("ascii")
    if holder.isdigit():
        try:
            os.kill(int(holder), number)
        except ProcessLookupError:
            return


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
    lock = _wait_for_lock(place.keeper_lock, _LOCK_SECONDS)
    if lock is None:
        return
    place.forget_all()
    Keeper(place, float(sys.argv[2])).run()


if __name__ == "__main__":
    main()
