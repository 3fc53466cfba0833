"""What is stored against what is planned, to what differs: no store is asked, none is changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import PurePath, PurePosixPath

from ingest.contents import Contents
from ingest.origins import LocalFile
from ingest.plan import Plan, PlannedFile
from ingest.report import printable
from rag_core.catalog.documents import DocumentSummary
from rag_core.catalog.renames import Rename
from rag_core.documents import fits_metadata


@dataclass(frozen=True, slots=True)
class Difference:
    """What makes the collection equal to the source; every planned file is in one of the parts."""

    unchanged: int
    added: tuple[PlannedFile, ...]
    changed: tuple[PlannedFile, ...]
    """Whose bytes, or wanted metadata, are other than those of the stored document."""
    unread: tuple[PlannedFile, ...]
    """Of elsewhere: whether they have changed is found out when they are fetched."""
    renames: tuple[Rename, ...]
    reread: tuple[PlannedFile, ...]
    """Renamed files that are to be read again."""
    removed: tuple[DocumentSummary, ...]
    kept: tuple[DocumentSummary, ...]
    """That are not planned, but lie below what could not be read: nothing is known of them."""
    outdated: tuple[DocumentSummary, ...]
    """The stored versions that the changed, and the files to read again, take the place of."""

    @property
    def to_ingest(self) -> tuple[PlannedFile, ...]:
        """The files that are to be parsed, in the order of their names."""
        files = (*self.added, *self.changed, *self.unread, *self.reread)
        return tuple(sorted(files, key=lambda file: file.source))


def compare(
    live: Sequence[DocumentSummary],
    plan: Plan,
    contents: Contents,
    *,
    metadata: Mapping[str, str] | None,
) -> Difference:
    """Hold the live documents of the sources against their plan; reads files, blocks the thread.

    A file whose bytes are those of a document of another source, which does not have them any
    more, was renamed; among equals one of the same name is taken first.
    """
    look = _Look({one.source: one for one in live}, contents, metadata)
    for file in plan.files:
        look.sort_in(file)
    planned = {file.source for file in plan.files}
    faults = {source for source, _ in plan.faults}
    missing: list[DocumentSummary] = []
    kept: list[DocumentSummary] = []
    for document in live:
        if document.source not in planned:
            (kept if _is_below_any(document.source, faults) else missing).append(document)
    return look.finish(missing, kept)


@dataclass(slots=True)
class _Look:
    """One look over the planned files."""

    live: Mapping[str, DocumentSummary]
    contents: Contents
    metadata: Mapping[str, str] | None
    unchanged: int = 0
    unread: list[PlannedFile] = field(default_factory=list)
    described: list[PlannedFile] = field(default_factory=list)
    """Only their metadata is to be another, or they cannot be read: their documents stay."""
    new: dict[str, PlannedFile] = field(default_factory=dict)
    """By source: whose bytes are not those of a document of that source."""

    def sort_in(self, file: PlannedFile) -> None:
        """Find out how a file differs from the document of its source."""
        if file.content_hash is None and not isinstance(file.origin, LocalFile):
            self.unread.append(file)
            return
        known = self.live.get(file.source)
        if known is None or known.size_bytes != file.size_bytes:
            self.new[file.source] = file
            return
        content_hash = self._hash(file)
        if content_hash is None:
            self.described.append(file)
        elif content_hash != known.content_hash:
            self.new[file.source] = file
        elif fits_metadata(known.metadata, self.metadata):
            self.unchanged += 1
        else:
            self.described.append(file)

    def finish(
        self, missing: Sequence[DocumentSummary], kept: Sequence[DocumentSummary]
    ) -> Difference:
        """Find the renames among what is new and what is missing."""
        replaced = [self.live[source] for source in self.new if source in self.live]
        renames = self._pair([*missing, *replaced])
        reread = tuple(self.new.pop(one.to) for one in renames if one.reread)
        for one in renames:
            self.new.pop(one.to, None)
        moved = {one.document_id for one in renames}
        return Difference(
            unchanged=self.unchanged,
            added=tuple(self.new[source] for source in self.new.keys() - self.live.keys()),
            changed=(
                *(self.new[source] for source in self.new.keys() & self.live.keys()),
                *self.described,
            ),
            unread=tuple(self.unread),
            renames=tuple(renames),
            reread=reread,
            removed=tuple(one for one in missing if one.id not in moved),
            kept=tuple(kept),
            outdated=tuple(self._find_outdated(renames, replaced)),
        )

    def _find_outdated(
        self, renames: Sequence[Rename], replaced: Sequence[DocumentSummary]
    ) -> Iterator[DocumentSummary]:
        """The versions that will be dead, though their sources stay."""
        read_again = {one.document_id: one.reread for one in renames}
        for document in replaced:
            if document.id not in read_again:
                yield document
        for file in self.described:
            yield self.live[file.source]
        for one in renames:
            if one.reread:
                yield self.live[one.source]

    def _pair(self, loose: Iterable[DocumentSummary]) -> list[Rename]:
        """Rename documents to files of the same bytes; only files of their sizes are read."""
        by_hash: dict[bytes, list[DocumentSummary]] = defaultdict(list)
        sizes = set()
        for document in loose:
            by_hash[document.content_hash].append(document)
            sizes.add(document.size_bytes)
        wanting: dict[bytes | None, list[PlannedFile]] = defaultdict(list)
        for file in self.new.values():
            if file.size_bytes in sizes:
                wanting[self._hash(file)].append(file)
        wanting.pop(None, None)  # those that cannot be read
        pairs = (_pair_equals(by_hash[one], wanting[one]) for one in by_hash.keys() & wanting)
        return [self._rename(document, file) for document, file in chain.from_iterable(pairs)]

    def _hash(self, file: PlannedFile) -> bytes | None:
        """As the planning has seen it, or as the file is now; None when it cannot be read."""
        if file.content_hash is None and isinstance(file.origin, LocalFile):
            return self.contents.read_hash(file.origin.path)
        return file.content_hash

    def _rename(self, document: DocumentSummary, file: PlannedFile) -> Rename:
        stays = fits_metadata(document.metadata, self.metadata)
        reread = not stays or _is_named_in_text(document, file.source)
        return Rename(document.id, document.source, file.source, reread)


def _pair_equals(
    documents: Sequence[DocumentSummary], files: Sequence[PlannedFile]
) -> list[tuple[DocumentSummary, PlannedFile]]:
    """Pair documents with files of the same bytes, those with the same name before the others."""
    waiting: dict[str, list[DocumentSummary]] = defaultdict(list)
    for document in documents:
        waiting[PurePath(document.source).name].append(document)
    pairs, others = [], []
    for file in files:
        same = waiting.get(PurePath(file.source).name)
        if same:
            pairs.append((same.pop(), file))
        else:
            others.append(file)
    left = chain.from_iterable(waiting.values())
    return [*pairs, *zip(left, others, strict=False)]


def _is_named_in_text(document: DocumentSummary, to: str) -> bool:
    """Whether what was read may be another under the new name: its title, or how it is parsed."""
    old, new = PurePath(document.source), PurePath(to)
    if old.name == new.name:
        return False
    return old.suffix != new.suffix or document.title in {old.name, old.stem}


def _is_below_any(source: str, tops: Collection[str]) -> bool:
    """Whether a source is one of these paths or lies below it, or in an archive of that name.

    While anything of an object store cannot be read, none of its objects counts as gone.
    """
    if not tops:
        return False
    if "://" in source:
        return any("://" in top for top in tops)
    shown = printable(source)
    above = (str(parent).removesuffix("!") for parent in PurePosixPath(shown).parents)
    return any(part in tops for part in (shown, *above))
