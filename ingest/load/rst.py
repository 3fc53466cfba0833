"""reStructuredText to a Document: headings, code, tables and the words of its marks as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.blocks import find_title
from ingest.load.markup import escape_plain, write_code
from ingest.load.text import decode_text, require_text
from rag_core.documents import Document

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+\s*$")
_DIRECTIVE = re.compile(r"\s*\.\. ([\w:+-]+)::\s*(.*)$")
_EXPLICIT = re.compile(r"\s*\.\.(?: |$)")
_FOOTNOTE = re.compile(r"\s*\.\. (\[[^\]]+\](?: .*)?)$")
_OPTION = re.compile(r"\s*:[\w-]+:(?: .*)?$")
_FIELD = re.compile(r":([\w][^:`]*):(?: +|$)")
_CODE = ("code", "code-block", "sourcecode", "highlight", "literalinclude", "parsed-literal")
_DROPPED = (
    *("toctree", "contents", "index", "include", "image", "meta", "highlight", "raw", "role"),
    *(
        "default-role",
        "currentmodule",
        "module",
        "sectnum",
        "target-notes",
        "only",
        "tabularcolumns",
    ),
)
_NUMBERED_ROLE = re.compile(r":(pep|rfc|issue|gh):`([^`<]+)`", re.IGNORECASE)
_TITLE = re.compile(r"(?:.*\n){0,20}?:?Title: +(.+)", re.IGNORECASE)
"""Among the fields at the head of a file, as Python's proposals have it."""
_ROLE = re.compile(r":[\w:.+-]+:`([^`]+)`")
_LINK = re.compile(r"`([^`<]{0,500}?)\s{0,9}<[^`>]{0,500}>`_{0,2}")
_REFERENCE = re.compile(r"`([^`]+)`_{1,2}")
_TARGET = re.compile(r"(?<=\S)\s*<[^>]*>$")
_RULE = re.compile(r"\+[-+]+\+$|([!-/:-@\[-`{-~])\1{3,}$")
_HEAD_RULE = re.compile(r"\+[=+]+\+$")
_LOWEST_LEVEL = 6
_LEAST_ADORNMENT = 4
"""Characters below a title that is longer, as docutils has it."""


def load_rst(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read reStructuredText; its title is that of its fields, or else its first heading."""
    text, warnings = decode_text(content, name=name)
    converted = "\n".join(_Reader(text).read()).strip("\n")
    converted = re.sub(r"\n{3,}", "\n\n", converted)
    require_text(converted, name=name)
    field = _TITLE.match(text)
    title = field[1].strip() if field else find_title(converted) or stem
    return Document(source, title, converted, "text/x-rst", "markdown", warnings=warnings)


class _Reader:
    """Reads line by line; the order in which adornments appear tells the levels of headings."""

    def __init__(self, text: str) -> None:
        self._lines = [line.rstrip().expandtabs(8) for line in text.split("\n")]
        self._at = 0
        self._styles: list[str] = []

    def read(self) -> Iterator[str]:
        """The lines of the Markdown."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            heading = self._read_heading()
            if heading:
                yield from ["", heading, ""]
            elif _EXPLICIT.match(line):
                yield from self._read_explicit(line)
            elif line.endswith("::"):
                self._at += 1
                yield from self._read_literal(line)
            else:
                self._at += 1
                yield _write_line(line)

    def _read_heading(self) -> str:
        """A title with a line of one mark below it, and perhaps above; empty when there is none."""
        lines = [*self._lines[self._at : self._at + 3], "", ""]
        over = _ADORNMENT.match(lines[0]) is not None
        title, under = (lines[1], lines[2]) if over else (lines[0], lines[1])
        if not _is_heading(title, under, lines[0] if over else ""):
            return ""
        style = under[0] * (2 if over else 1)
        if style not in self._styles:
            self._styles.append(style)
        self._at += 3 if over else 2
        level = min(self._styles.index(style) + 1, _LOWEST_LEVEL)
        return f"{'#' * level} {_read_inline(title.strip())}"

    def _read_explicit(self, line: str) -> Iterator[str]:
        """A directive, a footnote, or a comment or target, which are left out."""
        self._at += 1
        directive, footnote = _DIRECTIVE.match(line), _FOOTNOTE.match(line)
        if footnote:
            yield _read_inline(footnote[1])
            return
        block = self._read_indented(line)
        if directive is None:
            return
        kind, argument = directive[1].lower(), directive[2]
        while block and _OPTION.match(block[0]):
            block = block[1:]
        if kind in _CODE:
            yield from ["", write_code("\n".join(block), argument), ""] if any(block) else []
        elif kind not in _DROPPED:
            label = kind.rpartition(":")[2].capitalize()
            yield from ["", f"{label}: {_read_inline(argument)}".rstrip(": "), ""]
            yield from [*_Reader("\n".join(block)).read(), ""]

    def _read_literal(self, line: str) -> Iterator[str]:
        """The paragraph's last line, and the indented block after it as code."""
        words = line.removesuffix("::").rstrip()
        yield from [_write_line(words + ":")] if words else []
        block = self._read_indented(line)
        yield from ["", write_code("\n".join(block)), ""] if any(block) else [""]

    def _read_indented(self, above: str) -> list[str]:
        """The lines that follow, as far as they are indented more, without their indentation."""
        start = self._at
        margin = " " * (_indent(above) + 1)
        while self._at < len(self._lines) and self._lines[self._at][: len(margin)] in ("", margin):
            self._at += 1
        block = self._lines[start : self._at]
        least = min((_indent(line) for line in block if line), default=0)
        cut = [line[least:] for line in block]
        while cut and not cut[0]:
            cut = cut[1:]
        return cut


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_heading(title: str, under: str, over: str) -> bool:
    """Whether these lines, the last of which may be empty, make one heading."""
    if not title.strip() or not _ADORNMENT.match(under) or _ADORNMENT.match(title):
        return False
    framed = under == over if over else not title.startswith(" ")
    return framed and len(under) >= min(len(title.strip()), _LEAST_ADORNMENT)


def _write_line(line: str) -> str:
    words = line.strip()
    if _HEAD_RULE.match(words):
        return "|" + " --- |" * (words.count("+") - 1)
    if _RULE.match(words):
        return ""
    if words.startswith("|") and words.endswith("|") and words.count("|") > 1:
        return _read_inline(words)
    field = _FIELD.match(line)
    if field:
        return escape_plain(f"{field[1]}: {_read_inline(line[field.end() :])}")
    return escape_plain(_read_inline(line))


def _read_inline(words: str) -> str:
    """The words of roles and links without their marks and targets."""
    if "`" not in words:
        return words
    words = _NUMBERED_ROLE.sub(lambda match: f"{match[1].upper()} {match[2]}", words)
    words = _ROLE.sub(lambda match: "`" + _TARGET.sub("", match[1]).lstrip("~!") + "`", words)
    words = words.replace("``", "`")
    return _REFERENCE.sub(r"\1", _LINK.sub(r"\1", words))
