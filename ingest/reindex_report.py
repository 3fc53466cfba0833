"""What a reindex does and did, for a person and as JSON."""

from __future__ import annotations

import time
from dataclasses import asdict

from ingest.copying import Copied
from ingest.screen import Screen
from ingest.takeover import Reindexed

_LINE_SECONDS = 5.0


class Lines:
    """Says how far it is, every some seconds."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._said = time.monotonic()

    def __call__(self, copied: Copied) -> None:
        """Print how far it is, when it is time."""
        now = time.monotonic()
        if not self._screen.as_json and now - self._said >= _LINE_SECONDS:
            self._said = now
            self._screen.aside.print(
                f"{copied.documents:,}/{copied.total:,} documents, {copied.embedded:,} chunks "
                f"embedded, {copied.reused:,} reused"
            )


def as_result(done: Reindexed, seconds: float) -> dict[str, object]:
    """Tell what came of it with the keys of `ingest reindex --json`."""
    before, now, copied = done.before, done.now, done.copied
    return {
        "collection": now.name,
        "switched": now.id != before.id,
        "fingerprint": now.fingerprint,
        **asdict(now.splitting),
        "previous": {"fingerprint": before.fingerprint, **asdict(before.splitting)},
        "documents": copied.documents,
        "embedded": copied.embedded,
        "reused": copied.reused,
        "seconds": seconds,
    }


def summarise(done: Reindexed, seconds: float, *, setting: str) -> list[str]:
    """Tell a person what came of it, and what to do now: `setting` says what is to be set."""
    before, now, copied = done.before, done.now, done.copied
    state = f"{now.fingerprint}, chunks of {now.splitting}"
    if now.id == before.id:
        return [f"{now.name}: nothing to do: it is as wanted ({state})"]
    counts = f"chunks embedded: {copied.embedded:,}, reused: {copied.reused:,}"
    lines = [
        f"{now.name}: now {state}",
        f"documents built: {copied.documents:,}; {counts}; in {seconds:.1f} s",
        "kept for 'ingest reindex --rollback' until 'ingest compact': the version before",
    ]
    if now.fingerprint != before.fingerprint:
        lines.append(
            f"now set {setting}, where it is not so already, and start rag-api again: until then "
            "it answers from the version before, without what comes in"
        )
    return lines
