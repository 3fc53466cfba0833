from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ingest.watch import Calm, Watched, matters, watching

SECONDS = 30
"""A machine that is busy with other things may take long to tell."""


def watched(*tops: Path) -> Watched:
    return Watched(list(map(str, tops)), Path("/none"), settle_seconds=0.1)


async def happens(event: asyncio.Event) -> bool:
    async with asyncio.timeout(SECONDS):
        return await event.wait()


async def test_a_new_file_in_a_new_folder_is_told(tmp_path: Path) -> None:
    async with watching(watched(tmp_path)) as signs:
        await happens(signs.ready)
        assert not signs.changed.is_set()
        (tmp_path / "deep" / "er").mkdir(parents=True)
        await happens(signs.changed)
        signs.changed.clear()

        (tmp_path / "deep" / "er" / "a.md").write_text("one")

        assert await happens(signs.changed)


async def test_a_folder_that_takes_the_place_of_another_is_watched(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    async with watching(watched(folder)) as signs:
        await happens(signs.ready)
        (tmp_path / "new").mkdir()
        (tmp_path / "new").rename(folder)
        await happens(signs.changed)
        signs.changed.clear()

        (folder / "a.md").write_text("one")

        assert await happens(signs.changed)


async def test_a_source_that_is_not_there_does_not_keep_anybody_waiting(tmp_path: Path) -> None:
    async with watching(watched(tmp_path / "none")) as signs:
        assert await happens(signs.ready)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/.data/notes", True),
        ("/.data/notes/a.md", True),
        ("/.data/notes/deep/a.md", True),
        ("/.data/notes/.git/index", False),
        ("/.data/notes/.a.md.swp", False),
        ("/.data/notes/deep/.gitignore", True),
        ("/.data/notes/.git/.gitignore", False),
        ("/.data/notes/store/catalog.sqlite3", False),
    ],
)
def test_only_changes_of_what_may_be_ingested_matter(path: str, *, expected: bool) -> None:
    where = Watched(["/.data/notes"], Path("/.data/notes/store"), settle_seconds=1)

    assert matters(path, where) is expected


def test_changes_are_told_once_when_none_has_followed_for_a_while() -> None:
    calm, changes = Calm(2), {0, 1, 2, 10}

    told = [now for now in range(20) if calm.comes_after(changed=now in changes, now=now)]

    assert told == [4, 12]


def test_changes_that_never_end_are_told_now_and_then() -> None:
    calm = Calm(2)

    told = [now for now in range(70) if calm.comes_after(changed=True, now=now)]

    assert told == [30, 61]
