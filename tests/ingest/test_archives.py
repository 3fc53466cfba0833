from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.archives import is_archive, read_entries
from rag_core.errors import DocumentError, OversizedDocumentError, UnreadableDocumentError
from tests.ingest.archives_support import TAR_SUFFIXES, make_tar, make_zip

NOTES = {"a.md": b"# A\n", "sub/b.md": b"# B\n" * 1000}


def read(path: Path) -> dict[str, bytes]:
    return {entry.name: b"".join(entry.pieces()) for entry in read_entries(str(path))}


def refusal(path: Path) -> DocumentError:
    with pytest.raises(DocumentError) as raised:
        read(path)
    return raised.value


@pytest.mark.parametrize("suffix", TAR_SUFFIXES)
def test_the_files_of_a_tar_are_read_in_their_order(tmp_path: Path, suffix: str) -> None:
    path = make_tar(tmp_path / f"notes{suffix}", NOTES)

    assert list(read(path).items()) == list(NOTES.items())


def test_the_files_of_a_zip_are_read(tmp_path: Path) -> None:
    assert read(make_zip(tmp_path / "notes.ZIP", NOTES)) == NOTES


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_a_packed_file_is_an_archive_of_one(tmp_path: Path, suffix: str, pack: object) -> None:
    path = tmp_path / f"a.md{suffix}"
    path.write_bytes(pack(b"# A\n") * 2)  # type: ignore[operator] # two streams are one file

    assert read(path) == {"a.md": b"# A\n# A\n"}


@pytest.mark.parametrize("name", ["a.zip", "A.TAR.GZ", "a.b.tgz", "a.md.gz", "a.tar"])
def test_archives_are_known_by_their_suffix(name: str) -> None:
    assert is_archive(name)
    assert not is_archive(f"{name}.md")


@pytest.mark.parametrize("suffix", [".zip", *TAR_SUFFIXES])
def test_an_archive_that_is_cut_off_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"notes{suffix}"
    many = {f"{number}.md": bytes([number]) * 600 for number in range(40)}
    (make_zip if suffix == ".zip" else make_tar)(path, many)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    assert isinstance(refusal(path), UnreadableDocumentError)


def test_a_damaged_header_in_the_middle_is_not_the_end_of_a_tar(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "notes.tar", NOTES)
    content = bytearray(path.read_bytes())
    content[1024 + 100] ^= 1  # in the second header
    path.write_bytes(content)

    assert "bad checksum" in str(refusal(path))


@pytest.mark.parametrize("suffix", [*TAR_SUFFIXES, ".zip"])
def test_garbage_is_no_archive(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"notes{suffix}"
    path.write_bytes(b"garbage" * 1000)

    assert "the archive breaks off" in str(refusal(path))


def test_a_bomb_in_a_zip_costs_that_member_only(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "notes.zip", {"bomb.md": b"\0" * (4 << 20), "a.md": b"# A\n"})
    found = {}

    for entry in read_entries(str(path)):
        try:
            found[entry.name] = b"".join(entry.pieces())
        except OversizedDocumentError as error:
            found[entry.name] = str(error).split(":")[0].encode()

    assert found == {"bomb.md": b"it looks like a bomb", "a.md": b"# A\n"}


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.xz", ".tar.bz2"])
def test_a_tar_that_is_a_bomb_is_refused_as_a_whole(tmp_path: Path, suffix: str) -> None:
    path = make_tar(tmp_path / f"notes{suffix}", {"a.md": b"# A\n", "bomb.md": b"\0" * (8 << 20)})

    assert "looks like a bomb" in str(refusal(path))


def test_a_header_that_announces_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "notes.tar"
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.XHDTYPE, 8 << 30
    path.write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(10240))

    assert "a header has 8589934592 bytes" in str(refusal(path))


def test_a_zip_with_an_endless_list_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "notes.zip"
    with path.open("wb") as file:
        file.truncate(64 << 20)
        file.seek(0, io.SEEK_END)
        sizes = (40 << 20).to_bytes(4, "little") + bytes(4)
        file.write(b"PK\5\6" + bytes(8) + sizes + bytes(2))

    assert "its list of contents" in str(refusal(path))


def test_links_and_devices_are_passed_over_with_their_reason(tmp_path: Path) -> None:
    path = tmp_path / "notes.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("s", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE), ("d", tarfile.CHRTYPE)):
            header = tarfile.TarInfo(name)
            header.type, header.linkname = kind, "/etc/passwd"
            archive.addfile(header)

    reasons = {entry.name: entry.against for entry in read_entries(str(path))}

    link = "a link in an archive"
    assert reasons == {"s": link, "h": link, "d": "neither a file nor a folder"}


def test_a_link_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "notes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.md")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")

    assert [entry.against for entry in read_entries(str(path))] == ["a link in an archive"]


def test_an_encrypted_member_is_named_as_such(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "notes.zip", {"a.md": b"# A\n"})
    content = path.read_bytes()
    at = content.index(b"PK\1\2") + 8
    path.write_bytes(content[:at] + b"\1" + content[at + 1 :])

    (entry,) = read_entries(str(path))

    assert "it is encrypted" in str(entry.against)


def test_a_zip_that_does_not_say_that_its_names_are_utf8_is_understood(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "notes.zip", {"Größe.md": b"# A\n"})
    content = path.read_bytes().replace(b"\x00\x08", b"\0\0")  # the flag that says so
    path.write_bytes(content)

    assert list(read(path)) == ["Größe.md"]


@pytest.fixture(scope="module", params=[".zip", *TAR_SUFFIXES])
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / f"notes{request.param}"
    return (make_zip if request.param == ".zip" else make_tar)(path, NOTES)


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_anywhere_is_never_another_error_than_ours(sound: Path, data: st.DataObject) -> None:
    content = bytearray(sound.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = sound.with_name(f"damaged-{sound.name}")
    damaged.write_bytes(content)

    with suppress(DocumentError):
        for entry in read_entries(str(damaged)):
            if entry.against is None:
                b"".join(entry.pieces())
