"""A chart's part of an Office file to its title and a table of its values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lxml import etree

from ingest.load.markup import escape_plain, write_table

_MOST_POINTS = 2000
_Series = tuple[str, dict[int, str], dict[int, str]]


def read_chart(root: etree._Element) -> Iterator[str]:
    """The title, if there is one, and one row for each category, as the file has them stored."""
    title = root.find(".//{*}chart/{*}title")
    words = _join(title.itertext("{*}t")) if title is not None else ""
    if words:
        yield escape_plain(words)
    series = [_read_series(element) for element in root.iter("{*}ser")]
    rows = list(islice(_read_rows(series), _MOST_POINTS))
    if rows:
        yield write_table([["", *(name for name, _, _ in series)], *rows])


def _read_rows(series: list[_Series]) -> Iterator[list[str]]:
    """The name of each category, or its number, and the value of each series."""
    labels: dict[int, str] = {}
    for _, names, values in series:
        labels = {key: str(key + 1) for key in values} | names | labels
    for key, label in sorted(labels.items()):
        yield [label, *(values.get(key, "") for _, _, values in series)]


def _read_series(element: etree._Element) -> _Series:
    """Name, categories and values of one line or row of bars."""
    name = element.find("./{*}tx")
    words = _join(name.itertext("{*}v")) if name is not None else ""
    return words, _read_points(element, "cat", "xVal"), _read_points(element, "val", "yVal")


def _read_points(element: etree._Element, *kinds: str) -> dict[int, str]:
    points = (point for kind in kinds for point in element.iterfind(f"./{{*}}{kind}//{{*}}pt"))
    return {
        int(point.get("idx", "0")): point.findtext("./{*}v") or ""
        for point in points
        if point.get("idx", "0").isdigit()
    }


def _join(words: Iterator[str]) -> str:
    return " ".join(" ".join(words).split())
