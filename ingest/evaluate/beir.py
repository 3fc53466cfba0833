"""A folder in BEIR's layout to a Dataset: corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.evaluate.dataset import Dataset, Question, Record
from ingest.evaluate.errors import DatasetError
from ingest.evaluate.json_lines import Ids, Line, read_lines, read_numbered, shorten

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"
_COLUMNS = 3
_HEADER = ("query-id", "corpus-id", "score")


@dataclass(frozen=True, slots=True)
class _Judgement:
    """A line of qrels."""

    place: str
    query: str
    document: str
    grade: int

    def fail(self, what: str) -> DatasetError:
        return DatasetError(f"{self.place}: {what}")


def read_beir(folder: Path, *, split: str) -> Dataset:
    """Read the questions that a split judges, and the corpus when there is one.

    Raises:
        DatasetError: a file is missing or broken, or judges what is not there.
    """
    records = read_corpus(folder / CORPUS) if (folder / CORPUS).exists() else None
    known = None if records is None else {record.id for record in records}
    lines = _read_queries(folder / QUERIES)
    judged: dict[str, dict[str, int]] = defaultdict(dict)
    for judgement in _read_qrels(_find_qrels(folder, split)):
        _check(judgement, folder, lines, known)
        if judgement.document in judged[judgement.query]:
            raise judgement.fail("query and document are in another line, too")
        judged[judgement.query][judgement.document] = judgement.grade
    questions = [_question(lines[one], one, grades) for one, grades in judged.items()]
    return Dataset(folder.name, folder, "beir", questions, records)


def _check(
    judgement: _Judgement, folder: Path, queries: Container[str], known: Container[str] | None
) -> None:
    if judgement.query not in queries:
        raise judgement.fail(f"no query {judgement.query!r} in {folder / QUERIES}")
    if known is not None and judgement.document not in known:
        raise judgement.fail(f"no document {judgement.document!r} in {folder / CORPUS}")


def read_corpus(path: Path) -> list[Record]:
    """Read the documents of a corpus.

    Raises:
        DatasetError: it cannot be read, is broken, or holds an id twice.
    """
    ids, records = Ids("document"), []
    for line in read_lines(path):
        document = ids.add(line, "_id", "id")
        records.append(Record(document, line.text("title") or "", line.text("text") or ""))
    if not records:
        raise DatasetError(f"{path}: it holds no documents")
    return records


def _read_queries(path: Path) -> dict[str, Line]:
    ids = Ids("query")
    return {ids.add(line, "_id", "id"): line for line in read_lines(path)}


def _question(line: Line, query: str, grades: Mapping[str, int]) -> Question:
    relevant = {document: grade for document, grade in grades.items() if grade > 0}
    return Question(query, line.need("text"), line.place, relevant)


def _find_qrels(folder: Path, split: str) -> Path:
    path = folder / "qrels" / f"{split}.tsv"
    if not path.is_file():
        there = ", ".join(sorted(one.stem for one in path.parent.glob("*.tsv")))
        hint = f"there are the splits {there} (--split)" if there else "there is none"
        raise DatasetError(f"no file {str(path)!r}: {hint}")
    return path


def _read_qrels(path: Path) -> Iterator[_Judgement]:
    for position, (place, content) in enumerate(read_numbered(path)):
        cells = content.decode("utf-8", "replace").split("\t")
        if position == 0 and tuple(cells) == _HEADER:
            continue
        if len(cells) != _COLUMNS:
            raise DatasetError(
                f"{place}: must be query-id, corpus-id and score with tabs between, not "
                f"{shorten(content.decode('utf-8', 'replace'))}"
            )
        yield _Judgement(place, cells[0], cells[1], _read_grade(place, cells[2]))


def _read_grade(place: str, cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise DatasetError(f"{place}: the score must be a whole number, not {cell!r}") from None
