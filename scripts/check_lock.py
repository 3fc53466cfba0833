"""Tell whether the locks are what `make lock` would make of pyproject.toml, and name no host."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).parent / "uv"
COMPILE = (
    *("pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet"),
    *("--extra", "local", "--extra", "postgres", "--extra", "eval", "--extra", "build"),
)
LOCKS = {
    "runtime.txt": ("--override", "locks/unused.in"),
    "demo.txt": ("--extra", "demo", "-c", "locks/runtime.txt"),
    "dev.txt": ("--extra", "demo", "--extra", "dev", "-c", "locks/demo.txt"),
}


def compile_again(name: str, options: tuple[str, ...], folder: Path) -> str:
    """Compile one lock beside itself: uv keeps the versions that still fit."""
    again = folder / name
    again.write_text((ROOT / "locks" / name).read_text())
    subprocess.run([UV, *COMPILE, *options, "-o", again], cwd=ROOT, check=True)
    return again.read_text()


def find_fault(name: str, options: tuple[str, ...], folder: Path) -> str | None:
    """Say what is wrong with one lock file; None when nothing is."""
    text = (ROOT / "locks" / name).read_text()
    if re.search(r"://|--(extra-)?index-url|--find-links", text):
        return f"locks/{name} names a host; run 'make lock'"
    if compile_again(name, options, folder) != text:
        return f"locks/{name} is not in step with pyproject.toml; run 'make lock'"
    return None


def main() -> int:
    """Check every lock; 1 when one has a fault."""
    with tempfile.TemporaryDirectory() as folder:
        faults = [find_fault(name, options, Path(folder)) for name, options in LOCKS.items()]
    for fault in filter(None, faults):
        print(f"check: {fault}")
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(main())
