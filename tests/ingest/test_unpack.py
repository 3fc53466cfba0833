from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.members import Member, list_members
from ingest.unpack import ArchiveMember, Unpacker
from rag_core.errors import UnreadableDocumentError
from tests.ingest.archives_support import TAR_SUFFIXES, make_tar, make_zip

FILES = {f"{number}.md": f"note {number}".encode() for number in range(30)}
SUFFIXES = [".zip", *TAR_SUFFIXES]


def make(folder: Path, suffix: str) -> tuple[Path, list[Member]]:
    path = (make_zip if suffix == ".zip" else make_tar)(folder / f"notes{suffix}", FILES)
    return path, list(list_members(str(path), lambda _: None).members.values())


async def content(unpacker: Unpacker, archive: Path, member: Member) -> bytes:
    async with ArchiveMember(unpacker, str(archive), member).local(unless=None) as path:
        assert path.name == member.name
        return path.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_members_asked_for_in_order_cost_one_pass(tmp_path: Path, suffix: str) -> None:
    archive, members = make(tmp_path, suffix)
    unpacker = Unpacker(tmp_path / "spool")
    first = await content(unpacker, archive, members[0])
    archive.unlink()  # it cannot be opened again

    rest = await asyncio.gather(*(content(unpacker, archive, one) for one in members[1:]))

    assert [first, *rest] == list(FILES.values())


@given(order=st.lists(st.integers(0, 29), max_size=12), suffix=st.sampled_from(SUFFIXES))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_members_are_found_in_any_order(tmp_path: Path, order: list[int], suffix: str) -> None:
    archive, members = make(tmp_path, suffix)
    unpacker = Unpacker(tmp_path / "spool")

    async def read() -> list[bytes]:
        return [await content(unpacker, archive, members[number]) for number in order]

    assert asyncio.run(read()) == [f"note {number}".encode() for number in order]


async def test_nothing_is_left_after_the_reading(tmp_path: Path) -> None:
    archive, members = make(tmp_path, ".zip")

    await content(Unpacker(tmp_path / "spool"), archive, members[0])

    assert list((tmp_path / "spool").rglob("*.md")) == []


async def test_an_archive_that_has_changed_is_not_mistaken_for_itself(tmp_path: Path) -> None:
    archive, members = make(tmp_path, ".zip")
    make_zip(archive, {"other.md": b"other"})
    unpacker = Unpacker(tmp_path / "spool")

    for member in (members[0], members[5]):
        with pytest.raises(UnreadableDocumentError, match="has changed"):
            await content(unpacker, archive, member)
