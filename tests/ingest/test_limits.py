from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.limits import Limits, parser_memory, usable_memory

MIB = 1 << 20
GIB = 1 << 30


def make_machine(root: Path, groups: str, **limits: str) -> Path:
    """A file system with the control groups of a process, and files of limits."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, value in limits.items():
        path = root / "sys/fs/cgroup" / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    return root


def test_a_container_of_version_2_bounds_the_memory(tmp_path: Path) -> None:
    root = make_machine(
        tmp_path, "0::/a/b\n", a__memory_dot_max=str(2 * GIB), a__b__memory_dot_max="max"
    )

    assert usable_memory(root) == 2 * GIB


def test_a_container_of_version_1_bounds_the_memory(tmp_path: Path) -> None:
    limit = {"memory__a__memory_dot_limit_in_bytes": str(GIB)}
    root = make_machine(tmp_path, "9:cpu:/\n4:hugetlb,memory:/a/b\n0::/\n", **limit)

    assert usable_memory(root) == GIB


def test_a_limit_seen_only_at_the_top_of_the_mount_counts(tmp_path: Path) -> None:
    limit = {"memory__memory_dot_limit_in_bytes": str(GIB)}
    root = make_machine(tmp_path, "4:memory:/docker/0123\n", **limit)

    assert usable_memory(root) == GIB


@pytest.mark.parametrize("groups", ["", "0::/\n", "garbage:x:/\n"])
def test_without_a_container_the_machine_bounds_it(tmp_path: Path, groups: str) -> None:
    assert usable_memory(make_machine(tmp_path, groups)) > 256 * MIB
    assert usable_memory(tmp_path / "no proc") > 256 * MIB


@given(st.integers(1 * GIB, 256 * GIB), st.integers(0, 512 * MIB))
def test_parsers_leave_memory_for_the_rest(machine: int, size_bytes: int) -> None:
    limits = Limits(total_bytes=parser_memory(machine))

    assert limits.total_bytes <= machine - 640 * MIB or limits.total_bytes <= 384 * MIB
    assert limits.workers * limits.memory(0) <= limits.total_bytes
    assert limits.memory(0) <= limits.memory(size_bytes) <= limits.total_bytes


def test_one_gigabyte_is_enough_for_one_parser() -> None:
    limits = Limits(total_bytes=parser_memory(GIB))

    assert (limits.workers, limits.memory(0)) == (1, 256 * MIB)
    assert limits.answer_bytes == 64 * MIB


def test_a_large_file_may_take_more_memory_and_time() -> None:
    limits = Limits(total_bytes=18 * GIB)

    assert limits.memory(50 * MIB) > limits.memory(0) == GIB
    assert limits.time(200 * MIB) > limits.time(0)
