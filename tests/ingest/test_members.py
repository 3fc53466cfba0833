from __future__ import annotations

import hashlib
import tarfile
import warnings
import zipfile
from pathlib import Path

import pytest

from ingest.members import Contents, list_members
from ingest.plan import plan_paths
from ingest.rules import Selection
from rag_core.errors import OversizedDocumentError
from tests.ingest.archives_support import make_tar, make_zip

NOTE = b"# A\n"


def list_all(path: Path) -> Contents:
    return list_members(str(path), lambda _: None)


def test_a_member_has_its_place_size_and_hash(tmp_path: Path) -> None:
    contents = list_all(make_tar(tmp_path / "notes.tgz", {"a.md": NOTE, "./sub//b.md": b"bb"}))

    member = contents.members["sub/b.md"]
    assert (member.position, member.size_bytes) == (1, 2)
    assert member.content_hash == hashlib.sha256(b"bb").digest()


def test_what_is_not_wanted_is_counted_and_not_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "notes.zip", {"a.md": NOTE, "bomb.png": bytes(4 << 20), ".x": b""})

    contents = list_members(str(path), lambda name: "no note" if name.endswith(".png") else None)

    assert contents.skipped == {"no note": 1, "hidden": 1}
    assert (list(contents.members), contents.faults) == (["a.md"], [])


@pytest.mark.parametrize("name", ["../a.md", "/etc/a.md", "a/../../b.md", "C:/a.md", "x" * 1001])
def test_a_name_that_leads_elsewhere_is_a_fault(tmp_path: Path, name: str) -> None:
    contents = list_all(make_tar(tmp_path / "notes.tar", {name: NOTE, "b.md": NOTE}))

    assert [fault for fault, _ in contents.faults] == [name]
    assert list(contents.members) == ["b.md"]


def test_a_name_that_is_not_utf8_is_passed_over(tmp_path: Path) -> None:
    contents = list_all(make_tar(tmp_path / "notes.tar", {"\udcff.md": NOTE}))

    assert contents.skipped == {"the name is not valid UTF-8: rename it": 1}


def test_of_two_files_of_one_name_the_later_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "notes.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # of the name
        archive.writestr("a.md", b"old")
        archive.writestr("a.md", b"newer")

    contents = list_all(path)

    assert contents.members["a.md"].size_bytes == 5
    assert list(contents.skipped.values()) == [1]


def test_what_lies_before_the_damage_is_kept(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "notes.tar", {"a.md": NOTE, "b.md": NOTE})
    path.write_bytes(path.read_bytes()[:1538])

    contents = list_all(path)

    assert list(contents.members) == ["a.md"]
    assert [name for name, _ in contents.faults] == ["b.md"]
    assert contents.damage is not None


def test_more_files_than_the_budget_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "notes.zip", {f"{number}.md": NOTE for number in range(3)})

    with pytest.raises(OversizedDocumentError, match="more than 2 files"):
        list_members(str(path), lambda _: None, most_entries=2)


def test_members_pass_the_same_rules_as_files_of_a_folder(tmp_path: Path) -> None:
    names = ["a.md", "b.png", "drafts/c.md", ".d.md", "deep/er/e.txt", "f.zip"]
    make_zip(tmp_path / "notes.zip", dict.fromkeys(names, NOTE))
    (tmp_path / ".gitignore").write_text("notes.zip/drafts/\n*.txt\n")

    plan = plan_paths([tmp_path], home=tmp_path / "home")

    assert [file.source for file in plan.files] == [f"{tmp_path}/notes.zip!/a.md"]
    assert plan.skipped == {
        "no loader for .png": 1,
        "ignored by .gitignore": 2,
        "an archive in an archive: unpack it": 1,
        "hidden": 2,
    }


def test_patterns_of_the_command_line_speak_of_the_members_of_an_archive(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "notes.zip", dict.fromkeys(["a.md", "docs/b.md", "c.cfg"], NOTE))

    plan = plan_paths([path], home=tmp_path, wanted=Selection(["docs/**", "*.cfg"]))

    assert [file.source.partition("!/")[2] for file in plan.files] == ["docs/b.md", "c.cfg"]


def test_an_ignored_archive_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"garbage")
    (tmp_path / ".ingestignore").write_text("*.zip\n")

    assert plan_paths([tmp_path]).faults == ()


def test_a_broken_archive_costs_that_archive_only(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"garbage")
    make_zip(tmp_path / "sound.zip", {"a.md": NOTE, "../b.md": NOTE})

    plan = plan_paths([tmp_path])

    assert len(plan.files) == 1
    assert [source for source, _ in plan.faults] == [
        f"{tmp_path}/broken.zip",
        f"{tmp_path}/sound.zip!/../b.md",
    ]


@pytest.mark.parametrize("part", ["[Content_Types].xml", "META-INF/container.xml", "mimetype"])
def test_an_office_file_that_is_named_zip_is_one_document(tmp_path: Path, part: str) -> None:
    path = make_zip(tmp_path / "report.zip", {part: b"", "a.xml": b"<a/>"})

    assert [file.source for file in plan_paths([path]).files] == [str(path)]


def test_folders_in_an_archive_are_no_files(tmp_path: Path) -> None:
    path = tmp_path / "notes.tar"
    with tarfile.open(path, "w") as archive:
        folder = tarfile.TarInfo("sub")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)

    assert list_all(path) == Contents()
