"""How many documents one sync may remove, and the refusal of more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.plan import name_below
from rag_core.catalog.documents import DocumentSummary
from rag_core.errors import InvalidRequestError

_DEFAULT_SHARE = 0.2
_DEFAULT_COUNT = 5
"""Of a few documents one may go, though it is more than that share."""


@dataclass(frozen=True, slots=True)
class DeleteGuard:
    """At most `count` documents, or this share of those below the sources, may go."""

    count: int
    share: float
    wary: bool
    """Refuse, however few there were, when a source has nothing left."""

    def allows(self, removed: int, live: int) -> bool:
        """Whether so many of so many may go."""
        return removed <= max(self.count, self.share * live)


DEFAULT_GUARD = DeleteGuard(_DEFAULT_COUNT, _DEFAULT_SHARE, wary=True)


def read_guard(text: str | None) -> DeleteGuard:
    """Read `--max-delete`: a number of documents, or a share such as `20%`.

    Raises:
        InvalidRequestError: it is neither.
    """
    if text is None:
        return DEFAULT_GUARD
    number, percent, rest = text.strip().partition("%")
    if not (number.isascii() and number.isdigit()) or rest:
        raise InvalidRequestError(f"--max-delete {text!r}: give a number, or a share such as 20%")
    if percent:
        return DeleteGuard(0, int(number) / 100, wary=False)
    return DeleteGuard(int(number), 0.0, wary=False)


def lies_below(source: str, top: str) -> bool:
    """Whether a source is the top itself or lies below it, or in the archive that it is."""
    return source == top or source.startswith(name_below(top))


@dataclass(frozen=True, slots=True)
class Removal:
    """What a sync is about to remove, and of what."""

    tops: Sequence[str]
    """The sources that were named."""
    removed: Sequence[DocumentSummary]
    live: int
    """Documents below all of them."""
    planned: Sequence[str]
    """The sources of the files that are there now."""

    def refusal(self, guard: DeleteGuard) -> str | None:
        """Why the guard does not let them go; None when it does."""
        going = len(self.removed)
        allow = f"allow it with --max-delete {going}, look at it with --dry-run"
        if not guard.allows(going, self.live):
            return (
                f"{going} of {self.live} documents would be removed, such as "
                f"{self.removed[0].source!r}: nothing is changed; {allow}"
            )
        for top in self._emptied() if guard.wary else ():
            return (
                f"{top!r} has nothing left to ingest, and all its documents would be removed: "
                f"nothing is changed; is it mounted? If it is meant, {allow}"
            )
        return None

    def _emptied(self) -> list[str]:
        return [
            top
            for top in self.tops
            if any(lies_below(one.source, top) for one in self.removed)
            and not any(lies_below(source, top) for source in self.planned)
        ]
