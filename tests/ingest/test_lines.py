from __future__ import annotations

from pathlib import Path

from ingest.lines import LineFile


def test_each_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    lines = LineFile(tmp_path / "new" / "lines")

    lines.write(b"one")
    lines.write(b"two")

    assert lines.path.read_bytes() == b"one\ntwo\n"
    lines.close()
    assert lines.problem is None


def test_what_stands_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("old\n")

    LineFile(tmp_path / "lines").close()

    assert (tmp_path / "lines").read_bytes() == b""


def test_a_file_that_cannot_be_made_has_a_problem_and_swallows_lines(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lines = LineFile(tmp_path / "file" / "lines")

    lines.write(b"one")

    assert lines.problem == "File exists"


def test_a_full_disk_ends_the_file_and_nothing_else() -> None:
    lines = LineFile(Path("/dev/full"))

    lines.write(b"one")
    lines.write(b"two")

    assert lines.problem == "No space left on device"


def test_a_file_has_an_end(tmp_path: Path) -> None:
    lines = LineFile(tmp_path / "lines", most_bytes=10)

    for _ in range(9):
        lines.write(b"123")

    assert lines.path.read_bytes() == b"123\n123\n"
    assert lines.problem == "it is full"
