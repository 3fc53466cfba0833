"""One reindex of a collection at a time, of all the processes of a machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag_core.errors import ReindexedError
from rag_core.locks import try_lock


@contextmanager
def alone(home: Path, name: str) -> Iterator[None]:
    """Be the only one that reindexes the collection, until the exit or a kill -9.

    Raises:
        ReindexedError: another process does.
    """
    key = hashlib.sha256(name.encode()).hexdigest()[:16]
    lock = try_lock(home / f"reindex-{key}.lock")
    if lock is None:
        raise ReindexedError(
            f"collection {name!r} is being reindexed by another process: wait until it is done"
        )
    try:
        yield
    finally:
        os.close(lock)
