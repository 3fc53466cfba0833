"""The process that becomes Chroma's server: `run_chroma KEEPER_PID LOCK_DESCRIPTOR FOLDER PORT`.

It enters the server by the Rust binding, which answers in 0.1 s; Chroma's own script imports the
whole client first and takes 1.3 s.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable

from rag_core.parent import end_with_parent
from rag_core.vectors.place import HOST


def main() -> None:
    """Tie our life to the keeper's, write our id into the data lock, and serve."""
    keeper, lock, folder, port = sys.argv[1:]
    # On SIGTERM Chroma ends orderly.
    if not end_with_parent(int(keeper), signal.SIGTERM):
        sys.exit("the keeper has gone")
    os.pwrite(int(lock), str(os.getpid()).encode(), 0)
    command = ["chroma", "run", "--path", folder, "--host", HOST, "--port", port]
    sys.argv = command
    _entry()(command)


def _entry() -> Callable[[list[str]], object]:
    """Find the server's entry; the public one, if the binding has changed."""
    try:
        entry: Callable[[list[str]], object] = importlib.import_module("chromadb_rust_bindings").cli
    except (ImportError, AttributeError):
        app = importlib.import_module("chromadb.cli.cli").app
        return lambda _: app()
    return entry


if __name__ == "__main__":
    main()
