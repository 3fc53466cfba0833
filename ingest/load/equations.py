"""Word's equations to a line of text: fractions, powers, roots and sums as one types them."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

_NAMESPACE = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_APPLICATION = "\u2061"
"""Stands unseen between a function's name and what it is of."""
EQUATION = _NAMESPACE + "oMath"


def read_equation(element: etree._Element) -> str:
    """The words of an equation or of a part of one."""
    if element.tag == _NAMESPACE + "t":
        return (element.text or "").replace(_APPLICATION, " ")
    write = _WRITERS.get(element.tag.removeprefix(_NAMESPACE)) if _is_element(element) else None
    return write(element) if write else "".join(map(read_equation, element))


def _is_element(element: etree._Element) -> bool:
    return isinstance(element.tag, str)  # comments are elements to lxml, too


def _read(element: etree._Element, name: str) -> str:
    part = element.find(_NAMESPACE + name)
    return "" if part is None else read_equation(part).strip()


def _bracket(words: str) -> str:
    """In parentheses, unless it is one number, name or sign."""
    return words if words.isalnum() or len(words) < 2 else f"({words})"  # noqa: PLR2004 - one sign


def _find_sign(element: etree._Element, properties: str, name: str, default: str) -> str:
    """A character that the properties name; Word leaves out the usual one."""
    sign = element.find(f"{_NAMESPACE}{properties}/{_NAMESPACE}{name}")
    return default if sign is None else sign.get(_NAMESPACE + "val", "")


def _write_fraction(element: etree._Element) -> str:
    return f"{_bracket(_read(element, 'num'))}/{_bracket(_read(element, 'den'))}"


def _write_limits(element: etree._Element) -> str:
    below, above = _bracket(_read(element, "sub")), _bracket(_read(element, "sup"))
    return (f"_{below}" if below else "") + (f"^{above}" if above else "")


def _write_scripts(element: etree._Element) -> str:
    return _read(element, "e") + _write_limits(element)


def _write_sum(element: etree._Element) -> str:
    sign = _find_sign(element, "naryPr", "chr", "\u222b")
    return f"{sign}{_write_limits(element)} {_read(element, 'e')}"


def _write_root(element: etree._Element) -> str:
    return f"{_read(element, 'deg')}\u221a{_bracket(_read(element, 'e'))}"


def _write_delimited(element: etree._Element) -> str:
    parts = (read_equation(part).strip() for part in element.findall(_NAMESPACE + "e"))
    begin = _find_sign(element, "dPr", "begChr", "(")
    return begin + ", ".join(parts) + _find_sign(element, "dPr", "endChr", ")")


def _write_matrix(element: etree._Element) -> str:
    rows = (
        [read_equation(cell).strip() for cell in row] for row in element.iter(_NAMESPACE + "mr")
    )
    return "; ".join(", ".join(row) for row in rows)


_WRITERS: dict[str, Callable[[etree._Element], str]] = {
    "f": _write_fraction,
    "sSup": _write_scripts,
    "sSub": _write_scripts,
    "sSubSup": _write_scripts,
    "nary": _write_sum,
    "rad": _write_root,
    "d": _write_delimited,
    "m": _write_matrix,
}
