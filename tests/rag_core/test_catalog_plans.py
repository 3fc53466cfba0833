"""At 100,000 chunks a wrong index is a hundred times slower, and nothing else would tell."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from rag_core.catalog import changes, chunks, documents
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog, open_catalog
from tests.rag_core.catalog_support import make_collection, publish_texts, stage_texts


@pytest.fixture
async def filled(tmp_path: Path) -> AsyncIterator[tuple[Catalog, Collection, str]]:
    async with open_catalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}") as catalog:
        collection = await make_collection(catalog)
        (made,) = await publish_texts(catalog, collection, a="one")
        yield catalog, collection, made


@contextmanager
def explained(catalog: Catalog) -> Iterator[list[str]]:
    """Collect how SQLite goes about what is executed, a line a step."""
    plans: list[str] = []
    raw = sqlite3.connect(catalog.url.removeprefix("sqlite:///"), check_same_thread=False)

    def explain(
        _: object, __: object, statement: str, parameters: Sequence[str], *___: object
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            plans.extend(
                row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            )

    assert catalog._fast is not None
    for engine in (catalog._fast.engine, catalog._reader.sync_engine, catalog._writer.sync_engine):
        event.listen(engine, "before_cursor_execute", explain)
    yield plans
    raw.close()


def _assert_looked_up(plans: list[str]) -> None:
    assert plans
    # Feedback is read whole when a document is removed: decision 22 says why, and what it takes.
    known = ("json_each", "feedback")
    assert not [
        step for step in plans if step.startswith("SCAN") and not any(one in step for one in known)
    ]
    assert not [step for step in plans if "documents_by_state" in step]


async def test_chunks_are_looked_up_by_id(filled: tuple[Catalog, Collection, str]) -> None:
    catalog, collection, made = filled

    with explained(catalog) as plans:
        await chunks.find_vectors(catalog, collection, [f"{made}-0"])
        await chunks.load_passage_rows(catalog, [f"{made}-0"])

    _assert_looked_up(plans)


async def test_the_chunks_of_documents_are_looked_up(
    filled: tuple[Catalog, Collection, str],
) -> None:
    catalog, collection, made = filled

    with explained(catalog) as plans:
        assert [batch async for batch in chunks.chunk_vectors(catalog, collection, [made])]
        assert [batch async for batch in changes.document_chunks(catalog, [made])]

    _assert_looked_up(plans)


async def test_documents_are_looked_up_by_id_and_source(
    filled: tuple[Catalog, Collection, str],
) -> None:
    catalog, collection, made = filled

    with explained(catalog) as plans:
        await documents.get_document(catalog, made)
        await documents.find_live(catalog, collection, ["a"])
        await documents.list_documents(catalog, collection, limit=1, after="a")

    _assert_looked_up(plans)


async def test_changes_of_state_look_their_documents_up(
    filled: tuple[Catalog, Collection, str],
) -> None:
    catalog, collection, _ = filled
    staged = await stage_texts(catalog, collection, a="two")

    with explained(catalog) as plans:
        await documents.publish_documents(catalog, collection, staged)
        await documents.remove_documents(catalog, collection, staged)
        await documents.delete_dead(catalog, staged)

    _assert_looked_up(plans)
