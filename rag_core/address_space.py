"""How much a process has mapped, for those that bound it: what a limit on memory counts."""

from __future__ import annotations

import resource
from pathlib import Path


def count_mapped_bytes() -> int:
    """Bytes of this process's address space that are mapped now, mostly libraries (Linux)."""
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return pages * resource.getpagesize()
