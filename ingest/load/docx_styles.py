"""Word's style and numbering parts to heading levels and the labels of list items."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from lxml import etree

NAMESPACE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_HEADING_NAME = re.compile(r"heading (\d)$", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,6}")
_BODY_LEVEL = 9
_DEEPEST_LIST = 8
_LARGEST_LEVEL = 6
_LONGEST_CHAIN = 20
_PLACE = re.compile(r"%(\d)")
_FIRST_ROMAN_WITH_L = 40
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class Numbering:
    """That a paragraph belongs to a list."""

    list_id: str
    level: int


@dataclass(frozen=True, slots=True)
class _Level:
    form: str
    pattern: str
    start: int


def attribute(element: etree._Element | None, name: str = "val") -> str | None:
    """The value of an attribute of Word's namespace."""
    return None if element is None else element.get(NAMESPACE + name)


def child(element: etree._Element | None, *names: str) -> etree._Element | None:
    """The descendant by these names of Word's, each the first child of the one before."""
    for name in names:
        element = None if element is None else element.find(NAMESPACE + name)
    return element


class Styles:
    """Looks a paragraph's heading level and numbering up, through its style and those below."""

    def __init__(self, root: etree._Element | None) -> None:
        styles = [] if root is None else root.findall(NAMESPACE + "style")
        self._styles = {attribute(style, "styleId"): style for style in styles}

    def find_heading_level(self, properties: etree._Element | None) -> int:
        """From 1; 0 for body text. A title is of level 1."""
        level = _read_outline_level(properties)
        for style in self._find_chain(properties):
            if level:
                break
            name = attribute(child(style, "name")) or ""
            heading = _HEADING_NAME.match("heading 1" if name.lower() == "title" else name)
            level = int(heading[1]) if heading else _read_outline_level(child(style, "pPr"))
        return min(level, _LARGEST_LEVEL)

    def find_numbering(self, properties: etree._Element | None) -> Numbering | None:
        """The list of a paragraph; None when it is in none."""
        chain = [child(style, "pPr") for style in self._find_chain(properties)]
        lists = [child(candidate, "numPr", "numId") for candidate in (properties, *chain)]
        levels = [child(candidate, "numPr", "ilvl") for candidate in (properties, *chain)]
        list_id = next((attribute(entry) for entry in lists if entry is not None), None)
        level = next((attribute(entry) for entry in levels if entry is not None), None)
        if list_id is None or list_id == "0":
            return None
        return Numbering(list_id, min(read_number(level, 0), _DEEPEST_LIST))

    def _find_chain(self, properties: etree._Element | None) -> list[etree._Element]:
        chain: list[etree._Element] = []
        style = self._styles.get(attribute(child(properties, "pStyle")))
        while style is not None and len(chain) < _LONGEST_CHAIN:
            chain.append(style)
            style = self._styles.get(attribute(child(style, "basedOn")))
        return chain


class Labels:
    """Counts the items of each list; give it the items in the order of the document."""

    def __init__(self, root: etree._Element | None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        if root is None:
            return
        abstract = {
            attribute(entry, "abstractNumId"): _read_levels(entry)
            for entry in root.findall(NAMESPACE + "abstractNum")
        }
        for entry in root.findall(NAMESPACE + "num"):
            levels = abstract.get(attribute(child(entry, "abstractNumId")), {})
            self._levels[attribute(entry, "numId") or ""] = levels

    def count(self, numbering: Numbering) -> str:
        """The next item's label, such as `1.2.`; empty for a bullet."""
        levels = self._levels.get(numbering.list_id, {})
        level = levels.get(numbering.level)
        if level is None or level.form in ("bullet", "none"):
            return ""
        counts = self._counts[numbering.list_id]
        counts[numbering.level] = counts.get(numbering.level, level.start - 1) + 1
        for deeper in [other for other in counts if other > numbering.level]:
            del counts[deeper]

        def fill(place: re.Match[str]) -> str:
            at = int(place[1]) - 1
            shown = levels.get(at, level)
            return _format(counts.get(at, shown.start), shown.form)

        return _PLACE.sub(fill, level.pattern).strip()


def _read_outline_level(properties: etree._Element | None) -> int:
    level = read_number(attribute(child(properties, "outlineLvl")), _BODY_LEVEL)
    return level + 1 if level < _BODY_LEVEL else 0


def read_number(value: str | None, default: int) -> int:
    """A whole number as attributes hold it; the default for anything else."""
    return int(value) if value and _NUMBER.fullmatch(value) else default


def _read_levels(abstract: etree._Element) -> dict[int, _Level]:
    levels: dict[int, _Level] = {}
    for entry in abstract.findall(NAMESPACE + "lvl"):
        levels[read_number(attribute(entry, "ilvl"), 0)] = _Level(
            attribute(child(entry, "numFmt")) or "decimal",
            attribute(child(entry, "lvlText")) or "",
            read_number(attribute(child(entry, "start")), 1),
        )
    return levels


def _format(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter"):
        text = chr(ord("a") + (number - 1) % 26)
    elif form in ("lowerRoman", "upperRoman") and number < _FIRST_ROMAN_WITH_L:
        text = ""
        for value, letters in _ROMAN:
            text += letters * (number // value)
            number %= value
    else:
        return str(number)
    return text.upper() if form.startswith("upper") else text
