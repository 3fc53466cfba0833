"""How long `ingest add` takes over files that have not changed, beside `sha256sum` of the same.

Run as `python benchmarks/unchanged.py [--files N] [--folder KEPT]`. The first run fills a store,
with a hundred different texts, so that little is embedded; KEPT keeps it for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

_TEXTS = 100
_ROUNDS = 3
_ADD = (sys.executable, "-m", "ingest", "add", "--json")


def main() -> None:
    """Print the seconds of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="kept for the next time")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = wanted.folder or Path(passing)
        notes = folder / "notes"
        _write(notes, wanted.files)
        environment = {**os.environ, "RAG_HOME": str(folder / "home")}
        _run("first run", [*_ADD, str(notes)], environment)
        for _ in range(_ROUNDS):
            _run("ingest add, nothing changed", [*_ADD, str(notes)], environment)
            _run("sha256sum", ["sh", "-c", f"find {notes} -type f | xargs sha256sum"], environment)


def _write(folder: Path, files: int) -> None:
    """Notes of some 3 kB each, a thousand a folder."""
    for number in range(files):
        path = folder / f"{number // 1000:03}" / f"{number:06}.md"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            sentence = f"Note {number % _TEXTS} says that rivers flow to the sea. "
            path.write_text(f"# Note {number % _TEXTS}\n\n{sentence * 60}\n")


def _run(name: str, command: Sequence[str], environment: dict[str, str]) -> None:
    before, began = _cpu_seconds(), time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    seconds, cpu = time.perf_counter() - began, _cpu_seconds() - before
    said = ""
    if done.stdout.startswith(b"{"):
        report = json.loads(done.stdout)
        said = ", ".join(f"{report[key]} {key}" for key in ("added", "unchanged"))
    print(f"{name}: {seconds:.2f} s, {cpu:.2f} s of CPU; {said}")


def _cpu_seconds() -> float:
    """Of all processes of ours that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
