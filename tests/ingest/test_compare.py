from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ingest.compare import Difference, compare
from ingest.contents import Contents
from ingest.origins import LocalFile
from ingest.plan import Plan, PlannedFile
from rag_core.catalog.documents import DocumentSummary
from rag_core.errors import DocumentError, UnreadableDocumentError

SOURCES = ["/n/a.md", "/n/b.md", "/n/c.md", "/n/x/a.md", "/n/x/y/b.md", "/n/x.md"]
FOLDERS = st.dictionaries(st.sampled_from(SOURCES), st.sampled_from(["", "one", "two", "three"]))


class FakeContents(Contents):
    """What the files of a folder that is only told of hold."""

    def __init__(self, files: Mapping[str, str]) -> None:
        super().__init__()
        self.files = files
        self.read: list[str] = []

    def read_hash(self, path: str) -> bytes | None:
        self.read.append(path)
        return self.files[path].encode() if path in self.files else None


def stored(source: str, text: str, title: str = "A title") -> DocumentSummary:
    return DocumentSummary(
        id=f"id of {source}",
        collection="notes",
        source=source,
        title=title,
        media_type="text/markdown",
        size_bytes=len(text),
        chunks=1,
        tokens=1,
        metadata={},
        content_hash=text.encode(),
        created_at=datetime.now(UTC),
        language="en",
    )


def plan(files: Mapping[str, str], *faults: str) -> Plan:
    planned = (PlannedFile(one, len(text), LocalFile(one)) for one, text in sorted(files.items()))
    errors: list[tuple[str, DocumentError]] = [
        (one, UnreadableDocumentError("not now")) for one in faults
    ]
    return Plan(tuple(planned), {}, tuple(errors))


def differ(before: Mapping[str, str], after: Mapping[str, str], *faults: str) -> Difference:
    live = [stored(source, text) for source, text in sorted(before.items())]
    return compare(live, plan(after, *faults), FakeContents(after), metadata=None)


def carry_out(
    before: Mapping[str, str], after: Mapping[str, str], difference: Difference
) -> dict[str, str]:
    """Do to a dictionary what a sync does to the stores."""
    held = dict(before)
    moved = {one.to: held[one.source] for one in difference.renames}
    for one in difference.renames:
        del held[one.source]
    for document in difference.removed:
        del held[document.source]
    return held | moved | {file.source: after[file.source] for file in difference.to_ingest}


@given(FOLDERS, FOLDERS)
def test_carrying_out_a_difference_makes_the_one_the_other(
    before: dict[str, str], after: dict[str, str]
) -> None:
    difference = differ(before, after)

    assert carry_out(before, after, difference) == after
    parts = (difference.unchanged, len(difference.to_ingest), len(difference.renames))
    assert sum(parts) - len(difference.reread) == len(after)


@given(FOLDERS, FOLDERS)
def test_no_text_is_ingested_that_a_document_without_its_file_had(
    before: dict[str, str], after: dict[str, str]
) -> None:
    difference = differ(before, after)

    ingested = {after[file.source] for file in (*difference.added, *difference.changed)}
    assert not ingested & {before[one.source] for one in difference.removed}


@given(FOLDERS, FOLDERS)
def test_every_version_that_will_be_dead_is_known_before(
    before: dict[str, str], after: dict[str, str]
) -> None:
    difference = differ(before, after)

    going = {one.source for one in (*difference.removed, *difference.outdated)}
    moved = {one.source for one in difference.renames if not one.reread}
    stay = {source for source in before if after.get(source) == before[source]}
    assert going | moved | stay == set(before)
    assert not going & moved


@given(FOLDERS, FOLDERS)
def test_nothing_below_what_cannot_be_read_goes(
    before: dict[str, str], after: dict[str, str]
) -> None:
    difference = differ(before, after, "/n/x")

    gone = {one.source for one in difference.removed} | {one.source for one in difference.renames}
    assert {one for one in gone - after.keys() if one.startswith("/n/x/")} == set()


def test_a_source_that_cannot_be_read_keeps_everything() -> None:
    assert len(differ(dict.fromkeys(SOURCES, "one"), {}, "/n").kept) == len(SOURCES)


def test_a_broken_archive_keeps_what_was_in_it() -> None:
    difference = differ({"/n/a.zip!/deep/a.md": "one", "/n/a.zip.md": "two"}, {}, "/n/a.zip")

    assert [one.source for one in difference.kept] == ["/n/a.zip!/deep/a.md"]


def test_a_folder_with_control_characters_in_its_name_is_told_apart() -> None:
    difference = differ({"/n/\x1b/a.md": "one", "/n/b.md": "two"}, {}, r"/n/\x1b")

    assert [one.source for one in difference.kept] == ["/n/\x1b/a.md"]


def test_among_copies_the_one_with_the_same_name_moves() -> None:
    before = {"/n/a.md": "one", "/n/b.md": "one"}

    difference = differ(before, {"/n/x/b.md": "one", "/n/x/a.md": "one"})

    pairs = {one.source: one.to for one in difference.renames}
    assert pairs == {"/n/a.md": "/n/x/a.md", "/n/b.md": "/n/x/b.md"}


def test_a_document_is_read_again_when_its_name_is_part_of_it() -> None:
    after = {"/n/new.md": "one"}
    titles = {"old": True, "old.md": True, "Old": False, "A title": False}
    for title, reread in titles.items():
        live = [stored("/n/old.md", "one", title)]
        difference = compare(live, plan(after), FakeContents(after), metadata=None)
        assert [one.reread for one in difference.renames] == [reread]


def test_files_of_other_sizes_are_not_read_to_compare_them() -> None:
    after = {"/n/a.md": "longer", "/n/b.md": "the longest"}
    contents = FakeContents(after)

    compare([stored("/n/a.md", "one")], plan(after), contents, metadata=None)

    assert contents.read == []


def test_a_file_that_cannot_be_read_is_ingested_so_that_it_is_reported() -> None:
    live = [stored("/n/a.md", "one")]

    difference = compare(live, plan({"/n/a.md": "one"}), FakeContents({}), metadata=None)

    assert [file.source for file in difference.changed] == ["/n/a.md"]
    assert difference.renames == ()
