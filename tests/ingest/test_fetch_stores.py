from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from ingest.fetch.stores import find_version, read_store_url
from ingest.mirror_wish import Wish
from ingest.pipeline import Order
from ingest.reach import Reach
from ingest.sources import Intake
from ingest.sync import sync
from ingest.synced import Run
from rag_core.errors import FetchRefusedError
from rag_core.index import Index
from rag_core.settings import Settings
from tests.ingest.remote_support import ingest, planned


@pytest.fixture
def bucket() -> Iterator[MemoryFileSystem]:
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/a.md", b"# Cats\n\nCats sleep.")
    memory.pipe("/bucket/deep/b.txt", b"Dogs bark.")
    yield memory
    memory.rm("/bucket", recursive=True)


async def test_objects_below_a_place_are_taken_by_their_suffix(
    bucket: MemoryFileSystem, tmp_path: Path
) -> None:
    for name in ("c.png", ".hidden/d.md", ".e.md", "Makefile"):
        bucket.pipe(f"/bucket/{name}", b"x")

    async with planned(tmp_path, "memory://bucket/") as plan:
        assert [file.source for file in plan.files] == [
            "memory://bucket/a.md",
            "memory://bucket/deep/b.txt",
        ]
        assert plan.skipped == {
            "hidden": 2,
            "no loader for .png": 1,
            "no loader for names without a suffix": 1,
        }


async def test_an_object_that_is_named_is_taken_with_any_suffix(
    bucket: MemoryFileSystem, tmp_path: Path
) -> None:
    bucket.pipe("/bucket/README", b"Owls fly.")

    async with planned(tmp_path, "memory://bucket/README") as plan:
        assert [(file.source, file.size_bytes) for file in plan.files] == [
            ("memory://bucket/README", 9)
        ]


async def test_a_sync_removes_what_the_store_lists_no_more(
    bucket: MemoryFileSystem, index: Index, tmp_path: Path
) -> None:
    home, url = tmp_path / "home", "memory://bucket"
    await ingest(index, home, url)
    bucket.rm("/bucket/a.md")
    intake = Intake([url], reach=Reach(allow_private=True))
    mirror = Wish(intake, "100%", embed_renamed=False).mirror(
        Settings(RAG_HOME=home, _env_file=None), Order("notes")
    )

    outcome = await sync(index, mirror, Run(lambda _: None, asyncio.Event()))

    assert [removed.source for removed in outcome.moves.removed] == ["memory://bucket/a.md"]
    assert (outcome.ingested.unchanged, outcome.proof.proven) == (1, True)


async def test_objects_that_are_listed_as_before_are_not_read_again(
    bucket: MemoryFileSystem, index: Index, tmp_path: Path
) -> None:
    first = await ingest(index, tmp_path / "home", "memory://bucket")
    bucket.pipe("/bucket/deep/b.txt", b"Wolves howl.")
    bucket.store["/bucket/a.md"].seek(0)
    bucket.store["/bucket/a.md"].write(b"# Owls")  # behind the list's back
    second = await ingest(index, tmp_path / "home", "memory://bucket")

    assert (first.added, second.updated, second.unchanged) == (2, 1, 1)


async def test_an_object_that_went_away_meanwhile_is_a_failure_of_its_own(
    bucket: MemoryFileSystem, tmp_path: Path
) -> None:
    async with planned(tmp_path, "memory://bucket/a.md") as plan:
        bucket.rm("/bucket/a.md")
        with pytest.raises(Exception, match="is not there"):
            async with plan.files[0].origin.local(unless=None):
                pass


async def test_a_place_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    async with planned(tmp_path, "memory://nowhere/") as plan:
        ((source, error),) = plan.faults

    assert (source, type(error).__name__) == ("memory://nowhere/", "FetchMissingError")


async def test_a_host_that_is_named_is_held_to_the_guard(tmp_path: Path) -> None:
    async with planned(tmp_path, "ftp://169.254.169.254/keys") as plan:
        ((_, error),) = plan.faults

    assert "metadata service" in str(error)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("simplecache::s3://bucket/a", "chains places"),
        ("zip://a.md::http://h/a.zip", "nothing is fetched by zip"),
        ("github://owner:repo@main/a", "nothing is fetched by github"),
        ("data://text/plain,a", "nothing is fetched by data"),
        ("nope://a", "nothing is fetched by nope"),
        ("ftp://user:secret@host/a", "password"),
    ],
)
def test_what_is_no_store_is_refused_with_a_sentence(source: str, says: str) -> None:
    with pytest.raises(FetchRefusedError, match=says) as refused:
        read_store_url(source)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("s3://b/a", "s3fs"),
        ("gs://b/a", "gcsfs"),
        ("sftp://h/a", "paramiko"),
        ("az://b/a", "adlfs"),
    ],
)
def test_a_missing_package_is_named(source: str, package: str) -> None:
    if find_spec(package) is not None:
        pytest.skip("it is installed here")

    with pytest.raises(FetchRefusedError, match=f"pip install {package}"):
        read_store_url(source)


def test_a_version_is_what_a_store_lists() -> None:
    assert find_version({"ETag": '"a"', "LastModified": 1, "size": 3}) == 'ETag="a" size=3'
    assert find_version({"mtime": 5.0, "size": 3}) == "mtime=5.0 size=3"
    assert find_version({"size": 3}) is None


def test_a_moment_is_the_same_version_however_it_is_written() -> None:
    moment = datetime(2026, 11, 25, tzinfo=UTC)

    assert find_version({"created": moment}) == find_version({"created": moment.timestamp()})
