"""A filter as one writes it in a terminal: `year >= 2020 and (author = Li or title ~ "annual")`.

A name that is no field of a document is one of its metadata. What begins with a brace is the same
JSON that the API takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from rag_core.errors import InvalidRequestError
from rag_core.filter_values import FIELDS, METADATA, kind_of
from rag_core.filters import Condition, read_filter

_OPERATORS = {
    "=": "eq",
    "!=": "ne",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "~": "contains",
    "^=": "starts_with",
}
_WORDS = "'in', 'not in', 'between' or 'exists'"
_TOKEN = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|!=|>=|<=|\^=|[=<>~(),]|[^\s"=<>~(),!^]+)""")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]+)?")
_MAX_DEPTH = 16
_WAY_OUT = 'write it like: year >= 2020 and (author = "Li Wei" or kind in (report, note))'


def parse_filter(text: str) -> Condition:
    """Read a filter in either form.

    Raises:
        InvalidRequestError: it is none; says where, and how one is written.
    """
    if not text.lstrip().startswith("{"):
        return read_filter(_Parser(text).parse())
    try:
        return read_filter(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"filter: is not JSON: {error}") from error


_Written = Mapping[str, object]
"""A filter as JSON has it."""


class _Parser:
    """Reads from left to right; `or` binds less than `and`, and that less than `not`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._seen = ""
        self._advance()

    def parse(self) -> _Written:
        """Read the whole text."""
        found = self._any()
        if self._seen:
            raise self._wrong("'and', 'or' or the end")
        return found

    def _advance(self) -> str:
        """Take the token, and look at the next; none is left at the end of the text."""
        taken = self._seen
        found = _TOKEN.match(self._text, self._at)
        self._seen = found[1] if found else self._text[self._at :].strip()[:1]
        place = self._text.find(self._seen, self._at) if self._seen else len(self._text)
        self._at = place + len(self._seen)
        if self._seen and found is None:
            raise self._wrong("a name, a sign or a value")
        return taken

    def _any(self) -> _Written:
        return self._joined("or", lambda: self._joined("and", self._one))

    def _joined(self, word: str, read: Callable[[], _Written]) -> _Written:
        found = [read()]
        while self._seen.lower() == word:
            self._advance()
            found.append(read())
        return found[0] if len(found) == 1 else {"type": word, "filters": found}

    def _one(self) -> _Written:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._wrong(f"no more than {_MAX_DEPTH} levels")
        if self._seen.lower() == "not":
            self._advance()
            found: _Written = {"type": "not", "filter": self._one()}
        elif self._seen == "(":
            self._advance()
            found = self._any()
            self._expect(")")
        else:
            found = self._comparison()
        self._depth -= 1
        return found

    def _comparison(self) -> _Written:
        key = _key_of(self._name())
        word = self._seen.lower()
        if word == "exists":
            self._advance()
            return {"type": "exists", "key": key}
        if word in ("in", "not"):
            self._advance()
            if word == "not":
                self._expect("in")
            kind = "in" if word == "in" else "nin"
            return {"type": kind, "key": key, "value": self._values(key)}
        if word == "between":
            self._advance()
            low = self._value(key)
            self._expect("and")
            return {"type": word, "key": key, "low": low, "high": self._value(key)}
        if word not in _OPERATORS:
            raise self._wrong(f"one of {' '.join(_OPERATORS)}, {_WORDS}")
        kind = _OPERATORS[self._advance()]
        value = self._value(key, as_text=kind in ("contains", "starts_with"))
        return {"type": kind, "key": key, "value": value}

    def _values(self, key: str) -> list[object]:
        self._expect("(")
        found = [self._value(key)]
        while self._seen == ",":
            self._advance()
            found.append(self._value(key))
        self._expect(")")
        return found

    def _name(self) -> str:
        name = self._advance() if _is_value(self._seen) else ""
        if not name:
            raise self._wrong("a name")
        return _unquote(name)

    def _value(self, key: str, *, as_text: bool = False) -> object:
        if not _is_value(self._seen):
            raise self._wrong("a value")
        written = self._advance()
        if not as_text and kind_of(key) in ("number", "any") and _NUMBER.fullmatch(written):
            return float(written) if "." in written else int(written)
        return _unquote(written)

    def _expect(self, sign: str) -> None:
        if self._seen.lower() != sign:
            raise self._wrong(repr(sign))
        self._advance()

    def _wrong(self, expected: str) -> InvalidRequestError:
        found = repr(self._seen) if self._seen else "the end"
        start = self._at - len(self._seen) + 1
        return InvalidRequestError(
            f"filter: at character {start} stands {found}, expected {expected}: {_WAY_OUT}"
        )


def _is_value(token: str) -> bool:
    return bool(token) and token not in _OPERATORS and token not in ("(", ")", ",")


def _key_of(name: str) -> str:
    return name if name in FIELDS or name.startswith(METADATA) else f"{METADATA}{name}"


def _unquote(token: str) -> str:
    if not token.startswith('"'):
        return token
    try:
        return str(json.loads(token))
    except ValueError as error:
        raise InvalidRequestError(f"filter: {token} is no text as JSON writes one") from error
