"""Questions of a dataset to what is amiss with them, in sentences for whoever wrote it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ingest.evaluate.dataset import ExpectedPassage, Layout, Question
from ingest.evaluate.json_lines import shorten
from ingest.evaluate.judging import plain
from ingest.evaluate.placing import read_text
from ingest.report import count
from rag_core.catalog.engine import Catalog

_EXPECTED = "documents, evidence, passages, answers or `answerable: false`"


async def find_doubts(
    catalog: Catalog, questions: Sequence[Question], ids: Mapping[str, str], *, layout: Layout
) -> tuple[str, ...]:
    """Say which questions measure nothing, and which expect what no document holds.

    `ids` are of the documents, by the sources that the questions name.
    """
    if layout == "feedback":
        return ()  # what readers merely disliked expects nothing
    doubts = list(_tell_silent(questions))
    wanted: dict[str, list[tuple[Question, ExpectedPassage]]] = defaultdict(list)
    for question in questions:
        for passage in question.passages:
            if passage.document is not None and passage.document in ids:
                wanted[passage.document].append((question, passage))
    lost: list[tuple[Question, ExpectedPassage]] = []
    for source, expected in wanted.items():
        text = await read_text(catalog, ids[source])
        words = plain(text)
        lost += [one for one in expected if not _stands(one[1], text, words)]
    return (*doubts, *_tell_lost(lost))


def _tell_silent(questions: Sequence[Question]) -> Iterator[str]:
    silent = [one for one in questions if one.answerable and not one.is_judged]
    if silent:
        yield (
            f"counted in no figure of the search: {count(len(silent), 'question')} without "
            f"{_EXPECTED}, such as {silent[0].place}"
        )


def _stands(wanted: ExpectedPassage, text: str, words: str) -> bool:
    """Whether a document has such a place; a search can find no other."""
    if wanted.end is not None:
        return wanted.end <= len(text)
    return any(plain(one) in words for one in wanted.texts)


def _tell_lost(lost: Sequence[tuple[Question, ExpectedPassage]]) -> Iterator[str]:
    if not lost:
        return
    question, passage = lost[0]
    where = f"the offsets {passage.start} to {passage.end}"
    what = where if passage.end is not None else shorten(passage.texts[0])
    yield (
        f"not there to be found: {count(len(lost), 'expected passage')} that the document does not "
        f"hold, such as {what} of {question.place}"
    )
