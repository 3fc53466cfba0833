"""JSON lines of questions with expected documents, passages or answers to a Dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from ingest.evaluate.beir import CORPUS, read_corpus
from ingest.evaluate.dataset import Dataset, ExpectedPassage, Question
from ingest.evaluate.errors import DatasetError
from ingest.evaluate.json_lines import Ids, Line, read_lines, shorten

QUESTIONS = "questions.jsonl"
FILES = "files"
_DOCUMENT = ("doc_id", "document", "source", "file")


def read_questions(path: Path) -> Dataset:
    """Read a file of questions, or a folder with one and a `corpus.jsonl` or `files/` beside it.

    Raises:
        DatasetError: a file is broken, or a question expects a document that is not there.
    """
    if path.is_file():
        return Dataset(path.stem, path, "questions", _read(path, known=None))
    records = read_corpus(path / CORPUS) if (path / CORPUS).exists() else None
    files = path / FILES
    return Dataset(
        path.name,
        path,
        "questions",
        _read(path / QUESTIONS, known=None if records is None else {one.id for one in records}),
        records,
        files if records is None and files.is_dir() else None,
    )


def _read(path: Path, *, known: set[str] | None) -> list[Question]:
    ids = Ids("question")
    questions = [_question(line, ids) for line in read_lines(path)]
    for question in questions:
        missing = next((one for one in question.documents if known and one not in known), None)
        if missing is not None:
            raise DatasetError(
                f"{question.place}: no document {missing!r} in {path.parent / CORPUS}"
            )
    return questions


def _question(line: Line, ids: Ids) -> Question:
    has_id = line.values.get("id") is not None or line.values.get("_id") is not None
    number = line.place.rpartition(":")[2]
    answerable = line.values.get("answerable", True)
    if not isinstance(answerable, bool):
        raise line.fail(f"'answerable' must be true or false, not {shorten(answerable)}")
    name = ids.add(line, "id", "_id") if has_id else f"line {number}"
    text = line.need("question", "query", "text")
    answers = tuple(_texts(line, line.values.get("answers", line.values.get("answer"))))
    if not answerable:
        return Question(name, text, line.place, answers=answers, answerable=False)
    documents, passages = _read_expected(line)
    if not documents and not passages and answers:
        passages = [ExpectedPassage(None, answers)]
    return Question(name, text, line.place, documents, tuple(passages), answers)


def _read_expected(line: Line) -> tuple[dict[str, int], list[ExpectedPassage]]:
    """The documents with their grades, and the passages."""
    documents = _read_documents(line)
    passages: list[ExpectedPassage] = []
    for item in chain(_items(line, "evidence"), _items(line, "passages")):
        passage = _passage(line, item)
        if passage.document is not None:
            documents.setdefault(passage.document, 1)
        if passage.texts or passage.start is not None:
            passages.append(passage)
    return documents, join_passages(passages)


def _read_documents(line: Line) -> dict[str, int]:
    given = line.values.get("documents")
    if not isinstance(given, dict):
        return dict.fromkeys(_texts(line, given), 1)
    grades: dict[str, int] = {}
    for document, grade in given.items():
        if not isinstance(grade, int) or isinstance(grade, bool):
            raise line.fail(f"the grade of {document!r} must be a number, not {shorten(grade)}")
        if grade > 0:
            grades[str(document)] = grade
    return grades


def _items(line: Line, name: str) -> Sequence[object]:
    given = line.values.get(name)
    if given is None:
        return ()
    if not isinstance(given, list):
        raise line.fail(f"{name!r} must be a list, not {shorten(given)}")
    return given


def _passage(line: Line, item: object) -> ExpectedPassage:
    if isinstance(item, str):
        return ExpectedPassage(None, (item,))
    if not isinstance(item, dict):
        raise line.fail(f"expected a passage as a text or an object, not {shorten(item)}")
    part = Line(line.place, item)
    text = part.text("text", "quote")
    document = part.text(*_DOCUMENT)
    span = _span(part)
    if document is None and span is not None:
        raise line.fail("'start' and 'end' need 'doc_id', the document that they count in")
    return ExpectedPassage(document, (text,) if text else (), *(span or (None, None)))


def _span(part: Line) -> tuple[int, int] | None:
    start, end = _offset(part, "start"), _offset(part, "end")
    if start is None and end is None:
        return None
    if start is None or end is None or start >= end:
        raise part.fail(
            f"'start' and 'end' must be two offsets in order, not {start!r} and {end!r}"
        )
    return start, end


def _offset(part: Line, name: str) -> int | None:
    value = part.values.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise part.fail(f"{name!r} must be a whole number from 0, not {shorten(value)}")


def _texts(line: Line, given: object) -> Iterator[str]:
    for text in given if isinstance(given, list) else [given]:
        if text is None:
            continue
        if not isinstance(text, str):
            raise line.fail(f"expected a text, not {shorten(text)}")
        if text.strip():
            yield text


def join_passages(passages: Sequence[ExpectedPassage]) -> list[ExpectedPassage]:
    """Make those of one that overlap: they are other ways to cut the same answer."""
    joined: list[ExpectedPassage] = []
    for passage in sorted(passages, key=lambda one: (one.document or "", one.start or 0)):
        last = joined[-1] if joined else None
        if last is not None and _overlap(last, passage):
            joined[-1] = ExpectedPassage(
                last.document,
                tuple(dict.fromkeys(last.texts + passage.texts)),
                last.start,
                max(last.end or 0, passage.end or 0),
            )
        else:
            joined.append(passage)
    return joined


def _overlap(one: ExpectedPassage, other: ExpectedPassage) -> bool:
    if one.document != other.document or one.end is None or other.start is None:
        return False
    return other.start < one.end
