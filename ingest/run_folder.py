"""A folder of one run below a shared one; when the run is killed, the next one clears it away."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rag_core.locks import locked, try_lock

_LOCK = "lock"
_PREFIX = "run-"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that is ours for as long as we hold its lock."""

    path: Path
    lock: int | None

    def remove(self) -> None:
        """Delete it with all that is in it, and let go of its lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.lock is not None:
            os.close(self.lock)


def make_run_folder(root: Path) -> RunFolder:
    """Make a folder below this one, and delete those of runs that live no more; raises OSError."""
    with locked(root / _LOCK):  # nobody sweeps a folder that is not locked yet
        for path in root.glob(f"{_PREFIX}*"):
            lock = try_lock(path / _LOCK)
            if lock is not None:  # the kernel has let go of it: whoever held it has gone
                RunFolder(path, lock).remove()
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        return RunFolder(path, try_lock(path / _LOCK))
