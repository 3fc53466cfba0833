from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.parsed import Accepted, Cut, put_together
from rag_core.documents import Document
from rag_core.errors import UnreadableDocumentError

DOCUMENT = Document("s", "T", "One. Two.", "application/pdf", "plain", (0, 5))
ACCEPTED = Accepted(
    DOCUMENT, (Cut(0, 4, 2, 1, ()), Cut(5, 9, 2, 2, ("Two",))), content_hash="0f" * 32, size_bytes=9
)


def test_the_texts_of_the_chunks_are_slices_of_the_document() -> None:
    parsed = put_together(ACCEPTED, source="s", seconds=0.5)

    assert [chunk.text for chunk in parsed.chunks] == ["One.", "Two."]
    assert (parsed.content_hash, parsed.seconds) == (b"\x0f" * 32, 0.5)


def test_no_file_can_pass_for_another() -> None:
    assert put_together(ACCEPTED, source="/docs/mine.pdf").document.source == "/docs/mine.pdf"


def test_a_language_that_nobody_knows_is_none() -> None:
    claimed = [replace(DOCUMENT, language=one) for one in ("de", "xx", "d" * 100_000, "\0")]
    parsed = [put_together(replace(ACCEPTED, document=one), source="s") for one in claimed]

    assert [one.document.language for one in parsed] == ["de", "", "", ""]


@pytest.mark.parametrize(
    "cut",
    [
        Cut(-1, 4, 2, 1, ()),
        Cut(4, 4, 2, 1, ()),
        Cut(0, 10, 2, 1, ()),
        Cut(0, 4, -1, 1, ()),
        Cut(0, 4, 1 << 70, 1, ()),
        Cut(0, 4, 2, 3, ()),
        Cut(0, 4, 2, 0, ()),
    ],
)
def test_a_chunk_that_is_no_part_of_the_text_is_refused(cut: Cut) -> None:
    with pytest.raises(UnreadableDocumentError, match="not in the text"):
        put_together(replace(ACCEPTED, cuts=(cut,)), source="s")


@pytest.mark.parametrize("starts", [(5, 0), (0, 10), (-1,)])
def test_pages_that_do_not_fit_the_text_are_refused(starts: tuple[int, ...]) -> None:
    document = replace(DOCUMENT, page_starts=starts)

    with pytest.raises(UnreadableDocumentError, match="not in the text"):
        put_together(replace(ACCEPTED, document=document, cuts=ACCEPTED.cuts[:1]), source="s")


@pytest.mark.parametrize(
    "accepted",
    [
        replace(ACCEPTED, content_hash="zz" * 32),
        replace(ACCEPTED, content_hash="0f"),
        replace(ACCEPTED, size_bytes=-1),
        replace(ACCEPTED, size_bytes=1 << 70),
        replace(ACCEPTED, cuts=()),
    ],
)
def test_an_answer_that_no_database_takes_is_refused(accepted: Accepted) -> None:
    with pytest.raises(UnreadableDocumentError, match="garbage"):
        put_together(accepted, source="s")


def test_titles_and_warnings_have_an_end() -> None:
    document = replace(DOCUMENT, title="T" * 9_999, warnings=("w" * 9_999,) * 99)

    bounded = put_together(replace(ACCEPTED, document=document), source="s").document

    assert len(bounded.title) == 1_000
    assert [len(text) for text in bounded.warnings] == [500] * 50
