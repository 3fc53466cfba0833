import os
from pathlib import Path

import pytest

from ingest.run_folder import make_run_folder


def test_a_folder_that_is_held_is_left_and_one_that_is_not_is_cleared_away(tmp_path: Path) -> None:
    held = make_run_folder(tmp_path)
    (held.path / "kept").write_text("here")
    left = tmp_path / "run-killed"  # as a killed run leaves it: nobody holds its lock
    left.mkdir()
    other = make_run_folder(tmp_path)
    assert (held.path / "kept").read_text() == "here"
    assert not left.exists()
    assert other.path != held.path


def test_what_is_removed_is_gone_and_its_lock_free(tmp_path: Path) -> None:
    own = make_run_folder(tmp_path)
    own.remove()
    assert not own.path.exists()
    assert own.lock is not None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(own.lock)


def test_what_runs_share_below_the_root_stays(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    make_run_folder(tmp_path)
    assert (tmp_path / "other").is_dir()
