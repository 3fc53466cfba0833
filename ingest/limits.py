"""What the parsing of one file, and of all at once, may take of this machine."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

_MIB = 1 << 20
_OTHERS_BYTES = 640 * _MIB
"""For all that is no parser: this process with the embedding model, Chroma, idle workers."""
_LEAST_BYTES = 256 * _MIB
"""Below this too many sound files fail; a machine that has less may run out of memory."""
_MAX_WORKERS = 4
_MAX_ANSWER_BYTES = 2048 * _MIB
_MIN_ANSWER_BYTES = 64 * _MIB
_CGROUP_FILES = (
    ("memory", "sys/fs/cgroup/memory", "memory.limit_in_bytes"),
    ("", "sys/fs/cgroup", "memory.max"),
    ("", "sys/fs/cgroup/unified", "memory.max"),
)
"""By controller, as `/proc/self/cgroup` names it: version 1, version 2, and both side by side."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take."""

    memory_bytes: int = 1024 * _MIB
    """Beyond what the worker's libraries hold; less on a small machine."""
    memory_per_byte: float = 12.0
    """More for each byte of the file, so that a large text, which we hold whole, passes."""
    seconds: float = 60.0
    """Of processor time."""
    seconds_per_mib: float = 2.0
    """More for each MiB of the file."""
    clock_per_processor: float = 2.0
    """Seconds by the clock for each of processor time: the machine may be busy."""
    total_bytes: int = field(default_factory=lambda: parser_memory(usable_memory()))
    """Of memory, for all files that are parsed at once."""

    @property
    def least_memory(self) -> int:
        """Bytes for the smallest file: two go beside each other where that is possible."""
        return min(self.memory_bytes, max(_LEAST_BYTES, self.total_bytes // 2))

    @property
    def workers(self) -> int:
        """How many files to parse at once: processors and memory bound it."""
        fitting = max(1, self.total_bytes // self.least_memory)
        return min(_MAX_WORKERS, os.cpu_count() or 1, fitting)

    @property
    def answer_bytes(self) -> int:
        """How much a worker may answer: we hold it several times over."""
        return min(_MAX_ANSWER_BYTES, max(_MIN_ANSWER_BYTES, self.total_bytes // 8))

    def memory(self, size_bytes: int) -> int:
        """Bytes for a file of this size; never more than for all files at once."""
        wanted = self.least_memory + int(self.memory_per_byte * size_bytes)
        return min(wanted, max(self.least_memory, self.total_bytes))

    def time(self, size_bytes: int) -> float:
        """Seconds for a file of this size."""
        return self.seconds + self.seconds_per_mib * size_bytes / _MIB


def parser_memory(usable_bytes: int) -> int:
    """Of the memory that we may use, what the parsers may."""
    return max(_LEAST_BYTES, min(usable_bytes - _OTHERS_BYTES, usable_bytes * 3 // 4))


def usable_memory(root: Path = Path("/")) -> int:
    """Bytes that our processes may hold together: the machine's, or less in a container."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    own, _ = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [machine, *_cgroup_limits(root)]
    return min(bounds if own == resource.RLIM_INFINITY else [*bounds, own])


def _cgroup_limits(root: Path) -> Iterator[int]:
    """The limits of our control group and of those above it, where they can be seen."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line, (controller, mount, name) in product(lines, _CGROUP_FILES):
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            yield from _limits_up_from(root / mount, path, name)


def _limits_up_from(mount: Path, path: str, name: str) -> Iterator[int]:
    group = Path(path.lstrip("/"))
    for one in (group, *group.parents):
        with suppress(OSError, ValueError):  # not seen from inside a container; "max"
            yield int((mount / one / name).read_text())
