from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.plan import Plan, plan_paths
from ingest.rules import Selection
from rag_core.errors import InvalidRequestError

GIT = shutil.which("git") or ""
PARTS = ("a", "b", "*", "**", "a*", "?", "!a", "[ab]", "b.md", "*.md", "\\a", "a ", "a[", "c/")
LINES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "!", "/"]),
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map("/".join),
    st.sampled_from(["", "", "/"]),
)
FILES = [f"{folder}{name}" for folder in ("", "a/", "b/a/", "a/c/b/") for name in ("x.md", "b.md")]


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def taken(top: Path, *, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> set[str]:
    plan = plan_paths([top], wanted=Selection(include, exclude))
    assert plan.faults == ()
    return relative(plan, top)


def relative(plan: Plan, top: Path) -> set[str]:
    return {os.path.relpath(file.source, top) for file in plan.files}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run([GIT, "init", "--quiet", folder], check=True)
    make(folder, *FILES)
    return folder


@pytest.mark.skipif(not GIT, reason="git is what we are held to")
@given(upper=st.lists(LINES, max_size=4), lower=st.lists(LINES, max_size=2))
@settings(max_examples=60, deadline=None)
def test_ignore_files_mean_what_git_takes_them_to_mean(
    repository: Path, upper: list[str], lower: list[str]
) -> None:
    (repository / ".gitignore").write_text("\n".join(upper))
    (repository / "a" / ".gitignore").write_text("\n".join(lower))

    command = [GIT, "-C", str(repository), "check-ignore", "--stdin", "-z", "--no-index"]
    asked = subprocess.run(
        command, input="\0".join(FILES), capture_output=True, text=True, check=False
    )

    assert taken(repository) == set(FILES) - set(asked.stdout.split("\0"))


def test_ingestignore_is_stronger_than_gitignore_beside_it(tmp_path: Path) -> None:
    make(tmp_path, "keep.md", "drop.md", "sub/drop.md")
    (tmp_path / ".gitignore").write_text("*.md\n")
    (tmp_path / ".ingestignore").write_text("!*.md\n/drop.md\n")

    assert taken(tmp_path) == {"keep.md", "sub/drop.md"}


def test_what_is_ignored_is_counted_by_the_file_that_says_so(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "b.md", "drafts/c.md", "drafts/d.md", "e.txt", "f.rst")
    (tmp_path / ".gitignore").write_text("drafts/\n")
    (tmp_path / ".ingestignore").write_text("a.md\n")

    plan = plan_paths([tmp_path], wanted=Selection(exclude=["*.rst"], include=["*.md"]))

    assert plan.skipped == {
        "ignored by .gitignore": 1,
        "ignored by .ingestignore": 1,
        "excluded by --exclude": 1,
        "not among --include": 1,
        "hidden": 2,
    }


def test_no_ignore_takes_what_ignore_files_name(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    (tmp_path / ".gitignore").write_text("*\n")

    plan = plan_paths([tmp_path], wanted=Selection(ignore_files=False))

    assert relative(plan, tmp_path) == {"a.md"}


def test_ignore_files_above_count_up_to_the_root_of_the_repository(tmp_path: Path) -> None:
    make(tmp_path, "repository/docs/a.md", "repository/docs/b.md", "repository/.git/HEAD")
    (tmp_path / ".gitignore").write_text("a.md\n")
    (tmp_path / "repository" / ".gitignore").write_text("docs/b.md\n")

    assert taken(tmp_path / "repository" / "docs") == {"a.md"}


def test_patterns_of_the_command_line_speak_of_paths_below_the_folder_named(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "docs/b.md", "docs/old/c.md", "src/d.md")

    assert taken(tmp_path, include=["docs/**"]) == {"docs/b.md", "docs/old/c.md"}
    assert taken(tmp_path, exclude=["old/", "/a.md"]) == {"docs/b.md", "src/d.md"}
    assert taken(tmp_path, include=["*.md"], exclude=["docs"]) == {"a.md", "src/d.md"}


def test_an_exclusion_is_stronger_than_any_ignore_file(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "b.md")
    (tmp_path / ".ingestignore").write_text("!a.md\n")

    assert taken(tmp_path, exclude=["a.md"]) == {"b.md"}


def test_a_suffix_or_name_that_is_included_needs_no_known_loader(tmp_path: Path) -> None:
    make(tmp_path, "a.cfg", "LICENSE", "b.png", "c.md")

    assert taken(tmp_path, include=["*.cfg", "LICENSE"]) == {"a.cfg", "LICENSE"}
    assert taken(tmp_path, include=["*"]) == {"c.md"}


def test_a_file_that_is_named_itself_is_taken_whatever_the_rules(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    (tmp_path / ".gitignore").write_text("*\n")

    plan = plan_paths([tmp_path / "a.md"], wanted=Selection(exclude=["*"]))

    assert len(plan.files) == 1


@pytest.mark.parametrize("pattern", ["!", "", "# a.md", "a[", "[z-a]", "/"])
def test_a_pattern_that_is_none_is_refused_before_anything_is_looked_at(pattern: str) -> None:
    with pytest.raises(InvalidRequestError, match="is no pattern"):
        Selection(include=[pattern])


@pytest.mark.parametrize("content", [b"*.log\n!\n", b"#" * (1 << 20) + b"##"])
def test_nothing_is_taken_from_a_folder_whose_ignore_file_is_not_understood(
    tmp_path: Path, content: bytes
) -> None:
    make(tmp_path, "a.md", "secret/b.md")
    (tmp_path / "secret" / ".ingestignore").write_bytes(content)

    plan = plan_paths([tmp_path])

    assert relative(plan, tmp_path) == {"a.md"}
    assert [source for source, _ in plan.faults] == [str(tmp_path / "secret")]
    assert ".ingestignore" in str(plan.faults[0][1])


def test_a_pipe_in_the_place_of_an_ignore_file_is_not_waited_for(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    os.mkfifo(tmp_path / ".gitignore")

    assert taken(tmp_path) == {"a.md"}


def test_windows_line_ends_and_a_byte_order_mark_are_no_part_of_a_pattern(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "b.md", "c.md")
    (tmp_path / ".gitignore").write_bytes(b"\xef\xbb\xbfa.md\r\nb.md\r\n")

    assert taken(tmp_path) == {"c.md"}


def test_a_pattern_in_any_bytes_matches_a_name_in_the_same(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    (tmp_path / ".gitignore").write_bytes(b"*\xff*\n")
    with open(os.fsencode(tmp_path) + b"/\xff.md", "wb"):  # noqa: PTH123 - a name in bytes
        pass

    plan = plan_paths([tmp_path])

    assert plan.skipped == {"hidden": 1, "ignored by .gitignore": 1}
