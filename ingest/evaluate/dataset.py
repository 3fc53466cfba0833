"""The nouns of an evaluation's input: questions, what each expects, the documents to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Layout = Literal["beir", "questions", "feedback"]


@dataclass(frozen=True, slots=True)
class ExpectedPassage:
    """A part of a document, or a text, that one of the passages found should hold."""

    document: str | None
    """As the dataset names it; None when any document will do."""
    texts: tuple[str, ...] = ()
    """Any of which will do."""
    start: int | None = None
    end: int | None = None
    """Half open, in Unicode code points of the document's text; both or neither."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and what is known of its answer."""

    id: str
    text: str
    place: str
    """The file and the line that it is from."""
    documents: Mapping[str, int] = field(default_factory=dict)
    """Relevant ones as the dataset names them, with grades from 1."""
    passages: tuple[ExpectedPassage, ...] = ()
    answers: tuple[str, ...] = ()
    """Any of which is right."""
    answerable: bool = True

    @property
    def is_judged(self) -> bool:
        """Whether it says what should be found."""
        return self.answerable and bool(self.documents or self.passages)


@dataclass(frozen=True, slots=True)
class Record:
    """A document of a dataset's own corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions, and the documents that they are asked of, as far as these come along."""

    name: str
    path: Path
    layout: Layout
    questions: Sequence[Question]
    records: Sequence[Record] | None = None
    """Of `corpus.jsonl`."""
    folder: Path | None = None
    """Whose files are the documents."""

    @property
    def has_documents(self) -> bool:
        """Whether it brings documents of its own."""
        return self.records is not None or self.folder is not None
