from __future__ import annotations

import pytest

from ingest.cutting import check_splitting, default_splitting, ensure_cut
from ingest.splitting import NO_WISH, Wish
from rag_core.catalog.engine import Catalog
from rag_core.documents import Splitting
from rag_core.errors import FingerprintMismatchError, InvalidRequestError, SplittingMismatchError
from tests.fakes import WordEmbedder


class ShortEmbedder(WordEmbedder):
    """Reads no more than 128 tokens."""

    max_tokens = 128


async def test_a_new_collection_is_cut_as_asked_and_later_ingests_need_not_ask(
    catalog: Catalog,
) -> None:
    made = await ensure_cut(catalog, WordEmbedder(), "notes", Wish(128, 16, "pages"))

    assert made.splitting == Splitting(128, 16, "pages")
    assert await ensure_cut(catalog, WordEmbedder(), "notes", NO_WISH) == made
    assert await ensure_cut(catalog, WordEmbedder(), "notes", Wish(overlap_tokens=16)) == made


async def test_asking_for_another_splitting_names_both_and_the_command(catalog: Catalog) -> None:
    await ensure_cut(catalog, WordEmbedder(), "my notes", NO_WISH)

    with pytest.raises(SplittingMismatchError) as caught:
        await ensure_cut(catalog, WordEmbedder(), "my notes", Wish(128))

    assert "chunks of 256 tokens, overlap 0, by structure, not '--chunk-tokens 128'" in str(
        caught.value
    )
    assert "ingest reindex --collection 'my notes' --chunk-tokens 128" in str(caught.value)


async def test_another_model_is_refused_with_the_way_out(catalog: Catalog) -> None:
    await ensure_cut(catalog, WordEmbedder(), "notes", NO_WISH)
    other = WordEmbedder()
    other.fingerprint = "other/model"

    with pytest.raises(FingerprintMismatchError, match="ingest reindex --collection notes"):
        await ensure_cut(catalog, other, "notes", NO_WISH)


@pytest.mark.parametrize(
    ("splitting", "fault"),
    [
        (Splitting(7), "--chunk-tokens 7: it must be 8 to 128"),
        (Splitting(129), "the longest text that 'fake/words/64' reads"),
        (Splitting(100, 50), "--overlap 50: it must be 0 or more, and less than half of the 100"),
        (Splitting(100, -1), "--overlap -1"),
    ],
)
async def test_what_cannot_be_is_refused_and_makes_no_collection(
    catalog: Catalog, splitting: Splitting, fault: str
) -> None:
    wish = Wish(splitting.chunk_tokens, splitting.overlap_tokens)

    with pytest.raises(InvalidRequestError, match=fault):
        await ensure_cut(catalog, ShortEmbedder(), "notes", wish)

    made = await ensure_cut(catalog, ShortEmbedder(), "notes", NO_WISH)
    assert made.splitting == Splitting(128)


def test_the_default_is_what_ranked_best_or_the_most_that_the_model_reads() -> None:
    assert default_splitting(WordEmbedder()) == Splitting(256)
    assert default_splitting(ShortEmbedder()) == Splitting(128)
    check_splitting(Splitting(8, 3), WordEmbedder())
