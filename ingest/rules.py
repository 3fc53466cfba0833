"""Patterns of ignore files and of the command line to what a walk over folders passes over."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path, PurePosixPath

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from rag_core.errors import InvalidRequestError, UnreadableDocumentError

_IGNORE_FILES = (".gitignore", ".ingestignore")
"""In the order of their strength: what the later says, holds."""
_MOST_BYTES = 1 << 20
_INCLUDE = "--include"
_EXCLUDE = "--exclude"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a user wants of folders, archives and standard input."""

    include: Sequence[str] = ()
    """Patterns; when there are any, only files that one of them matches are taken."""
    exclude: Sequence[str] = ()
    """Patterns of files and folders that are passed over, whatever else is said."""
    ignore_files: bool = True
    """Whether `.gitignore` and `.ingestignore` are obeyed."""
    name: str | None = None
    """Of what comes on standard input."""

    def __post_init__(self) -> None:
        """Refuse patterns that are none, before the first folder is looked at."""
        for option, patterns in ((_EXCLUDE, self.exclude), (_INCLUDE, self.include)):
            _given(option, patterns, start=0)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One line of an ignore file."""

    regex: re.Pattern[str]
    """For the whole path of what it speaks of; not, as pathspec would have it, for what is below
    that too, or `!*/` after `*` would bring back each file of the folders."""
    ignores: bool
    """False brings back what an earlier pattern ignores."""
    only_folders: bool


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The patterns of one ignore file, for what lies below its folder."""

    name: str
    """Of the file, or of the option."""
    start: int
    """How many characters of a path lead to what the patterns speak of."""
    patterns: tuple[_Pattern, ...]
    """The strongest, which is the last in the file, first."""

    def ignores(self, path: str, *, folder: bool) -> bool | None:
        """Whether a path is ignored; None when no pattern speaks of it.

        Whoever walks does not enter what is ignored, so what is true of the folders above needs
        no second look.
        """
        below = path[self.start :]
        for pattern in self.patterns:
            if (folder or not pattern.only_folders) and pattern.regex.fullmatch(below):
                return pattern.ignores
        return None


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in one folder: its own patterns and those of the folders above it."""

    wanted: Selection
    excluded: _Patterns
    included: _Patterns
    ignored: tuple[_Patterns, ...] = ()
    """The strongest first."""

    def below(self, folder: str) -> Rules:
        """Add the ignore files of a folder.

        Raises:
            OSError: one cannot be read; nothing is taken then, for it may name what is secret.
            UnreadableDocumentError: one holds what is no pattern.
        """
        if not self.wanted.ignore_files:
            return self
        found = [_read(folder, name) for name in reversed(_IGNORE_FILES)]
        return replace(self, ignored=(*(each for each in found if each.patterns), *self.ignored))

    def reason_against(self, path: str, *, folder: bool = False) -> str | None:
        """Why a path is passed over; None when it is not."""
        if self.excluded.ignores(path, folder=folder):
            return f"excluded by {_EXCLUDE}"
        if not folder and self.included.patterns and not self.included.ignores(path, folder=False):
            return f"not among {_INCLUDE}"
        for patterns in self.ignored:
            ignores = patterns.ignores(path, folder=folder)
            if ignores is not None:
                return f"ignored by {patterns.name}" if ignores else None
        return None

    def reason_against_member(self, archive: str, name: str) -> str | None:
        """Why a file in an archive is passed over, as if the archive were a folder."""
        if self.excluded.patterns or self.ignored:
            for folder in accumulate(name.split("/")[:-1], "{}/{}".format):
                reason = self.reason_against(f"{archive}/{folder}", folder=True)
                if reason is not None:
                    return reason
        return self.reason_against(f"{archive}/{name}")

    def spells(self, name: str) -> bool:
        """Whether `--include` asks for files of just this suffix, or of this name."""
        asked = {PurePosixPath(pattern).name for pattern in self.wanted.include}
        suffix = PurePosixPath(name).suffix
        return name in asked or bool(suffix and any(one.endswith(suffix) for one in asked))


def open_rules(wanted: Selection, top: str) -> Rules:
    """Begin a walk: patterns of the command line speak of paths below this folder or archive.

    Ignore files of the folders above count as git counts them: up to the one that has `.git`.

    Raises:
        OSError: an ignore file of a folder above cannot be read.
        UnreadableDocumentError: one holds what is no pattern.
    """
    start = len(top.rstrip("/")) + 1
    rules = Rules(
        wanted,
        _given(_EXCLUDE, wanted.exclude, start=start),
        _given(_INCLUDE, wanted.include, start=start),
    )
    for folder in _folders_above(Path(top)):
        rules = rules.below(str(folder))
    return rules


def _folders_above(top: Path) -> list[Path]:
    """The folders that lead from the root of a repository down to this one, without it."""
    if (top / ".git").exists():
        return []
    above: list[Path] = []
    for folder in top.parents:
        above.insert(0, folder)
        if (folder / ".git").exists():
            return above
    return []


def _given(option: str, patterns: Sequence[str], *, start: int) -> _Patterns:
    compiled = []
    for pattern in patterns:
        try:
            one = _compile(pattern)
        except ValueError as error:
            raise InvalidRequestError(f"{option}: {error}") from error
        if one is None:  # without a rule `--include` would take all
            raise InvalidRequestError(f"{option}: {pattern!r} is no pattern")
        compiled.append(one)
    return _Patterns(option, start, tuple(reversed(compiled)))


def _read(folder: str, name: str) -> _Patterns:
    path = os.path.join(folder, name)  # noqa: PTH118 - pathlib takes 5 times as long a folder
    start = len(folder.rstrip("/")) + 1
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            content = file.read(_MOST_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError):
        return _Patterns(name, start, ())
    if len(content) > _MOST_BYTES:
        raise UnreadableDocumentError(f"{path!r} has more than {_MOST_BYTES >> 20} MB")
    lines = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf")).split("\n")
    try:
        return _Patterns(name, start, _compile_all(line.removesuffix("\r") for line in lines))
    except ValueError as error:
        raise UnreadableDocumentError(f"{path!r}: {error}") from error


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe of its name would have us wait for a writer."""
    return os.open(path, flags | os.O_NONBLOCK)


def _compile_all(lines: Iterable[str]) -> tuple[_Pattern, ...]:
    """The patterns, the last first, without comments, empty lines and what git reads as such.

    Raises:
        ValueError: one is none; names it.
    """
    patterns = [_compile(line) for line in lines]
    return tuple(pattern for pattern in reversed(patterns) if pattern is not None)


def _compile(line: str) -> _Pattern | None:
    line = line if line.endswith("\\ ") else line.rstrip()
    sign = "!" * line.startswith("!")
    rest = _rewrite(line.removeprefix("!").removesuffix("/"))
    try:
        pattern = GitIgnoreSpecPattern(sign + rest)
    except (ValueError, re.error) as error:
        raise ValueError(f"{line!r} is no pattern") from error
    if pattern.include is None or pattern.regex is None:
        return None
    return _Pattern(pattern.regex, pattern.include, only_folders=line.endswith("/"))


def _rewrite(pattern: str) -> str:
    """Say the same in such a way that pathspec's regex has an end to match up to."""
    head, slash, last = pattern.rpartition("/")
    if last in {"*", "**"}:
        below = "**/" if last == "**" and slash else ""
        return f"{head}{slash}{below}?*"
    if pattern.endswith(" ") and not pattern.endswith("\\ "):
        return f"{pattern[:-1]}\\ "  # it stood before a slash, and is part of the name
    return pattern
