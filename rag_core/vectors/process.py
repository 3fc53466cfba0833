"""One Chroma process: started on a folder that is its alone, asked whether it answers, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rag_core.locks import try_lock
from rag_core.vectors.place import HOST, Place
from rag_core.vectors.store import remove_leftovers

_ANSWER_SECONDS = 60.0
_STOP_SECONDS = 20.0


class GaveUpError(Exception):
    """Chroma cannot be kept running; the text is for those who wait for it."""


class ChromaProcess:
    """A Chroma server from its start to its end."""

    def __init__(self, place: Place, port: int) -> None:
        """Start it on a port, on any free one for 0.

        Raises:
            GaveUpError: an earlier one is still there and cannot be stopped.
        """
        lock = _lock_data(place.data_lock)
        remove_leftovers(place.data)
        self.port = port or _free_port()
        self._process = start_module(
            "rag_core.vectors.run_chroma",
            [str(os.getpid()), str(lock), str(place.data), str(self.port)],
            log=place.log,
            keep_open=(lock,),
        )
        os.close(lock)
        self._started = time.monotonic()

    @property
    def process_id(self) -> int:
        """Of the server."""
        return self._process.pid

    @property
    def age_seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._started

    def has_ended(self) -> bool:
        """Whether the process is no more."""
        return self._process.poll() is not None

    def answers(self) -> bool:
        """Wait for the first heartbeat; False when the process ends before it.

        Raises:
            GaveUpError: neither happens in time.
        """
        while not self.has_ended():
            if _heartbeat(self.port):
                return not self.has_ended()
            if self.age_seconds > _ANSWER_SECONDS:
                raise GaveUpError(f"Chroma did not answer within {_ANSWER_SECONDS:.0f} s")
            time.sleep(0.01)
        return False

    def stop(self) -> None:
        """End it orderly, and wait for it."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start_module(
    name: str,
    arguments: Sequence[str],
    *,
    log: Path,
    keep_open: Sequence[int] = (),
    new_session: bool = False,
) -> subprocess.Popen[bytes]:
    """Run a module of ours as a process that prints to a log."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own modules, no shell
            [sys.executable, "-m", name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=keep_open,
            start_new_session=new_session,
            env=_environment(),
        )


def wait_for_lock(path: Path, seconds: float) -> int | None:
    """Take an exclusive lock as soon as it is free; None when it is not in time."""
    deadline = time.monotonic() + seconds
    while (lock := try_lock(path)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return lock


def _lock_data(path: Path) -> int:
    """Take the lock that Chroma inherits, and so outlives us with it: never two on one folder.

    One that an earlier, killed keeper left behind is stopped first.
    """
    for number in (0, signal.SIGTERM, signal.SIGKILL):
        if number:
            _signal_holder(path, number)
        lock = wait_for_lock(path, _STOP_SECONDS if number else 1.0)
        if lock is not None:
            os.ftruncate(lock, 0)
            return lock
    raise GaveUpError(f"another process holds {str(path)!r}")


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


def _signal_holder(lock: Path, number: int) -> None:
    """Send a signal to the process that holds a lock and has written its id into it."""
    holder = lock.read_text("ascii")
    if holder.isdigit():
        try:
            os.kill(int(holder), number)
        except ProcessLookupError:
            return
