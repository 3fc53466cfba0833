from __future__ import annotations

from ingest.recut import recut
from rag_core.catalog.audit import StoredDocument
from rag_core.documents import DEFAULT_SPLITTING
from rag_core.tokens import open_counter
from tests.texts import TEXTS


def stored(text: str, language: str = "") -> StoredDocument:
    return StoredDocument(
        "1", "/a", "A", "text/plain", b"", 1, {}, 1, 1, language, text, (), "plain", ()
    )


async def test_a_document_of_before_gets_its_language() -> None:
    batch = [stored(TEXTS["de"]), stored(TEXTS["de"], "nl"), stored("")]

    cut = await recut(
        batch, ["1", "2", "3"], counter=open_counter("estimate"), splitting=DEFAULT_SPLITTING
    )

    assert [one.document.language for one in cut] == ["de", "nl", ""]
