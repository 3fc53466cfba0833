from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.load.kinds import BINARY_SUFFIXES
from ingest.load.texts import TEXT_SUFFIXES
from ingest.plan import SUFFIXES, plan_paths


def names(paths: list[Path]) -> list[str]:
    return [Path(file.source).name for file in plan_paths(paths).files]


def test_a_folder_means_all_files_below_it_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.md", "a.txt", "sub/c.pdf"):
        (tmp_path / name).write_text("x")

    assert names([tmp_path]) == ["a.txt", "b.md", "c.pdf"]


def test_a_source_is_the_absolute_path_with_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text("four")
    monkeypatch.chdir(tmp_path)

    (file,) = plan_paths([Path("./sub/../a.md")]).files

    assert (file.source, file.size_bytes) == (str(tmp_path / "a.md"), 4)


def test_a_file_that_is_named_twice_is_planned_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")

    assert names([tmp_path, tmp_path / "a.md"]) == ["a.md"]


def test_hidden_files_and_folders_are_counted_and_not_planned(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.md").write_text("x")
    (tmp_path / ".b.md").write_text("x")

    plan = plan_paths([tmp_path])

    assert plan.files == ()
    assert plan.skipped == {"hidden": 2}


def test_types_without_a_loader_are_counted_by_suffix(tmp_path: Path) -> None:
    for name in ("a.PNG", "b.png", "c.exe", "Makefile"):
        (tmp_path / name).write_text("x")

    assert plan_paths([tmp_path]).skipped == {
        "no loader for .png": 2,
        "no loader for .exe": 1,
        "no loader for names without a suffix": 1,
    }


def test_a_file_that_is_named_itself_is_planned_whatever_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("x")

    assert names([tmp_path / "LICENSE"]) == ["LICENSE"]


def test_links_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)

    assert names([tmp_path]) == ["a.md"]


def test_a_broken_link_is_a_fault_and_the_rest_is_planned(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "b.md").symlink_to(tmp_path / "nowhere")

    plan = plan_paths([tmp_path])

    assert len(plan.files) == 1
    assert [source for source, _ in plan.faults] == [str(tmp_path / "b.md")]


def test_a_path_that_does_not_exist_is_a_fault_that_names_it(tmp_path: Path) -> None:
    plan = plan_paths([tmp_path / "none"])

    ((source, error),) = plan.faults
    assert source == str(tmp_path / "none")
    assert str(error) == f"no such file or folder: '{tmp_path}/none'"


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")

    assert plan_paths([tmp_path]).skipped == {"neither a file nor a folder": 1}
    ((_, error),) = plan_paths([tmp_path / "pipe.md"]).faults
    assert "neither a file nor a folder" in str(error)


def test_a_name_that_is_not_utf8_is_skipped_with_its_reason(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.md", "wb"):  # noqa: PTH123 - a name in bytes
        pass

    assert plan_paths([tmp_path]).skipped == {"the name is not valid UTF-8: rename it": 1}


def test_an_empty_folder_is_an_empty_plan(tmp_path: Path) -> None:
    plan = plan_paths([tmp_path])

    assert (plan.files, plan.skipped, plan.faults) == ((), {}, ())


def test_every_suffix_that_a_loader_knows_is_taken_from_folders() -> None:
    assert {*TEXT_SUFFIXES, *BINARY_SUFFIXES} <= SUFFIXES


def test_our_own_store_is_no_folder_of_documents(tmp_path: Path) -> None:
    (tmp_path / "store" / "models").mkdir(parents=True)
    (tmp_path / "store" / "models" / "README.md").write_text("# Weights")
    (tmp_path / "a.md").write_text("# A")

    plan = plan_paths([tmp_path], home=tmp_path / "store")

    assert [Path(file.source).name for file in plan.files] == ["a.md"]
