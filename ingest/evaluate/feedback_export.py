"""The questions of a collection's feedback to a file of JSON lines, for `ingest eval FILE`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import orjson

from ingest.evaluate.feedback import Asked, RatedQuestions, read_feedback
from ingest.report import count
from ingest.screen import Screen
from rag_core.catalog.engine import open_catalog
from rag_core.catalog.feedback import Feedback
from rag_core.errors import InvalidRequestError
from rag_core.settings import Settings


async def export(settings: Settings, screen: Screen, file: Path, *, collection: str | None) -> int:
    """Write the questions, and say what there is to do with them."""
    async with open_catalog(settings.catalog_url) as catalog:
        questions = await read_feedback(
            catalog, settings.collection if collection is None else collection
        )
    await asyncio.to_thread(write_questions, questions, file)
    judged = sum(one.is_judged for one in questions.dataset.questions)
    unanswerable = sum(one.is_unanswerable for one in questions.asked)
    open_ones = len(questions.asked) - judged - unanswerable
    result = {
        "collection": questions.collection,
        "file": str(file),
        "questions": len(questions.asked),
        "judged": judged,
        "unanswerable": unanswerable,
        "up": questions.rated.up,
        "down": questions.rated.down,
        "left_out": questions.rated.left_out,
    }
    screen.show(result, _tell(questions.collection, file, judged, unanswerable, open_ones))
    return 0


def _tell(
    collection: str, file: Path, judged: int, unanswerable: int, open_ones: int
) -> Iterator[str]:
    yield f"{collection}: {count(judged + unanswerable + open_ones, 'question')} to {file}"
    yield f"{judged} say what should be found, {unanswerable} that nothing should"
    if open_ones:
        yield f"{open_ones} rated down: what should be found is for you to fill in (`documents`)"


def write_questions(questions: RatedQuestions, file: Path) -> None:
    """Write a line for each question; a file that is there stays, for somebody may have edited it.

    Raises:
        InvalidRequestError: the file is there, or cannot be written.
    """
    try:
        with file.open("xb") as opened:
            opened.writelines(_write_lines(questions))
    except FileExistsError as error:
        raise InvalidRequestError(f"{str(file)!r} is there already: name another file") from error
    except OSError as error:
        raise InvalidRequestError(f"cannot write {str(file)!r}: {error.strerror}") from error


def _write_lines(questions: RatedQuestions) -> Iterator[bytes]:
    for asked in questions.asked:
        yield orjson.dumps(_describe(asked)) + b"\n"


def _describe(asked: Asked) -> dict[str, object]:
    line: dict[str, object] = {"id": asked.id, "question": asked.text}
    if asked.is_unanswerable:
        line["answerable"] = False
    if asked.passages:
        line["evidence"] = [
            {"doc_id": one.document, "start": one.start, "end": one.end, "text": one.texts[0]}
            for one in dict.fromkeys(asked.passages)
        ]
    # No key of a question: `ingest eval` passes it over, people read it.
    line["feedback"] = list(map(_describe_feedback, asked.feedback))
    return line


def _describe_feedback(feedback: Feedback) -> dict[str, object]:
    thumb, answer = feedback.thumb, feedback.answer
    return {
        "rating": thumb.rating,
        "comment": thumb.comment,
        "user": thumb.rated_by,
        "rated_at": feedback.changed_at,
        "question": answer.question,
        "answer": answer.text,
        "outcome": answer.outcome,
        "model": answer.model,
        "verified": answer.verified,
    }
