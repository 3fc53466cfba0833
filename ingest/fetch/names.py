"""A URL and what its server says it is to the name of a file, by which a loader is chosen."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ingest.fetch.web_urls import find_name
from ingest.plan import SUFFIXES, suffix_reason

_OFFICE = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_BY_TYPE = {
    "text/html": ".html",
    "application/xhtml+xml": ".xhtml",
    "application/pdf": ".pdf",
    "text/markdown": ".md",
    "text/x-rst": ".rst",
    "application/json": ".json",
    "application/ld+json": ".json",
    "application/geo+json": ".geojson",
    "application/x-ndjson": ".jsonl",
    "application/x-ipynb+json": ".ipynb",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/rss+xml": ".rss",
    "application/atom+xml": ".atom",
    "application/epub+zip": ".epub",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "message/rfc822": ".eml",
    "application/vnd.ms-outlook": ".msg",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    f"{_OFFICE}wordprocessingml.document": ".docx",
    f"{_OFFICE}spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}presentationml.presentation": ".pptx",
    f"{_ODF}text": ".odt",
    f"{_ODF}spreadsheet": ".ods",
    f"{_ODF}presentation": ".odp",
}
_PLAIN = "text/plain"
_UNTAKEN = frozenset(
    re.findall(
        r"\.\w+",
        ".png .jpg .jpeg .gif .svg .webp .ico .bmp .tif .tiff .avif .mp3 .mp4 .m4a .m4v .ogg "
        ".oga .ogv .wav .flac .avi .mov .mkv .webm .zip .gz .tgz .bz2 .xz .zst .7z .rar .tar "
        ".iso .dmg .exe .msi .deb .rpm .apk .jar .war .whl .css .woff .woff2 .ttf .otf .eot "
        ".map .wasm .bin .ics .torrent .asc .sig .sha256 .ps .eps .ppt",
    )
)
"""What no link is followed to: there is no loader for it."""


def name_file(url: str, media_type: str) -> str:
    """Name a fetched file: as the URL says, with a suffix that fits what its server says."""
    name = find_name(url) or "page"
    suffix = PurePosixPath(name).suffix.lower()
    fitting = _BY_TYPE.get(media_type)
    if fitting is None and media_type == _PLAIN and suffix not in SUFFIXES:
        fitting = ".txt"
    if fitting is None or suffix == fitting:
        return name
    stem = PurePosixPath(name).stem if suffix in SUFFIXES else name
    return f"{stem}{fitting}"


def object_to_link(url: str) -> str | None:
    """Say why a link is not followed by what its path ends in; None when it is."""
    suffix = PurePosixPath(find_name(url)).suffix.lower()
    return f"no loader for {suffix}" if suffix in _UNTAKEN else None


def object_to_name(path: str) -> str | None:
    """Say why an object below a place that was named is not taken, as for files of folders."""
    *folders, name = path.split("/")
    if any(part.startswith(".") for part in (*folders, name)):
        return "hidden"
    return suffix_reason(name)
