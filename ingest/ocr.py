"""Finds what reading scanned pages takes: Tesseract's language data, where a system keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MAX_PAGES = 20
"""Of a scan; a page takes about a second, and a file has its time."""

_PLACES = ("usr/share/tesseract-ocr/*/tessdata", "usr/share/tessdata", "usr/local/share/tessdata")
_SUFFIX = ".traineddata"
_NO_LANGUAGES = ("osd", "equ")
_MOST_LANGUAGES = 4
"""Each makes every page slower."""


@dataclass(frozen=True, slots=True)
class Tessdata:
    """A folder of language data."""

    folder: str
    languages: str
    """As Tesseract takes them, such as `deu+eng`."""


def find_tessdata(root: Path = Path("/")) -> Tessdata | None:
    """The first folder that holds languages; None when nothing is installed."""
    for place in _PLACES:
        for folder in sorted(root.glob(place)):
            names = sorted(path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}"))
            languages = [name for name in names if name not in _NO_LANGUAGES]
            if languages:
                return Tessdata(str(folder), "+".join(languages[:_MOST_LANGUAGES]))
    return None
