"""Text, plain or Markdown, to the spans of its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]
"""Half open offsets, in Unicode code points."""

# Most lines are nothing but words; this spares them all other expressions.
_PLAIN = re.compile(r"[ \t]*(?![-=*_+|:>#•◦▪‣(\d`~]|[a-z]\))\S")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_RULE = re.compile(r"[ \t]*(?:[-=*_+|:][ \t]*){3,}$")
_QUOTE = r"[ \t]*(?:>[ \t]*)*"
_WHOLE_LINE = re.compile(_QUOTE + r"(?:#{1,6}[ \t]+|(?=\|))")
_ITEM = re.compile(_QUOTE + r"(?:[-*+•◦▪‣][ \t]+|\(?\d{1,3}[.)][ \t]+|\(?[a-z]\)[ \t]+)")
_PREFIX = re.compile(_QUOTE)
_BAR = re.compile(r"(?<!\\)\|")
_LINE_ENDS_UNIT = ("  ", "{", "}", ";", "\\")
"""A hard break of Markdown, or a line of code outside a fence."""

_END = re.compile(
    r"(?<![.!?…])[.!?…]+[\"'”’»)\]*_`]*(?=\s)"
    r"|[。！？｡؟۔।॥።]+[\"'”’」』）】》]*"
)
_CLOSING = "\"'”’»)]*_`"
_OPENING = "\"'“‘«([*_`¿¡"
_NEXT = re.compile(rf"\s+[{re.escape(_OPENING)}]*(\S)")
_LONGEST_ABBREVIATION = 24
_ABBREVIATION = re.compile(
    r"mr|mrs|ms|dr|prof|sr|st|vs|cf|al|approx|gen|col|lt|sgt|rep|sen|gov|rev|hon|capt|messrs"
    r"|mt|dept|univ|viz|resp|ca|bzw|vgl|incl|excl"
    r"|bspw|ggf|evtl|inkl|zzgl|hr|fr|str|abb|mio|mrd|mm|mme|mlle|sra|srta|dra|uds?|pág|núm|sig|dott"
    r"|тыс|млн|млрд|руб|ул|им|рис|стр|проф|акад",
    re.IGNORECASE,
)
_ABBREVIATION_BEFORE_NUMBERS = re.compile(
    r"nos?|nr|figs?|eqs?|secs?|ch|chap|art|pp?|vols?|ed|par|tab|refs?"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec",
    re.IGNORECASE,
)
# "Am 3. Oktober" is one sentence; other languages write these without a capital.
_ORDINAL = re.compile(r"\d{1,2}")
_AFTER_ORDINAL = re.compile(
    r"\s+(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November"
    r"|Dezember|Jahrhundert|Jh|Weltkrieg|Auflage|Platz|Geburtstag)"
)
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")
_HOURS = frozenset({"a.m", "p.m"})


def find_sentences(text: str) -> list[Span]:
    """The sentences in order, without overlap and without the white space around them.

    Headings, table rows and lines of fenced code are sentences of their own. The spans leave out
    what is only markup: fence and rule lines, and the marks before headings, quotes and items.
    """
    return [span for start, end in _find_units(text) for span in _cut_unit(text, start, end)]


def _find_units(text: str) -> Iterator[Span]:
    """What no sentence crosses: a paragraph, a list item, a heading, a row, a line of code."""
    unit_start = unit_end = 0
    closed = True
    for start, end, joins, closes in _mark_lines(text):
        if closed or not joins:
            yield unit_start, unit_end
            unit_start = start
        unit_end = end
        closed = closes
    yield unit_start, unit_end


def _mark_lines(text: str) -> Iterator[tuple[int, int, bool, bool]]:
    """Each line's own words, whether it may go on with the unit before it, and ends its own."""
    fence = ""
    for start, end in find_lines(text):
        line = text[start:end]
        if not fence and _PLAIN.match(line):
            yield start, end, True, line.endswith(_LINE_ENDS_UNIT)
            continue
        opened, fence = fence, next_fence(line, fence)
        if opened != fence or _is_bare(line):
            yield end, end, False, True
        elif fence:
            yield start, end, False, True
        else:
            words, joins, closes = _read_line(line)
            yield start + words, end, joins, closes


def _is_bare(line: str) -> bool:
    """Whether a line has no words: it is blank, or a rule."""
    return not line or line.isspace() or _RULE.match(line) is not None


def _read_line(line: str) -> tuple[int, bool, bool]:
    """Where the words of a line outside a fence begin, whether it joins the unit, and ends it."""
    whole = _WHOLE_LINE.match(line)
    if whole:
        return whole.end(), False, True
    item = _ITEM.match(line)
    words = item.end() if item else _match_end(_PREFIX, line)
    return words, item is None, line.endswith(_LINE_ENDS_UNIT)


def next_fence(line: str, fence: str) -> str:
    """The fence that is open after this line, by the mark that opened it; empty when none is."""
    mark = _FENCE.match(line)
    if mark is None:
        return fence
    if not fence:
        return mark[1]
    closes = mark[1].startswith(fence) and line.strip() == mark[1]
    return "" if closes else fence


def find_lines(text: str) -> Iterator[Span]:
    """The lines of a text without their line feeds, empty ones too."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def read_cells(row: str) -> list[str]:
    """The words of the cells of a table's row, without the empty ones."""
    cells = (cell.strip() for cell in _BAR.split(row))
    return [cell.replace("\\|", "|") for cell in cells if cell]


def _match_end(pattern: re.Pattern[str], line: str) -> int:
    match = pattern.match(line)
    return match.end() if match else 0


def _cut_unit(text: str, start: int, end: int) -> Iterator[Span]:
    """Cut a unit where its sentences end."""
    for match in _END.finditer(text, start, end):
        if _ends_sentence(text, match, start):
            yield from _strip(text, start, match.end())
            start = match.end()
    yield from _strip(text, start, end)


def _strip(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without white space around it; nothing when nothing else is in it."""
    piece = text[start:end]
    bare = piece.strip()
    if bare:
        start += len(piece) - len(piece.lstrip())
        yield start, start + len(bare)


def _ends_sentence(text: str, match: re.Match[str], start: int) -> bool:
    """Whether what looks like the end of a sentence is one."""
    following = _NEXT.match(text, match.end())
    if following is None:
        return True
    if following[1].islower():
        return match[0][0] not in ".!?…"
    if match[0].rstrip(_CLOSING) != ".":
        return True
    words = text[max(start, match.start() - _LONGEST_ABBREVIATION) : match.start()].split()
    word = words[-1].lstrip(_OPENING) if words else ""
    if _ORDINAL.fullmatch(word) and _AFTER_ORDINAL.match(text, match.end()):
        return False
    return not _is_abbreviation(word, before_number=following[1].isdigit())


def _is_abbreviation(word: str, *, before_number: bool) -> bool:
    if word.lower() in _HOURS or word == "I":
        return False
    if _ABBREVIATION.fullmatch(word) or _INITIALS.fullmatch(word):
        return True
    return before_number and _ABBREVIATION_BEFORE_NUMBERS.fullmatch(word) is not None
