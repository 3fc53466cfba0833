from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.evaluate.dataset import Dataset, ExpectedPassage, Question, Record
from ingest.evaluate.errors import DatasetError
from ingest.evaluate.evaluation import Ingested
from ingest.evaluate.filling import fill
from ingest.evaluate.subject import find_subject
from ingest.report import Tally
from ingest.stored import each_document
from rag_core.catalog import collections, documents
from rag_core.errors import CollectionNotFoundError
from rag_core.index import Index
from tests.ingest.evaluate_support import RIVERS


def dataset(
    name: str, records: dict[str, str] | None = None, folder: Path | None = None
) -> Dataset:
    texts = RIVERS if records is None else records
    made = [Record(one, f"The {one}", text) for one, text in texts.items()]
    return Dataset(name, Path("/d"), "beir", [], None if folder else made, folder)


async def run(index: Index, wanted: Dataset, tmp_path: Path) -> Ingested:
    def hear_nothing(tally: Tally) -> None:
        del tally

    return await fill(index, wanted, home=tmp_path, progress=hear_nothing, stop=asyncio.Event())


async def texts_of(index: Index, name: str) -> dict[str, str]:
    stored = await collections.get_collection(index.catalog, name)
    found = [one async for one in each_document(index.catalog, stored)]
    return {one.source: (await documents.get_document(index.catalog, one.id))[1] for one in found}


async def test_records_become_documents_character_by_character(
    index: Index, tmp_path: Path
) -> None:
    odd = {
        "a": "  # No heading *here*\r\n\ttab\x07 ",
        "b/../c": "é\u0301 \U0001d4b3",
        "http://x/y": "z",
    }

    done = await run(index, dataset("odd", odd), tmp_path)

    assert (done.added, done.failed) == (3, 0)
    assert await texts_of(index, "eval-odd") == odd


async def test_what_has_not_changed_is_not_embedded_again(index: Index, tmp_path: Path) -> None:
    await run(index, dataset("same"), tmp_path)

    again = await run(index, dataset("same"), tmp_path)

    assert (again.unchanged, again.embedded, again.removed) == (3, 0, 0)


async def test_what_changed_is_replaced_and_what_is_gone_removed(
    index: Index, tmp_path: Path
) -> None:
    await run(index, dataset("moving"), tmp_path)
    now = {"rhine": "It is another river now.", "danube": RIVERS["danube"]}

    done = await run(index, dataset("moving", now), tmp_path)

    assert (done.updated, done.unchanged, done.removed) == (1, 1, 1)
    assert await texts_of(index, "eval-moving") == now


async def test_a_record_without_text_is_passed_over(index: Index, tmp_path: Path) -> None:
    wanted = dataset("empty", {"a": "words", "b": " \n"})

    done = await run(index, wanted, tmp_path)

    assert (done.added, done.failed) == (1, 0)
    subject = await find_subject(index, wanted, collection=None, ingested=done)
    assert subject.documents == 1


async def test_files_are_read_by_their_loaders(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "notes.md").write_text("# Notes\n\nSome words.\n")

    done = await run(index, dataset("files", folder=folder), tmp_path / "home")

    assert done.added == 1
    assert list(await texts_of(index, "eval-files")) == [str(folder / "notes.md")]


async def test_a_dataset_of_which_nothing_can_be_read_is_an_error(
    index: Index, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 garbage")

    with pytest.raises(DatasetError, match=r"none of the documents can be ingested: .*bad.pdf"):
        await run(index, dataset("bad", folder=folder), tmp_path / "home")


async def test_what_is_amiss_with_the_questions_is_said(index: Index, tmp_path: Path) -> None:
    where = {"there": ("rhine", 0, 9), "beyond": ("rhine", 0, 999)}
    words = {"held": "ends in the  north sea", "not held": "ends in the Black Sea"}
    expected = {
        **{name: ExpectedPassage(source, (), *span) for name, (source, *span) in where.items()},
        **{name: ExpectedPassage("rhine", (text,)) for name, text in words.items()},
    }
    asked = [Question(name, "Where?", name, {}, (one,)) for name, one in expected.items()]
    wanted = replace(dataset("odd"), questions=[*asked, Question("silent", "Why?", "mine:5")])
    done = await run(index, wanted, tmp_path)

    subject = await find_subject(index, wanted, collection=None, ingested=done)

    silent, lost = subject.doubts
    assert silent.startswith("counted in no figure of the search: 1 question without documents,")
    assert silent.endswith("such as mine:5")
    assert lost.startswith("not there to be found: 2 expected passages that the document does not")
    assert lost.endswith("such as the offsets 0 to 999 of beyond")


async def test_a_collection_that_is_not_there_is_an_error(index: Index) -> None:
    with pytest.raises(CollectionNotFoundError):
        await find_subject(index, dataset("x"), collection="nowhere", ingested=None)


async def test_a_collection_without_documents_is_an_error(index: Index) -> None:
    model = index.embedder
    await collections.ensure_collection(
        index.catalog, "bare", fingerprint=model.fingerprint, dimension=model.dimension
    )

    with pytest.raises(DatasetError, match="holds no documents"):
        await find_subject(index, dataset("x"), collection="bare", ingested=None)
