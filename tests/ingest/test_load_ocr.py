from __future__ import annotations

from pathlib import Path

from ingest.ocr import Tessdata, find_tessdata


def make_folder(root: Path, *languages: str) -> Path:
    folder = root / "usr/share/tesseract-ocr/5/tessdata"
    folder.mkdir(parents=True)
    for language in languages:
        (folder / f"{language}.traineddata").touch()
    return folder


def test_nothing_is_found_where_nothing_is_installed(tmp_path: Path) -> None:
    make_folder(tmp_path, "osd")

    assert find_tessdata(tmp_path) is None


def test_all_languages_that_are_installed_are_read_up_to_four(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "eng", "deu", "osd", "fra", "ita", "spa")

    assert find_tessdata(tmp_path) == Tessdata(str(folder), "deu+eng+fra+ita")
