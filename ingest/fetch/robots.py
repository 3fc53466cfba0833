"""A robots.txt to what it lets us fetch, by RFC 9309: the longest rule that fits decides.

Our own: the standard library's takes the first rule and knows no `*`, and rules made into regular
expressions let a hostile file keep us busy for years.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

AGENT = "rag-ingest"
MOST_BYTES = 500 << 10
"""Of a robots.txt, are read, as the RFC has it."""
_LONGEST_DELAY_SECONDS = 60.0
_SAFE = "/?*$%=&;:@!'(),+#[]~-._"


@dataclass(frozen=True, slots=True)
class Robots:
    """What one host says to us."""

    rules: tuple[tuple[str, bool], ...]
    """Patterns of paths, and whether they are allowed."""
    delay_seconds: float | None = None
    """That it wants between two requests."""

    def allows(self, url: str) -> bool:
        """Tell whether a URL of the host may be fetched."""
        parts = urlsplit(url)
        path = _encode(parts.path + (f"?{parts.query}" if parts.query else "")) or "/"
        fitting = [(len(rule), allowed) for rule, allowed in self.rules if _fits(rule, path)]
        return max(fitting, default=(0, True))[1]


ALL_ALLOWED = Robots(())


def read_robots(content: bytes) -> Robots:
    """Read a robots.txt, however broken: the group that names us, or else that for all."""
    text = content.decode("utf-8-sig", "replace")
    ours, everybodys = _Group(), _Group()
    groups: list[_Group] = []
    begun = False
    for name, value in _read_lines(text):
        if name == "user-agent":
            groups = groups if begun else []
            begun = True
            agent = value.lower().partition("/")[0].strip()
            groups += [ours] * (agent == AGENT) + [everybodys] * (agent == "*")
            ours.named = ours.named or agent == AGENT
        else:
            begun = False
            for group in groups:
                group.add(name, value)
    return (ours if ours.named else everybodys).robots()


class _Group:
    """The rules for one agent, which may stand in several places."""

    def __init__(self) -> None:
        self.named = False  # whether there is any
        self.rules: list[tuple[str, bool]] = []
        self.delay_seconds: float | None = None

    def add(self, name: str, value: str) -> None:
        """Take a line of the group."""
        if name in ("allow", "disallow") and value:
            self.rules.append((_encode(value), name == "allow"))
        elif name == "crawl-delay" and value.replace(".", "", 1).isdecimal():
            self.delay_seconds = min(float(value), _LONGEST_DELAY_SECONDS)

    def robots(self) -> Robots:
        """The rules as they are."""
        return Robots(tuple(self.rules), self.delay_seconds)


def _read_lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def _encode(path: str) -> str:
    return quote(path, safe=_SAFE)


def _fits(rule: str, path: str) -> bool:
    """Match from the start, `*` for anything and `$` for the end, in linear time for each part."""
    anchored = rule.endswith("$")
    first, *rest = rule.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not rest:
        return not anchored or path == first
    at = len(first)
    for part in rest[:-1]:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    last = rest[-1]
    return path.endswith(last) and len(path) - len(last) >= at if anchored else last in path[at:]
