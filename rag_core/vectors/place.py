"""Where a Chroma server of ours keeps its data and says how it is reached."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """What the keeper tells everyone, once Chroma answers."""

    port: int
    keeper_pid: int
    chroma_pid: int
    version: str
    """Of the chromadb package."""
    moved_aside: str | None = None
    """Where the damaged store lies that this keeper found, when it did."""


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one server, under one folder."""

    folder: Path
    data: Path
    """Chroma's own folder."""
    keeper_lock: Path
    """Held exclusively by the keeper, and by nobody else, as long as it lives."""
    data_lock: Path
    """Held by Chroma itself as long as it lives; contains its process id."""
    users_lock: Path
    """Shared by all who use the server; exclusive to a keeper that stops it."""
    heal_lock: Path
    """Held by the one process that has the store moved aside."""
    aside_request: Path
    """Asks the keeper to move the data aside and to start afresh; it removes the request."""
    log: Path
    """What keeper and Chroma print."""
    server_file: Path
    failure_file: Path

    def read_server(self) -> ServerRecord | None:
        """Say how the server is reached; means nothing unless a keeper holds its lock."""
        try:
            return ServerRecord(**json.loads(self.server_file.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write_server(self, record: ServerRecord) -> None:
        """Tell everyone how the server is reached."""
        fields = {name: getattr(record, name) for name in ServerRecord.__slots__}
        _write_whole(self.server_file, json.dumps(fields))

    def read_failure(self) -> str | None:
        """Why the last keeper gave up, if it did."""
        try:
            return self.failure_file.read_text("utf-8")
        except FileNotFoundError:
            return None

    def write_failure(self, reason: str) -> None:
        """Leave the reason for those who wait."""
        _write_whole(self.failure_file, reason)

    def forget_server(self) -> None:
        """Nobody is to connect any more."""
        self.server_file.unlink(missing_ok=True)

    def forget_all(self) -> None:
        """Remove what an earlier keeper left."""
        self.forget_server()
        self.failure_file.unlink(missing_ok=True)


def place_in(home: Path) -> Place:
    """Make the folder of the server that belongs to this home, if it is not there."""
    folder = home / "chroma"
    folder.mkdir(parents=True, exist_ok=True)
    return Place(
        folder=folder,
        data=folder / "data",
        keeper_lock=folder / "keeper.lock",
        data_lock=folder / "data.lock",
        users_lock=folder / "users.lock",
        heal_lock=folder / "heal.lock",
        aside_request=folder / "move-aside.request",
        log=folder / "chroma.log",
        server_file=folder / "server.json",
        failure_file=folder / "failure.txt",
    )


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that no reader ever sees a part of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, "utf-8")
    draft.replace(path)
