import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from rag_core.vectors.store import is_damaged, move_aside, remove_leftovers


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as database:
        database.execute("CREATE TABLE segments (id TEXT)")
        rows = [(str(uuid4()),) for _ in range(2000)]
        database.executemany("INSERT INTO segments VALUES (?)", rows)
        database.commit()
    return folder


def test_a_whole_store_and_an_absent_one_are_not_damaged(data: Path) -> None:
    assert not is_damaged(data)
    assert not is_damaged(data / "nowhere")


@pytest.mark.parametrize("offset", [0, 4096, 8192])
def test_a_store_that_is_written_over_is_damaged(data: Path, offset: int) -> None:
    with (data / "chroma.sqlite3").open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * 20_000)

    assert is_damaged(data)


def test_only_folders_of_dropped_collections_are_removed(data: Path) -> None:
    with closing(sqlite3.connect(data / "chroma.sqlite3")) as database:
        known = database.execute("SELECT id FROM segments").fetchone()[0]
    for name in (known, str(uuid4()), "mine"):
        (data / name).mkdir()

    removed = remove_leftovers(data)

    assert removed == 1
    assert {path.name for path in data.iterdir()} == {known, "mine", "chroma.sqlite3"}


def test_nothing_is_removed_from_a_store_that_cannot_be_read(data: Path) -> None:
    (data / "chroma.sqlite3").write_bytes(b"not a database")
    (data / str(uuid4())).mkdir()

    assert remove_leftovers(data) == 0
    assert remove_leftovers(data / "nowhere") == 0


def test_what_is_moved_aside_is_kept(data: Path) -> None:
    aside = move_aside(data)

    assert aside is not None
    assert (aside / "chroma.sqlite3").is_file()
    assert not data.exists()
    assert move_aside(data) is None
