from __future__ import annotations

import errno
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.bundle import (
    DOCUMENTS,
    MANIFEST,
    VECTORS,
    BundledDocument,
    Manifest,
    numpy_header,
    open_bundle,
)
from ingest.packing import BundleWriter, write_bundle
from rag_core.errors import BundleError

MATRIX = np.arange(6, dtype="<f4").reshape(2, 3)
LINE: dict[str, Any] = {
    "source": "/a.md",
    "title": "A",
    "media_type": "text/plain",
    "content_hash": "ab" * 32,
    "size_bytes": 9,
    "metadata": {},
    "text": "One. Two.",
    "page_starts": [0],
    "language": "de",
    "chunks": [
        {"start": 0, "end": 4, "page": 1, "heading_path": ["A"], "tokens": 2},
        {"start": 5, "end": 9, "page": None, "heading_path": [], "tokens": 2},
    ],
}

Forge = Callable[[dict[str, Any]], None]


def write_members(writer: BundleWriter, lines: bytes, vectors: bytes) -> None:
    with writer.member(DOCUMENTS) as member:
        member.write(lines)
    with writer.member(VECTORS) as member:
        member.write(vectors)


def write_file(
    path: Path,
    *,
    line: dict[str, Any] = LINE,
    vectors: bytes = MATRIX.tobytes(),
    forge: Forge | None = None,
) -> Path:
    """A bundle of one document; `forge` changes its manifest."""
    with write_bundle(path, overwrite=True) as writer:
        write_members(writer, orjson.dumps(line) + b"\n", numpy_header(2, 3) + vectors)
        manifest = Manifest(
            made_at=datetime.now(UTC),
            collection="a",
            fingerprint="f",
            dimension=3,
            documents=1,
            chunks=2,
            members=writer.members,
        ).model_dump(mode="json")
        if forge is not None:
            forge(manifest)
        with writer.member(MANIFEST) as member:
            member.write(orjson.dumps(manifest))
    return path


def read_all(path: Path) -> list[tuple[BundledDocument, list[list[float]]]]:
    with open_bundle(path) as bundle:
        bundle.check()
        return [(document, matrix.tolist()) for document, matrix in bundle.documents()]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    ((document, matrix),) = read_all(write_file(tmp_path / "a.zip"))

    assert document == BundledDocument.model_validate(LINE)
    assert matrix == MATRIX.tolist()


def test_other_programs_can_read_it(tmp_path: Path) -> None:
    file = write_file(tmp_path / "a.zip")

    with zipfile.ZipFile(file) as archive, archive.open(VECTORS) as member:
        assert archive.testzip() is None
        assert np.array_equal(np.load(member, allow_pickle=False), MATRIX)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(tmp_path: Path, at: float, flip: int) -> None:
    file = write_file(tmp_path / "a.zip")
    before, content = read_all(file), bytearray(file.read_bytes())
    content[int(at * len(content))] ^= flip
    file.write_bytes(content)

    try:
        after = read_all(file)
    except BundleError:
        return
    assert after == before


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.floats(0, 1, exclude_max=True))
def test_half_a_file_is_refused(tmp_path: Path, kept: float) -> None:
    file = write_file(tmp_path / "a.zip")
    os.truncate(file, int(kept * file.stat().st_size))

    with pytest.raises(BundleError, match="'ingest export'"):
        read_all(file)


def test_another_zip_and_no_file_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("../../escape.txt", "x")

    with pytest.raises(BundleError, match="is no file of 'ingest export'"):
        read_all(tmp_path / "other.zip")
    with pytest.raises(BundleError, match="no file"):
        read_all(tmp_path / "none.zip")
    with pytest.raises(BundleError, match="directory"):
        read_all(tmp_path)


def _forge(**changed: object) -> Forge:
    return lambda manifest: manifest.update(changed)


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (_forge(format=2), "is of format 2, this version knows 1"),
        (_forge(chunks=1_000_000_000), "another size than its chunks take"),
        (_forge(dimension=70_000), "manifest.json cannot be read"),
        (_forge(documents=2), "it has 1 documents and 2 chunks"),
        (_forge(members={}), "names other members"),
    ],
)
def test_a_forged_manifest_is_refused(tmp_path: Path, forge: Forge, said: str) -> None:
    with pytest.raises(BundleError, match=said):
        read_all(write_file(tmp_path / "a.zip", forge=forge))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text": "Short"}, "a chunk is outside its text"),
        ({"page_starts": [5, 0]}, "the pages are not in order"),
        ({"content_hash": "zz"}, "line 1 of documents.jsonl: content_hash"),
        ({"size_bytes": 1 << 63}, "line 1 of documents.jsonl: size_bytes"),
        ({"chunks": []}, "it has 1 documents and 0 chunks"),
    ],
)
def test_a_document_that_cannot_be_is_refused(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(BundleError, match=said):
        read_all(write_file(tmp_path / "a.zip", line=LINE | changed))


def test_vectors_of_no_numbers_are_refused(tmp_path: Path) -> None:
    vectors = np.full((2, 3), np.inf, "<f4").tobytes()

    with pytest.raises(BundleError, match="no number"):
        read_all(write_file(tmp_path / "a.zip", vectors=vectors))


def test_a_file_that_is_there_stays_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("mine")

    with (
        pytest.raises(BundleError, match="use --overwrite"),
        write_bundle(tmp_path / "a.zip", overwrite=False),
    ):
        pass

    assert (tmp_path / "a.zip").read_text() == "mine"


def test_what_fails_half_way_leaves_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(BundleError, match="No space left"),
        write_bundle(tmp_path / "a.zip", overwrite=False) as writer,
        writer.member(DOCUMENTS),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(BundleError, match="cannot write"),
        write_bundle(tmp_path / "file" / "a.zip", overwrite=False),
    ):
        pass


_WRITE = """
import os, signal, sys
from pathlib import Path
from ingest.packing import write_bundle
with write_bundle(Path(sys.argv[1]), overwrite=False) as writer, writer.member("x") as member:
    member.write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_export_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _WRITE, str(tmp_path / "a.zip")], check=False)

    assert [path.name for path in tmp_path.iterdir()] == ["a.zip.part"]
    assert len(read_all(write_file(tmp_path / "a.zip"))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_two_exports_to_one_file_do_not_mix(tmp_path: Path) -> None:
    with (
        write_bundle(tmp_path / "a.zip", overwrite=False),
        pytest.raises(BundleError, match="another export is writing"),
        write_bundle(tmp_path / "a.zip", overwrite=False),
    ):
        pass
